"""A metric as a sum over rows: its value, and by how much each row moves it.

A metric's value differs from its truth by about the mean of these influences, so their spread gives
its standard error, and that of blocks of them gives it where rows close in time are correlated.
Exact for metrics that are means over rows; for AUC and RMSE by the delta method.

Source: Hampel (1974), JASA 69:383; for AUC DeLong, DeLong, Clarke-Pearson (1988).
"""

from typing import NamedTuple

import numpy as np

from evergreen.metrics.columns import TABLE
from evergreen.metrics.delong import MIN_PER_CLASS, BoolArray, FloatArray, placements
from evergreen.spec.model import MetricName

CUTOFF = 0.5
CLIP = 1e-15


class Linear(NamedTuple):
    """Value of a metric and the influence of each row, shape (n,), of mean 0."""

    value: float
    influence: FloatArray


def linearise(metric: MetricName, truth: FloatArray, score: FloatArray) -> Linear:
    """Return the value of ``metric`` and the influence of each row on it.

    Args:
        metric: Any but macro F1, which is resampled.
        truth: Labels, shape (n,), at least one row; both classes for AUC.
        score: As the metric takes it, finite, shape (n,), or (n, K) for K classes.
    """
    if metric == "auc":
        return _auc(truth == 1, score)
    if metric == "rmse":
        return _rmse(truth, score)
    rows = _per_row(metric, truth, score)
    value = float(rows.mean())
    return Linear(value, rows - value)


def chosen_class(score: FloatArray) -> FloatArray:
    """Return the most probable class: 1 from 0.5 on, or the largest column's."""
    if score.ndim == TABLE:
        return np.asarray(score.argmax(axis=1), dtype=np.float64)
    return np.asarray(score >= CUTOFF, dtype=np.float64)


def error_of_rows(metric: MetricName, truth: FloatArray, influence: FloatArray) -> float | None:
    """Return one standard error of a mean influence over independent rows.

    Args:
        metric: For AUC the classes are taken as samples of their own, as DeLong does.
        truth: Labels, shape (n,).
        influence: Of each row, or the difference of two models', shape (n,).

    Returns:
        The error; None below two rows, for AUC below two of each class.
    """
    groups = [truth == 1, truth != 1] if metric == "auc" else [np.ones(truth.size, dtype=bool)]
    variance = 0.0
    for rows in groups:
        values = influence[rows] / truth.size
        if values.size < MIN_PER_CLASS:
            return None
        variance += float(values.var(ddof=1)) * values.size
    return float(np.sqrt(variance))


def _auc(is_positive: BoolArray, score: FloatArray) -> Linear:
    of_positive, of_negative = placements(is_positive, score)
    value = float(of_positive.mean())
    influence = np.empty(score.size)
    influence[is_positive] = (of_positive - value) * (score.size / of_positive.size)
    influence[~is_positive] = (of_negative - value) * (score.size / of_negative.size)
    return Linear(value, influence)


def _rmse(truth: FloatArray, score: FloatArray) -> Linear:
    squared = (truth - score) ** 2
    mean = float(squared.mean())
    value = float(np.sqrt(mean))
    return Linear(value, (squared - mean) / (2 * value) if value > 0 else np.zeros(truth.size))


def _per_row(metric: MetricName, truth: FloatArray, score: FloatArray) -> FloatArray:
    """Return each row's part in a metric that is a mean over rows, shape (n,)."""
    match metric:
        case "accuracy":
            return np.asarray(chosen_class(score) == truth, dtype=np.float64)
        case "log_loss":
            return np.asarray(-np.log(np.clip(_of_truth(truth, score), CLIP, 1.0 - CLIP)))
        case "brier":
            return (truth - score) ** 2
        case "mae":
            return abs(truth - score)
        case _:
            raise ValueError(f"{metric} is not a mean over rows; expected a metric that is one")


def _of_truth(truth: FloatArray, score: FloatArray) -> FloatArray:
    """Return the probability that each row's own class was given, shape (n,)."""
    if score.ndim == TABLE:
        of_truth: FloatArray = score[np.arange(truth.size), truth.astype(np.intp)]
        return of_truth
    return np.where(truth == 1, score, 1.0 - score)
