"""Deciding whether a batch asks for a retrain."""

from evergreen.policy.deciding import decide
from evergreen.policy.rules import PolicyRules

__all__ = ["PolicyRules", "decide"]
