"""Metrics of a binary classifier, each with its standard error, for decay and for evaluation."""

from evergreen.metrics.estimates import drop, estimate, higher_is_better, paired_gain

__all__ = ["drop", "estimate", "higher_is_better", "paired_gain"]
