"""Measuring the drift of a batch: every feature gets a verdict and a sentence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from evergreen.drift.data_faults import find_faults
from evergreen.drift.limits.limits import BATCHES_PER_YEAR, ColumnLimits, DriftLimits, Sample
from evergreen.drift.profile.count_batches import count_batches
from evergreen.drift.profile.counts import ColumnTally, Statistics
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.measurements import ColumnDrift, DriftMeasurement
from evergreen.metrics.wording import limit, number
from evergreen.spec.deciding import Drift

MAX_NAMED = 5


def measure_drift(
    profile: ReferenceProfile,
    batches: Iterable[pa.RecordBatch],
    rules: Drift,
    *,
    batches_per_year: float = BATCHES_PER_YEAR,
    importance: Mapping[str, float] | None = None,
) -> DriftMeasurement:
    """Measure how far a batch has moved from the champion's reference.

    One pass over ``batches``, nothing kept of them: memory does not grow with the rows. A feature
    has drifted when its PSI, its D or the rise of its null share is over its limit, as
    ``limits.DriftLimits`` finds it at the rows of this batch. Effect size decides: more rows do not
    make a small shift a larger one.

    Args:
        profile: The champion's reference.
        batches: The rows to judge; columns are found by name, others are ignored.
        rules: The budget of false verdicts, smallest effects, limits that replace both, and the
            rows needed on both sides for a verdict.
        batches_per_year: Cadence that the budget is shared out over.
        importance: Weight (at least 0) of each feature in the drifted share; a feature that it does
            not name has none. Without it, or where the rules say so, all count the same.

    Returns:
        One verdict per feature of the profile, in its order.
    """
    tallies, n_rows = count_batches(profile.columns, batches)
    limits = DriftLimits(profile, rules, batches_per_year=batches_per_year)
    weights = _weights(profile, importance if rules.weigh_by_importance else None)
    columns = tuple(
        _judge(tally, profile.n_rows, n_rows, limits, weights.get(tally.column.name))
        for tally in tallies
    )
    share = _weighed_share(columns) if weights else drifted_share(columns)
    return DriftMeasurement(
        columns=columns,
        n_rows=n_rows,
        drifted_share=share,
        sentence=_summary(columns, n_rows, share, is_weighed=bool(weights)),
        moved_share=_moved_share(profile, tallies, n_rows),
        faults=find_faults(tallies) if min(n_rows, profile.n_rows) else (),
    )


def drifted_share(columns: Sequence[ColumnDrift]) -> float | None:
    """Return the share of judged features that drifted, 0..1; not computable counts as drifted.

    None when no feature could be judged for lack of rows.
    """
    judged = [column for column in columns if column.verdict != "insufficient_data"]
    if not judged:
        return None
    return sum(column.verdict != "stable" for column in judged) / len(judged)


def _moved_share(
    profile: ReferenceProfile, tallies: Sequence[ColumnTally], n_rows: int
) -> float | None:
    """Return the share of features that shifted, including normal variation.

    Limits come from random sampling alone, the same for every model: no spread of historic batches,
    no limits of a spec, no weights.
    """
    limits = DriftLimits(profile.model_copy(update={"blocks": None}), Drift())
    return drifted_share([_judge(t, profile.n_rows, n_rows, limits, None) for t in tallies])


def _weights(profile: ReferenceProfile, importance: Mapping[str, float] | None) -> dict[str, float]:
    """Return each feature's part of the importance, of sum 1; nothing where none has any."""
    weights = {
        column.name: max(0.0, (importance or {}).get(column.name, 0.0))
        for column in profile.columns
    }
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0 else {}


def _weighed_share(columns: Sequence[ColumnDrift]) -> float | None:
    judged = [column for column in columns if column.verdict != "insufficient_data"]
    total = sum(column.importance or 0.0 for column in judged)
    if not total:
        return drifted_share(columns)
    drifted = (column.importance or 0.0 for column in judged if column.verdict != "stable")
    return min(1.0, sum(drifted) / total)


def _judge(
    tally: ColumnTally,
    n_reference: int,
    n_rows: int,
    limits: DriftLimits,
    importance: float | None,
) -> ColumnDrift:
    name, min_rows = tally.column.name, limits.rules.min_rows
    if min(n_rows, n_reference) < min_rows:
        whose, n_few = ("", n_rows) if n_rows < min_rows else ("reference ", n_reference)
        facts: dict[str, Any] = {
            "verdict": "insufficient_data",
            "sentence": f"{name}: {n_few} {whose}rows, needs {min_rows} for a verdict",
        }
    elif (statistics := tally.statistics()) is None:
        sentence = f"{name}: drift cannot be computed, {tally.problem}"
        facts = {"verdict": "not_computable", "sentence": sentence}
    else:
        its_limits = limits.of(name, Sample.of(statistics))
        facts = _facts(name, statistics, its_limits, min_rows)
    return ColumnDrift(
        column=name, kind=tally.column.kind, n_rows=n_rows, importance=importance, **facts
    )


def _facts(name: str, found: Statistics, limits: ColumnLimits, min_rows: int) -> dict[str, Any]:
    n_fewest = min(found.n_values, found.n_reference_values)
    ks = found.ks if n_fewest >= min_rows else None
    rise = found.null_share - found.reference_null_share
    values = [("PSI", found.psi, limits.psi.value)]
    if ks is not None:
        values.append(("D", ks, limits.ks.value))
    drift = [*values, ("null share up by", rise, limits.null.value)]
    over = [_beside(*value, "over") for value in drift if value[1] > value[2]]
    parts = over or [_beside(*value, "within") for value in values]
    if found.unseen_share:
        parts.append(f"{number(found.unseen_share)} of the rows hold unseen values")
    if found.ks is not None and ks is None:
        parts.append(f"D left out: {n_fewest} values, needs {min_rows}")
    return {
        "verdict": "drifted" if over else "stable",
        "sentence": f"{name}: {', '.join(parts)}",
        "psi": found.psi,
        "psi_limit": limits.psi.value,
        "ks": ks,
        "ks_limit": None if ks is None else limits.ks.value,
        "null_share": found.null_share,
        "null_limit": limits.null.value,
        "reference_null_share": found.reference_null_share,
        "unseen_share": found.unseen_share,
        "out_of_range_share": found.out_of_range_share,
    }


def _beside(name: str, value: float, its_limit: float, side: str) -> str:
    return f"{name} {number(value, its_limit)} {side} {limit(its_limit)}"


def _summary(
    columns: Sequence[ColumnDrift], n_rows: int, share: float | None, *, is_weighed: bool
) -> str:
    if share is None:
        why = _why(columns[0]) if columns else "the profile holds no feature"
        return f"drift not judged: {why}"
    judged = [column for column in columns if column.verdict != "insufficient_data"]
    named = [column.column for column in judged if column.verdict != "stable"]
    more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    which = f" ({', '.join(named[:MAX_NAMED])}{more})" if named else ""
    counted = f"{len(named)} of {len(judged)} features drifted{which}"
    how = " by importance" if is_weighed else ""
    return f"{counted}: share {number(share)}{how} over {n_rows} rows"


def _why(column: ColumnDrift) -> str:
    return column.sentence.removeprefix(f"{column.column}: ")
