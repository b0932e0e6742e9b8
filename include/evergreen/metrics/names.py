"""Which way each metric is better."""

from typing import assert_never

from evergreen.spec.model import MetricName


def higher_is_better(metric: MetricName) -> bool:
    """Return whether a higher value of ``metric`` is a better model."""
    match metric:
        case "auc" | "accuracy" | "f1_macro":
            return True
        case "log_loss" | "brier" | "rmse" | "mae":
            return False
        case _:
            assert_never(metric)


def drop(metric: MetricName, reference: float, current: float) -> float:
    """Return how much worse ``current`` is than ``reference``; negative when it is better."""
    return reference - current if higher_is_better(metric) else current - reference
