"""Metrics, each with its standard error and its paired difference, for decay and evaluation."""

from evergreen.metrics.estimates import estimate, paired_gain
from evergreen.metrics.names import drop, higher_is_better

__all__ = ["drop", "estimate", "higher_is_better", "paired_gain"]
