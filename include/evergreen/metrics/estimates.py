"""A metric with its standard error, and the paired difference of two models on the same rows.

Accuracy is taken at a score of 0.5 (0.5 itself counts as class 1). Log loss is in nats, scores
clipped to [1e-15, 1 - 1e-15]. Standard errors: DeLong for AUC, binomial for accuracy, sd / sqrt(n)
for log loss. An observed AUC or accuracy of exactly 0 or 1 has standard error 0: there the error is
understated, so callers keep a minimum number of rows.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evergreen.metrics.delong import MIN_PER_CLASS, BoolArray, FloatArray, delong
from evergreen.metrics.names import LABELS, higher_is_better
from evergreen.metrics.wording import number
from evergreen.records import MetricEstimate
from evergreen.spec.model import MetricName

CUTOFF = 0.5
CLIP = 1e-15


def estimate(metric: MetricName, target: ArrayLike, score: ArrayLike) -> MetricEstimate:
    """Estimate ``metric`` and its standard error.

    Total over data: whatever the values are, an estimate comes back. ``value`` is None, beside a
    sentence that says why, for no rows, a missing or infinite value, a target that is not 0 or 1, a
    score outside 0..1 where a probability is needed, and an AUC over one class only. ``se`` alone
    is None where there are too few rows for one.

    Args:
        metric: Which metric.
        target: Labels, 0 or 1, shape (n,).
        score: Predicted probability of class 1, 0..1, shape (n,). AUC takes any finite score.

    Raises:
        ValueError: The two differ in shape, or are not one-dimensional.
    """
    truth, scores = _column("target", target), _column("score", score)
    _same_length(truth, scores)
    n_rows = int(np.shape(target)[0])
    problem = _problem(metric, truth, scores)
    if problem or truth is None or scores is None:
        sentence = f"{LABELS[metric]} cannot be computed: {problem}"
        return MetricEstimate(name=metric, value=None, se=None, n_rows=n_rows, sentence=sentence)
    value, se = _value_and_se(metric, truth == 1, scores)
    return MetricEstimate(
        name=metric,
        value=value,
        se=se,
        n_rows=n_rows,
        sentence=_sentence(metric, value, se, n_rows),
    )


def paired_gain(
    metric: MetricName, target: ArrayLike, champion_score: ArrayLike, challenger_score: ArrayLike
) -> tuple[float | None, float | None]:
    """Give challenger minus champion on the same rows, positive when the challenger is better.

    The standard error is that of the paired difference: both models meet the same rows, so it is
    smaller than the two separate errors suggest.

    Args:
        metric: Which metric.
        target: Labels, 0 or 1, shape (n,).
        champion_score: The champion's probability of class 1, shape (n,).
        challenger_score: The challenger's, shape (n,).

    Returns:
        (gain, standard error), in the metric's unit. Both None where ``estimate`` gives None for
        either model; the error alone None where there are too few rows for one.

    Raises:
        ValueError: The three differ in shape, or are not one-dimensional.
    """
    truth = _column("target", target)
    old, new = (
        _column("champion_score", champion_score),
        _column("challenger_score", challenger_score),
    )
    _same_length(truth, old, new)
    if truth is None or old is None or new is None:
        return None, None
    if _problem(metric, truth, old) or _problem(metric, truth, new):
        return None, None
    is_positive = truth == 1
    if metric == "auc":
        auc = delong(is_positive, np.vstack([old, new]))
        gain = float(auc.values[1] - auc.values[0])
        if auc.covariance is None:
            return gain, None
        variance = auc.covariance[0, 0] + auc.covariance[1, 1] - 2 * auc.covariance[0, 1]
        return gain, float(np.sqrt(max(float(variance), 0.0)))
    sign = 1.0 if higher_is_better(metric) else -1.0
    gains = sign * (_per_row(metric, is_positive, new) - _per_row(metric, is_positive, old))
    return float(gains.mean()), _se_of_mean(gains)


def _value_and_se(
    metric: MetricName, is_positive: BoolArray, score: FloatArray
) -> tuple[float, float | None]:
    if metric == "auc":
        auc = delong(is_positive, score[np.newaxis, :])
        se = None if auc.covariance is None else float(np.sqrt(max(auc.covariance[0, 0], 0.0)))
        return float(auc.values[0]), se
    rows = _per_row(metric, is_positive, score)
    value = float(rows.mean())
    if metric == "accuracy" and rows.size > 1:
        return value, float(np.sqrt(value * (1 - value) / rows.size))
    return value, _se_of_mean(rows)


def _per_row(metric: MetricName, is_positive: BoolArray, score: FloatArray) -> FloatArray:
    """Give each row's part in a metric that is a mean over rows, shape (n,)."""
    if metric == "accuracy":
        return np.asarray((score >= CUTOFF) == is_positive, dtype=np.float64)
    of_truth = np.clip(np.where(is_positive, score, 1.0 - score), CLIP, 1.0 - CLIP)
    losses: FloatArray = -np.log(of_truth)
    return losses


def _se_of_mean(values: FloatArray) -> float | None:
    if values.size < 2:  # noqa: PLR2004 - one row has no spread
        return None
    return float(values.std(ddof=1) / np.sqrt(values.size))


def _column(name: str, values: ArrayLike) -> FloatArray | None:
    """Read ``values`` as floats; None where they are not numbers (a missing one becomes NaN)."""
    if np.ndim(values) != 1:
        raise ValueError(f"{name} has {np.ndim(values)} dimensions; expected one value per row")
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _same_length(*columns: NDArray[np.float64] | None) -> None:
    lengths = {column.size for column in columns if column is not None}
    if len(lengths) > 1:
        raise ValueError(
            f"target and scores differ in length: {sorted(lengths)}; pass the same rows"
        )


def _problem(metric: MetricName, target: FloatArray | None, score: FloatArray | None) -> str:
    """Say why ``metric`` cannot be computed; empty when it can."""
    if target is None or score is None:
        return f"{'target' if target is None else 'score'} holds values that are not numbers"
    if target.size == 0:
        return "there are no rows"
    for name, column in (("target", target), ("score", score)):
        n_bad = int((~np.isfinite(column)).sum())
        if n_bad:
            return f"{n_bad} of {column.size} rows have a missing or infinite {name}"
    n_odd = int(((target != 0) & (target != 1)).sum())
    if n_odd:
        return f"{n_odd} of {target.size} rows have a target that is neither 0 nor 1"
    return _one_class(target) if metric == "auc" else _no_probability(score)


def _no_probability(score: FloatArray) -> str:
    if score.min() >= 0 and score.max() <= 1:
        return ""
    return f"scores go from {score.min():.4g} to {score.max():.4g}; expected probabilities in 0..1"


def _one_class(target: FloatArray) -> str:
    n_positive = int(target.sum())
    if n_positive in (0, target.size):
        return f"all {target.size} rows are of class {1 if n_positive else 0}"
    return ""


def _sentence(metric: MetricName, value: float, se: float | None, n_rows: int) -> str:
    name = LABELS[metric]
    if se is None:
        need = f"{MIN_PER_CLASS} rows of each class" if metric == "auc" else "2 rows"
        return f"{name} {number(value, decimals=4)} on {n_rows} rows, without error (needs {need})"
    return f"{name} {number(value, decimals=4)} +/- {number(se, decimals=4)} on {n_rows} rows"
