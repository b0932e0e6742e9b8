"""The difference of two models on the same rows, with an error for rows that come in time.

Both models score the same rows, so the error is that of the difference, smaller than the two
separate errors suggest. Rows close in time may be correlated: where event times are given, the
error is the larger one of that over rows and that over 20 blocks in time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from evergreen.metrics.columns import check_lengths, problem_of, read_column, read_score
from evergreen.metrics.delong import MIN_PER_CLASS, FloatArray
from evergreen.metrics.f1 import Counts, macro_f1, resample_blocks, resample_rows
from evergreen.metrics.influence import chosen_class, error_of_rows, linearise
from evergreen.metrics.names import higher_is_better
from evergreen.metrics.resampling import (
    IntArray,
    block_starts,
    error_of_blocks,
    half_width,
    order_of,
)
from evergreen.spec.model import MetricName

SEED = 42
METHODS: dict[MetricName, str] = {
    "auc": "DeLong et al. 1988, form of Sun and Xu 2014",
    "accuracy": "mean of differences per row",
    "log_loss": "mean of differences per row",
    "brier": "mean of differences per row",
    "f1_macro": "paired bootstrap of 1000 resamples, Efron and Tibshirani 1993",
    "rmse": "delta method on squared errors per row",
    "mae": "mean of differences per row",
}


class PairedGain(NamedTuple):
    """Challenger minus champion, turned so that positive is better, in the metric's unit.

    Attributes:
        gain: None where either model has no value; ``problem`` then says why.
        se: One standard error; None where there are too few rows for one.
        low: Lower end of the 95 % interval; None without ``se``.
        high: Its upper end.
        method: How gain and error were computed, with the source; empty without ``gain``.
        problem: Why there is no gain; empty where there is one.
    """

    gain: float | None
    se: float | None
    low: float | None
    high: float | None
    method: str
    problem: str = ""


class _Errors(NamedTuple):
    """Standard errors over rows and over blocks, 0 without blocks, and how many there are."""

    of_rows: float
    of_blocks: float
    n_rows: int
    n_blocks: int


def paired_difference(
    metric: MetricName,
    target: ArrayLike,
    champion_score: ArrayLike,
    challenger_score: ArrayLike,
    *,
    times: ArrayLike | None = None,
) -> PairedGain:
    """Return challenger minus champion on the same rows, with its error and 95 % interval.

    Total over data, as ``estimate`` is. Exchanged models turn the signs and nothing else.

    Args:
        metric: Which metric.
        target: Labels, shape (n,).
        champion_score: The champion's scores, shape (n,), or (n, K) for K classes.
        challenger_score: The challenger's, of the same shape.
        times: Event times, shape (n,), of any type that sorts; None: rows are independent.

    Raises:
        ValueError: The columns differ in length, or have a shape that the metric does not take.
    """
    truth = read_column("target", target)
    old = read_score(metric, "champion_score", champion_score)
    new = read_score(metric, "challenger_score", challenger_score)
    check_lengths(truth, old, new)
    if np.shape(champion_score) != np.shape(challenger_score):
        shapes = f"{np.shape(champion_score)} and {np.shape(challenger_score)}"
        raise ValueError(f"scores of champion and challenger have shapes {shapes}; pass the same")
    order = order_of(times, int(np.shape(target)[0]))
    for who, score in (("challenger", new), ("champion", old)):
        problem = problem_of(metric, truth, score)
        if problem:
            return PairedGain(None, None, None, None, "", f"{who}: {problem}")
    if truth is None or old is None or new is None:
        return PairedGain(None, None, None, None, "", "there are values that are not numbers")
    if order is not None:
        truth, old, new = truth[order], old[order], new[order]
    starts = block_starts(0 if order is None else truth.size)
    if metric == "f1_macro":
        return _resampled(truth, old, new, starts)
    return _linear(metric, truth, old, new, starts)


def _linear(
    metric: MetricName, truth: FloatArray, old: FloatArray, new: FloatArray, starts: IntArray
) -> PairedGain:
    sign = 1.0 if higher_is_better(metric) else -1.0
    before, after = linearise(metric, truth, old), linearise(metric, truth, new)
    gain = sign * (after.value - before.value)
    influence = sign * (after.influence - before.influence)
    of_rows = error_of_rows(metric, truth, influence)
    if of_rows is None:
        return PairedGain(gain, None, None, None, METHODS[metric])
    of_blocks = error_of_blocks(influence, starts) if starts.size else 0.0
    return _with_error(metric, gain, _Errors(of_rows, of_blocks, truth.size, starts.size))


def _resampled(truth: FloatArray, old: FloatArray, new: FloatArray, starts: IntArray) -> PairedGain:
    """Return the difference of macro F1, its error from resamples that both models share."""
    chosen = np.vstack([chosen_class(old), chosen_class(new)]).astype(np.intp)
    counts = Counts(truth.astype(np.intp), chosen, old.shape[1])
    values = macro_f1(counts)
    gain = float(values[1] - values[0])
    if truth.size < MIN_PER_CLASS:
        return PairedGain(gain, None, None, None, METHODS["f1_macro"])
    of_rows, of_blocks = _spread(resample_rows(counts, seed=SEED)), 0.0
    if starts.size:
        spread = _spread(resample_blocks(counts, starts, seed=SEED))
        of_blocks = spread * float(np.sqrt(starts.size / (starts.size - 1)))
    return _with_error("f1_macro", gain, _Errors(of_rows, of_blocks, truth.size, starts.size))


def _spread(resamples: FloatArray) -> float:
    return float((resamples[:, 1] - resamples[:, 0]).std(ddof=1))


def _with_error(metric: MetricName, gain: float, errors: _Errors) -> PairedGain:
    """Take the larger error, and as many independent parts as it was taken over."""
    is_blocks = errors.of_blocks > errors.of_rows
    se = max(errors.of_rows, errors.of_blocks)
    half = half_width(se, errors.n_blocks if is_blocks else errors.n_rows)
    method = f"{METHODS[metric]}{_of_which(errors.n_blocks, is_blocks=is_blocks)}"
    return PairedGain(gain, se, gain - half, gain + half, method)


def _of_which(n_blocks: int, *, is_blocks: bool) -> str:
    """Return over what the error was taken."""
    if not n_blocks:
        return "; rows taken as independent"
    return (
        f"; error over {'blocks' if is_blocks else 'rows'}, the larger one of rows and"
        f" {n_blocks} blocks in time (Carlstein 1986, Kunsch 1989)"
    )
