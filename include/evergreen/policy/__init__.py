"""Deciding whether a batch asks for a retrain."""

from evergreen.policy.thresholds import decide

__all__ = ["decide"]
