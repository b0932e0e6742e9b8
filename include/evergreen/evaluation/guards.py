"""What must not get worse, however large the gain: one result for each guard with a limit.

On all rows the estimate alone decides. A slice fails only beyond its limit and beyond chance, as
there are many slices and few rows in each. What cannot be computed is ``insufficient``, and nothing
passes while a model's scores are missing or not finite.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import get_args

from numpy.typing import ArrayLike

from evergreen.evaluation.costs import check_latency, check_size
from evergreen.evaluation.metric_drop import insufficient, judge_drop
from evergreen.evaluation.scored_rows import Contender, Rows
from evergreen.evaluation.slices import check_slices
from evergreen.metrics.calibration import MIN_ROWS, calibration_error
from evergreen.metrics.wording import limit, number
from evergreen.records import GuardResult
from evergreen.spec.model import METRICS_OF_TASK, MetricName
from evergreen.spec.promoting import Guards

NO_COLUMNS: Mapping[str, ArrayLike] = MappingProxyType({})


def check_guards(
    guards: Guards,
    *,
    metric: MetricName,
    target: ArrayLike,
    challenger: Contender,
    champion: Contender | None,
    columns: Mapping[str, ArrayLike] = NO_COLUMNS,
    times: ArrayLike | None = None,
    older: Rows | None = None,
) -> tuple[GuardResult, ...]:
    """Compare all that the spec guards; a guard without a limit gives no result.

    Total over data. Without a champion there is nothing to be worse than: only the size is looked
    at.

    Args:
        guards: The spec's limits.
        metric: The spec's metric.
        target: Labels of the holdout, shape (n,).
        challenger: What the challenger brought.
        champion: What the champion brought; scores of None where it could not be scored.
        columns: Values of the holdout's features by name, each of shape (n,), for ``slices``; text
            and booleans are taken by value, numbers and moments by range.
        times: Event times, shape (n,); None: rows are taken as independent.
        older: Both models on the older window, for ``forgetting_days``.

    Raises:
        ValueError: Columns differ in length.
    """
    if champion is None:
        return _held(check_size(guards, challenger), challenger)
    rows = Rows(metric, target, champion.scores, challenger.scores, times)
    results = (
        *_other_metrics(guards, rows),
        *check_slices(guards, rows, columns),
        *_calibration(guards, rows),
        *check_latency(guards, champion, challenger, n_rows=rows.n_rows),
        *check_size(guards, challenger),
        *_forgetting(guards, metric, older),
    )
    return _held(results, challenger, champion)


def _held(results: tuple[GuardResult, ...], *contenders: Contender) -> tuple[GuardResult, ...]:
    """Turn passes into ``insufficient`` where a model has not scored every row."""
    if all(contender.has_all_scores for contender in contenders):
        return results
    return tuple(
        one.model_copy(
            update={
                "verdict": "insufficient",
                "sentence": f"{one.sentence}; no pass while scores are missing or not finite",
            }
        )
        if one.verdict == "passed"
        else one
        for one in results
    )


def _other_metrics(guards: Guards, rows: Rows) -> tuple[GuardResult, ...]:
    known: dict[str, MetricName] = {name: name for name in get_args(MetricName)}
    found = []
    for name, at_most in sorted(guards.max_drops.items()):
        guard = f"metric {name}"
        if name in METRICS_OF_TASK[rows.task]:
            other = replace(rows, metric=known[name])
            found.append(judge_drop(guard, other, at_most=at_most))
        else:
            why = f"{name!r} is no metric of a {rows.task} model"
            found.append(insufficient(guard, why, at_most=at_most, n_rows=rows.n_rows))
    return tuple(found)


def _calibration(guards: Guards, rows: Rows) -> tuple[GuardResult, ...]:
    at_most, guard = guards.max_calibration_rise, "calibration"
    if at_most is None or rows.task == "regression":
        return ()
    if rows.champion is None or rows.challenger is None:
        return (insufficient(guard, "a model has no scores", at_most=at_most, n_rows=rows.n_rows),)
    before = calibration_error(rows.target, rows.champion)
    after = calibration_error(rows.target, rows.challenger)
    if before is None or after is None:
        why = f"it needs {MIN_ROWS} rows with a class and probabilities of both models"
        return (insufficient(guard, why, at_most=at_most, n_rows=rows.n_rows),)
    rise = after - before
    return (
        GuardResult(
            guard=guard,
            verdict="failed" if rise > at_most else "passed",
            value=rise,
            limit=at_most,
            n_rows=rows.n_rows,
            sentence=f"expected calibration error {after:.4f} against the champion's {before:.4f}:"
            f" a rise of {number(rise, at_most, decimals=4)}, at most"
            f" {limit(at_most, decimals=4)} allowed, on {rows.n_rows} rows",
        ),
    )


def _forgetting(guards: Guards, metric: MetricName, older: Rows | None) -> tuple[GuardResult, ...]:
    if guards.forgetting_days is None:
        return ()
    at_most, guard = guards.forgetting_max_drop, "forgetting"
    n_rows = 0 if older is None else older.n_rows
    if older is None or n_rows < guards.slice_min_rows:
        days = limit(guards.forgetting_days, decimals=0)
        why = f"{n_rows} labelled rows {days} days before, needs {guards.slice_min_rows}"
        return (insufficient(guard, why, at_most=at_most, n_rows=n_rows),)
    return (judge_drop(guard, replace(older, metric=metric), at_most=at_most),)
