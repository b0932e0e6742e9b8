"""What a model without skill scores, and the unit in which differences of a metric are judged.

AUC, accuracy and F1 lie in 0..1, so a difference of .02 means much the same for every model. For a
loss it depends on the unit of the labels, so a difference is judged relative to the loss of a model
without skill.
"""

from math import log
from typing import assert_never

import numpy as np
from numpy.typing import ArrayLike

from evergreen.metrics.names import higher_is_better
from evergreen.spec.model import MetricName

CHANCE_OF_AUC = 0.5


def chance(metric: MetricName, *, n_classes: int = 2, target: ArrayLike | None = None) -> float:
    """Return what a model without skill scores.

    Of classes: one that gives each the same probability, so accuracy and F1 are 1 / K and log loss
    ln K. Of numbers: one that gives the mean (RMSE) or the median (MAE) of the labels.

    Args:
        metric: Which metric.
        n_classes: K, at least 2.
        target: Labels of a regression, finite, shape (n,), n at least 1; not needed for classes.

    Raises:
        ValueError: It is a metric of a regression, and there are no labels.
    """
    match metric:
        case "auc":
            return CHANCE_OF_AUC
        case "accuracy" | "f1_macro":
            return 1 / n_classes
        case "log_loss":
            return log(n_classes)
        case "brier":
            return 0.25
        case "rmse" | "mae":
            labels = np.asarray([] if target is None else target, dtype=np.float64)
            if not labels.size:
                raise ValueError(f"chance of {metric} depends on the labels, and there are none")
            if metric == "rmse":
                return float(labels.std())
            return float(np.abs(labels - np.median(labels)).mean())
        case _:
            assert_never(metric)


def unit_of(metric: MetricName, at_chance: float) -> float:
    """Return what counts as 1 where a limit was set for an AUC or an accuracy; above 0.

    Chance is half of the way to perfect there, so for a loss it is twice what chance loses.

    Args:
        metric: Which metric.
        at_chance: What a model without skill scores.
    """
    return 1.0 if higher_is_better(metric) or at_chance <= 0 else 2 * at_chance
