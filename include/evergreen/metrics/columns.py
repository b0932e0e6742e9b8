"""Labels and scores as a metric takes them, and what is wrong with them in a sentence."""

import numpy as np
from numpy.typing import ArrayLike

from evergreen.metrics.delong import FloatArray
from evergreen.spec.model import METRICS_OF_TASK, MetricName

SUM_TOLERANCE = 0.01
TABLE = 2
LARGEST = 1e60


def read_column(name: str, values: ArrayLike) -> FloatArray | None:
    """Return values as floats, shape (n,), a missing one as NaN; None where they are not numbers.

    Raises:
        ValueError: They are not one-dimensional.
    """
    if np.ndim(values) != 1:
        raise ValueError(f"{name} has {np.ndim(values)} dimensions; expected one value per row")
    return _floats(values)


def read_score(metric: MetricName, name: str, values: ArrayLike) -> FloatArray | None:
    """Return scores as floats, (n,), or (n, K) for K classes; None where they are not numbers.

    Raises:
        ValueError: The shape does not fit the metric.
    """
    if np.ndim(values) == 1 and metric != "f1_macro":
        return read_column(name, values)
    shape = np.shape(values)
    if metric not in METRICS_OF_TASK["multiclass"]:
        return read_column(name, values)
    if len(shape) != TABLE or shape[1] < TABLE:
        raise ValueError(f"{name} has shape {shape}; expected a column per class, at least 2")
    return _floats(values)


def check_lengths(*columns: FloatArray | None) -> None:
    """Refuse columns of different rows.

    Raises:
        ValueError: Two of them differ in length.
    """
    lengths = {len(column) for column in columns if column is not None}
    if len(lengths) > 1:
        raise ValueError(
            f"target and scores differ in length: {sorted(lengths)}; pass the same rows"
        )


def problem_of(metric: MetricName, target: FloatArray | None, score: FloatArray | None) -> str:
    """Return why ``metric`` cannot be computed; empty when it can."""
    if target is None or score is None:
        return f"{'target' if target is None else 'score'} holds values that are not numbers"
    if target.size == 0:
        return "there are no rows"
    missing = _missing(target, score)
    if missing or metric in METRICS_OF_TASK["regression"]:
        return missing or _too_large(target, score)
    if score.ndim == TABLE:
        return _no_class(target, score.shape[1]) or _no_probabilities(score)
    return _neither(target) or (_one_class(target) if metric == "auc" else _outside(score))


def _missing(target: FloatArray, score: FloatArray) -> str:
    for name, column in (("target", target), ("score", score)):
        n_bad = int((~np.isfinite(column.reshape(target.size, -1)).all(axis=1)).sum())
        if n_bad:
            return f"{n_bad} of {target.size} rows have a missing or infinite {name}"
    return ""


def _too_large(target: FloatArray, score: FloatArray) -> str:
    """Refuse numbers whose squares cannot be summed up."""
    for name, column in (("target", target), ("score", score)):
        n_large = int((abs(column) > LARGEST).sum())
        if n_large:
            return f"{n_large} of {target.size} rows have a {name} beyond {LARGEST:g}"
    return ""


def _neither(target: FloatArray) -> str:
    n_odd = int(((target != 0) & (target != 1)).sum())
    return f"{n_odd} of {target.size} rows have a target that is neither 0 nor 1" if n_odd else ""


def _floats(values: ArrayLike) -> FloatArray | None:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _no_class(target: FloatArray, n_classes: int) -> str:
    n_odd = int((~np.isin(target, np.arange(n_classes))).sum())
    if n_odd == 0:
        return ""
    return f"{n_odd} of {target.size} rows have a target that is not a class of 0..{n_classes - 1}"


def _no_probabilities(score: FloatArray) -> str:
    sums = score.sum(axis=1)
    n_off = int((abs(sums - 1) > SUM_TOLERANCE).sum())
    if n_off and not _outside(score):
        return f"the probabilities of {n_off} of {len(score)} rows do not sum to 1"
    return _outside(score)


def _outside(score: FloatArray) -> str:
    if score.min() >= 0 and score.max() <= 1:
        return ""
    return f"scores go from {score.min():.4g} to {score.max():.4g}; expected probabilities in 0..1"


def _one_class(target: FloatArray) -> str:
    n_positive = int(target.sum())
    if n_positive in (0, target.size):
        return f"all {target.size} rows are of class {1 if n_positive else 0}"
    return ""
