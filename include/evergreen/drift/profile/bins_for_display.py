"""The PSI bins of a feature by name, and how reference and batch fill them: for people to see."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa

from evergreen.drift.profile.count_batches import count_batches
from evergreen.drift.profile.profile import CategoryColumn, ColumnProfile, NumericColumn
from evergreen.errors import DataError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMERIC_ENDS = ("-inf", "+inf", "null")
CATEGORY_ENDS = ("rare values", "other values", "unseen values", "null")
N_DIGITS = 6
LARGEST_WHOLE = 1e12


class FilledBins(NamedTuple):
    """Bins by name, and the share of rows in each, 0..1; empty on both sides is left out."""

    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


def fill_bins(column: ColumnProfile, batches: Iterable[pa.RecordBatch]) -> FilledBins:
    """Count a batch into the bins of one feature, in one pass.

    Args:
        column: The feature in the champion's reference.
        batches: The rows; the column is found by name.

    Raises:
        DataError: The feature cannot be counted; the text says why.
    """
    (tally,), n_rows = count_batches((column,), batches, n_threads=1)
    found = (tally.statistics() or tally.vanished) if n_rows else None
    if found is None:
        why = tally.problem or "the batch has no rows"
        raise DataError(f"{column.name} cannot be shown: {why}")
    return _filled(bin_labels(column), found.reference_psi_counts, found.psi_counts)


def bin_labels(column: ColumnProfile) -> tuple[str, ...]:
    """Name the bins of a feature in the order of ``psi_counts``; none where it has no profile."""
    match column:
        case NumericColumn():
            pairs = pairwise((*column.bins, len(column.cells)))
            return (*(_range(column, first, end - 1) for first, end in pairs), *NUMERIC_ENDS)
        case CategoryColumn():
            return (*column.labels, *CATEGORY_ENDS)
        case _:
            return ()


def _range(column: NumericColumn, first: int, last: int) -> str:
    """Name the cells from ``first`` to ``last``: odd ones are single values of the grid."""
    n_cells = len(column.cells)
    if n_cells == 1:
        return "all values"
    low, high = (first - 1) // 2, last // 2
    if first == 0 and last == n_cells - 1:
        return "all values"
    if first == last and first % 2:
        return _value(column, low)
    if first == 0:
        return f"{'up to' if last % 2 else 'below'} {_value(column, high)}"
    if last == n_cells - 1:
        return f"{'from' if first % 2 else 'above'} {_value(column, low)}"
    return f"{_value(column, low)} to {_value(column, high)}"


def _value(column: NumericColumn, place: int) -> str:
    value = column.grid[place]
    if column.kind != "datetime":
        is_whole = value.is_integer() and abs(value) < LARGEST_WHOLE
        return str(int(value)) if is_whole else f"{value:.{N_DIGITS}g}"
    try:
        return f"{EPOCH + timedelta(microseconds=value):%Y-%m-%d %H:%M}"
    except OverflowError:
        return f"{value:.{N_DIGITS}g} us since 1970"


def _filled(
    labels: tuple[str, ...], reference: tuple[int, ...], current: tuple[int, ...]
) -> FilledBins:
    n_before, n_after = max(1, sum(reference)), max(1, sum(current))
    rows = [
        (label, before / n_before, after / n_after)
        for label, before, after in zip(labels, reference, current, strict=True)
        if before or after
    ]
    return FilledBins(
        labels=tuple(row[0] for row in rows),
        reference=tuple(row[1] for row in rows),
        current=tuple(row[2] for row in rows),
    )
