"""Signs of broken data: changes that a broken pipeline makes and real change does not.

Each sign is abrupt and gross: values gone missing, one value in nearly all rows, values further
away than the reference is wide (a unit changed), two columns that hold each other's values while
nothing else moved. Drift alone is not a sign.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from evergreen.drift.profile.counts import ColumnTally, NumericTally
from evergreen.drift.profile.quantile_cells import FloatArray
from evergreen.metrics.wording import limit, number

MIN_ROWS = 50
MIN_VALUES = 20
MISSING_RISE = 0.35
STUCK_SHARE = 0.95
STUCK_BEFORE = 0.5
FAR_SHARE = 0.25
NEW_SHARE = 0.5
SWAPPED_APART = 0.3
SWAPPED_ALIKE_Z = 1.63  # Kolmogorov's 1 % quantile
SKETCH_ERROR = 0.01


def find_faults(tallies: Sequence[ColumnTally]) -> tuple[str, ...]:
    """Return what looks broken in a batch, one sentence per column or pair; empty when nothing.

    Args:
        tallies: The batch, counted into the cells of its reference.
    """
    alone = [fault for tally in tallies if (fault := _fault_of(tally))]
    numeric = [tally.numeric for tally in tallies if tally.numeric is not None]
    return (*alone, *_swapped([tally for tally in numeric if _is_rich(tally)]))


def _fault_of(tally: ColumnTally) -> str:
    found = tally.statistics() or tally.vanished
    name = tally.column.name
    if found is None or min(found.n_rows, found.n_reference_rows) < MIN_ROWS:
        return ""
    rise = found.null_share - found.reference_null_share
    if rise > MISSING_RISE:
        return _beside(f"{name} is missing in more rows by", rise, MISSING_RISE)
    new = (found.unseen_share or 0.0) - (found.reference_unseen_share or 0.0)
    if new > NEW_SHARE:
        return _beside(f"{name} holds values never seen, share up by", new, NEW_SHARE)
    numeric = tally.numeric
    return _fault_of_numbers(numeric) if numeric is not None and _is_rich(numeric) else ""


def _fault_of_numbers(tally: NumericTally) -> str:
    """Look inside the reference's range for one value, and far outside it for many."""
    name = tally.column.name
    current, reference = tally.counts, tally.column.counts
    share = current.cells[1:-1].max() / current.n_rows
    before = reference.cells[1:-1].max() / reference.n_rows
    if share > STUCK_SHARE and before < STUCK_BEFORE:
        return _beside(f"{name} hardly varies, share of one value", share, STUCK_SHARE)
    far = current.n_far / current.n_rows
    if far > FAR_SHARE:
        return _beside(f"{name} is far outside the reference's range, share", far, FAR_SHARE)
    return ""


def _beside(text: str, value: float, its_limit: float) -> str:
    return f"{text} {number(value, its_limit)} over {limit(its_limit)}"


def _is_rich(tally: NumericTally) -> bool:
    """Return whether the reference held values enough to tell its shape."""
    return tally.column.grid_values.size >= MIN_VALUES and tally.counts.cells.sum() >= MIN_ROWS


def _swapped(tallies: Sequence[NumericTally]) -> list[str]:
    """Return the pairs of columns of which each has left its own shape and taken the other's.

    If columns outside the pairs moved too, the change may be real: then no pair is returned.
    """
    moved = [t for t in tallies if (t.statistics().ks or 0.0) > SWAPPED_APART]
    pairs = [
        (one, other)
        for place, one in enumerate(moved)
        for other in moved[place + 1 :]
        if _is_alike(one, other) and _is_alike(other, one)
    ]
    if {t.column.name for pair in pairs for t in pair} != {t.column.name for t in moved}:
        return []
    return [f"{a.column.name} and {b.column.name} hold each other's values" for a, b in pairs]


def _is_alike(batch: NumericTally, reference: NumericTally) -> bool:
    """Return whether one column's batch could be drawn from another's reference."""
    n_rows, n_reference = batch.counts.cells.sum(), reference.column.counts.cells.sum()
    noise = SWAPPED_ALIKE_Z * sqrt(1 / n_rows + 1 / n_reference)
    return _distance(batch, reference) < noise + SKETCH_ERROR


def _distance(batch: NumericTally, reference: NumericTally) -> float:
    """Return D between one column's batch and another's reference, at the batch column's grid."""
    grid = batch.column.grid_values
    ours = _shares_up_to(batch.counts.cells)
    theirs = np.interp(
        grid,
        reference.column.grid_values,
        _shares_up_to(reference.column.counts.cells),
        left=0.0,
        right=1.0,
    )
    return float(np.abs(ours - theirs).max())


def _shares_up_to(cells: np.ndarray[tuple[int], np.dtype[np.int64]]) -> FloatArray:
    """Return the share of values up to and with each value of the grid, shape (k,)."""
    total = cells.sum()
    return np.asarray(np.cumsum(cells)[1::2] / total, dtype=np.float64)
