"""Measuring the drift of a batch: every feature gets a verdict and a sentence."""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from evergreen.drift.profile import ReferenceProfile
from evergreen.drift.stream import count_batches
from evergreen.drift.tally import ColumnTally, Statistics
from evergreen.metrics.wording import limit, number
from evergreen.records import ColumnDrift, DriftMeasurement
from evergreen.spec.deciding import Drift

MAX_NAMED = 5


def measure_drift(
    profile: ReferenceProfile, batches: Iterable[pa.RecordBatch], rules: Drift
) -> DriftMeasurement:
    """Measure how far a batch has moved from the champion's reference.

    One pass over ``batches``, nothing kept of them: memory does not grow with the rows. A feature
    has drifted when its PSI, its D or the rise of its null share is over the limit. Effect sizes
    only: more rows do not make a small shift a larger one.

    Args:
        profile: The champion's reference.
        batches: The rows to judge; columns are found by name, others are ignored.
        rules: Limits, and the rows needed on both sides for a verdict.

    Returns:
        One verdict per feature of the profile, in its order.
    """
    tallies, n_rows = count_batches(profile.columns, batches)
    columns = tuple(_judge(tally, profile.n_rows, n_rows, rules) for tally in tallies)
    share = drifted_share(columns)
    return DriftMeasurement(
        columns=columns,
        n_rows=n_rows,
        drifted_share=share,
        sentence=_summary(columns, n_rows, share),
    )


def drifted_share(columns: Sequence[ColumnDrift]) -> float | None:
    """Give the share of judged features that drifted, 0..1; not computable counts as drifted.

    None when no feature could be judged for lack of rows.
    """
    judged = [column for column in columns if column.verdict != "insufficient_data"]
    if not judged:
        return None
    return sum(column.verdict != "stable" for column in judged) / len(judged)


def _judge(tally: ColumnTally, n_reference: int, n_rows: int, rules: Drift) -> ColumnDrift:
    name = tally.column.name
    if min(n_rows, n_reference) < rules.min_rows:
        whose, n_few = ("", n_rows) if n_rows < rules.min_rows else ("reference ", n_reference)
        facts: dict[str, Any] = {
            "verdict": "insufficient_data",
            "sentence": f"{name}: {n_few} {whose}rows, needs {rules.min_rows} for a verdict",
        }
    elif (statistics := tally.statistics()) is None:
        sentence = f"{name}: drift cannot be computed, {tally.problem}"
        facts = {"verdict": "not_computable", "sentence": sentence}
    else:
        facts = _facts(name, statistics, rules)
    return ColumnDrift(column=name, kind=tally.column.kind, n_rows=n_rows, **facts)


def _facts(name: str, found: Statistics, rules: Drift) -> dict[str, Any]:
    n_fewest = min(found.n_values, found.n_reference_values)
    ks = found.ks if n_fewest >= rules.min_rows else None
    rise = found.null_share - found.reference_null_share
    psi_limit = rules.psi_limit or rules.min_psi
    ks_limit = rules.ks_limit or rules.min_ks
    values = [("PSI", found.psi, psi_limit)]
    if ks is not None:
        values.append(("D", ks, ks_limit))
    drift = [*values, ("null share up by", rise, rules.null_share_limit or rules.min_null_rise)]
    over = [_beside(*value, "over") for value in drift if value[1] > value[2]]
    parts = over or [_beside(*value, "within") for value in values]
    if found.unseen_share:
        parts.append(f"{number(found.unseen_share)} of the rows hold unseen values")
    if found.ks is not None and ks is None:
        parts.append(f"D left out: {n_fewest} values, needs {rules.min_rows}")
    return {
        "verdict": "drifted" if over else "stable",
        "sentence": f"{name}: {', '.join(parts)}",
        "psi": found.psi,
        "psi_limit": psi_limit,
        "ks": ks,
        "ks_limit": None if ks is None else ks_limit,
        "null_share": found.null_share,
        "reference_null_share": found.reference_null_share,
        "unseen_share": found.unseen_share,
    }


def _beside(name: str, value: float, its_limit: float, side: str) -> str:
    return f"{name} {number(value, its_limit)} {side} {limit(its_limit)}"


def _summary(columns: Sequence[ColumnDrift], n_rows: int, share: float | None) -> str:
    if share is None:
        why = _why(columns[0]) if columns else "the profile holds no feature"
        return f"drift not judged: {why}"
    judged = [column for column in columns if column.verdict != "insufficient_data"]
    named = [column.column for column in judged if column.verdict != "stable"]
    more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    which = f" ({', '.join(named[:MAX_NAMED])}{more})" if named else ""
    counted = f"{len(named)} of {len(judged)} features drifted{which}"
    return f"{counted}: share {number(share)} over {n_rows} rows"


def _why(column: ColumnDrift) -> str:
    return column.sentence.removeprefix(f"{column.column}: ")
