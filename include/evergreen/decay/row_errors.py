"""The error of each row, as change detectors take it: 0 or more, and bounded."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evergreen.spec.model import METRICS_OF_TASK, MetricName

FloatArray = NDArray[np.float64]

CUTOFF = 0.5
TWO = 2
OUTLYING = 0.99


def row_errors(metric: MetricName, target: ArrayLike, prediction: ArrayLike) -> FloatArray:
    """Return the error of each row, shape (n,); NaN where label or prediction is missing.

    Several classes, and accuracy: 1 for a wrong class, 0 for the right one. Other metrics of two
    classes: the squared error of the probability, which is bounded, as the detectors need it, and
    still moves where one class is rare. Regression: the absolute error for MAE, the squared one for
    RMSE, in the unit of the labels; ``error_unit`` bounds it.

    Args:
        metric: The spec's metric.
        target: Labels: 0 or 1, classes, or numbers, shape (n,).
        prediction: Probability of class 1, or the number, shape (n,); or of each class, (n, K).
    """
    truth = np.asarray(target, dtype=np.float64)
    score = np.asarray(prediction, dtype=np.float64)
    if score.ndim == TWO:
        known, wrong = np.isfinite(score).all(axis=1), np.nan_to_num(score).argmax(axis=1) != truth
        return np.where(known & np.isfinite(truth), wrong.astype(np.float64), np.nan)
    known = np.isfinite(truth) & np.isfinite(score)
    if metric in METRICS_OF_TASK["regression"]:
        size = np.abs(np.where(known, truth - score, np.nan))
        return size if metric == "mae" else size**2
    if metric == "accuracy":
        return np.where(known, (score >= CUTOFF) != (truth >= CUTOFF), np.nan).astype(np.float64)
    return np.where(known, (truth - np.clip(score, 0.0, 1.0)) ** 2, np.nan)


def error_unit(metric: MetricName, errors: FloatArray, *, n_newest: int) -> float:
    """Return the size at which an error counts as 1, and larger ones no more.

    1 for classes. For a regression: what 1 % of the rows before the newest batch exceed, or of all
    rows where there are none before; so a detector sees the same whatever the labels' unit.

    Args:
        metric: The spec's metric.
        errors: From ``row_errors``, in order of time, shape (n,).
        n_newest: Rows of the newest batch, at the end.
    """
    if metric not in METRICS_OF_TASK["regression"]:
        return 1.0
    known = errors[np.isfinite(errors)]
    before = errors[: errors.size - n_newest]
    old = before[np.isfinite(before)]
    some = old if old.size else known
    return float(np.quantile(some, OUTLYING)) or 1.0 if some.size else 1.0
