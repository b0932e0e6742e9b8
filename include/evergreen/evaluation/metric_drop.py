"""How much worse the challenger is on some rows, and whether a guard lets it be."""

from statistics import NormalDist

from evergreen.evaluation.scored_rows import Rows, mismatch
from evergreen.metrics.paired import PairedGain, paired_difference
from evergreen.metrics.wording import limit, number
from evergreen.records import GuardResult
from evergreen.spec.metric_labels import METRIC_LABELS

MISSED = 0.05


def insufficient(
    guard: str, why: str, *, at_most: float | None, n_rows: int | None = None
) -> GuardResult:
    """Return the result of a guard that could not be computed."""
    return GuardResult(
        guard=guard,
        verdict="insufficient",
        value=None,
        limit=at_most,
        n_rows=n_rows,
        sentence=f"not computed: {why}",
    )


def judge_drop(
    guard: str, rows: Rows, *, at_most: float, n_tests: int | None = None
) -> GuardResult:
    """Say whether the challenger's metric is worse than the champion's by more than a limit.

    Args:
        guard: What the result is called.
        rows: The rows it is about, and the metric.
        at_most: Largest drop allowed, in the metric's unit.
        n_tests: None: the estimate alone decides. Otherwise a drop beyond the limit fails only
            where it is also no chance: where models of equal quality would show it, on any of this
            many slices, in at most 5 % of comparisons (Bonferroni).
    """
    found = _difference(rows)
    n_rows = rows.n_rows
    if found.gain is None:
        return insufficient(guard, found.problem, at_most=at_most, n_rows=n_rows)
    drop = 0.0 - found.gain
    is_beyond = drop > at_most
    is_chance = n_tests is not None and drop <= _quantile(n_tests) * (found.se or 0.0)
    return GuardResult(
        guard=guard,
        verdict="failed" if is_beyond and not is_chance else "passed",
        value=drop,
        limit=at_most,
        n_rows=n_rows,
        sentence=_sentence(rows, drop, found.se, at_most, is_excused=is_beyond and is_chance),
    )


def _difference(rows: Rows) -> PairedGain:
    missing = [
        who
        for who, scores in (("challenger", rows.challenger), ("champion", rows.champion))
        if scores is None
    ]
    if missing or rows.champion is None or rows.challenger is None:
        return PairedGain(None, None, None, None, "", f"no scores of the {' and '.join(missing)}")
    other = mismatch(rows.champion, rows.challenger)
    if other:
        return PairedGain(None, None, None, None, "", other)
    return paired_difference(
        rows.metric, rows.target, rows.champion, rows.challenger, times=rows.times
    )


def _quantile(n_tests: int) -> float:
    return NormalDist().inv_cdf(1 - MISSED / max(n_tests, 1))


def _sentence(
    rows: Rows, drop: float, se: float | None, at_most: float, *, is_excused: bool
) -> str:
    error = "" if se is None else f" +/- {number(se, decimals=4)}"
    told = (
        f"{METRIC_LABELS[rows.metric]} is {number(drop, at_most, decimals=4)}{error} worse than the"
        f" champion's on {rows.n_rows} rows, at most {limit(at_most, decimals=4)} allowed"
    )
    if drop < 0:
        told = (
            f"{METRIC_LABELS[rows.metric]} is {number(-drop, decimals=4)}{error} better than the"
            f" champion's on {rows.n_rows} rows, {limit(at_most, decimals=4)} worse allowed"
        )
    return f"{told}; beyond the limit, yet within chance" if is_excused else told
