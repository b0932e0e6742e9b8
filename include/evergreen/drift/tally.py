"""Counting a batch, record batch by record batch, into the bins of a reference profile."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from evergreen.drift.categories import count_texts, key_of
from evergreen.drift.cells import count_cells, to_floats
from evergreen.drift.ks import ks_distance
from evergreen.drift.profile import BrokenColumn, CategoryColumn, ColumnProfile, NumericColumn
from evergreen.drift.psi import psi


class Statistics(NamedTuple):
    """What drift is judged by; shares are 0..1 of all rows, ``n_values`` rows hold a value."""

    n_values: int
    n_reference_values: int
    psi: float
    ks: float | None
    null_share: float
    reference_null_share: float
    unseen_share: float | None


class NumericTally:
    """Rows of a numeric feature per cell of its profile; memory does not grow with the rows."""

    def __init__(self, column: NumericColumn) -> None:
        self._column = column
        self._grid = column.grid_values
        self._counts = count_cells(np.empty(0), self._grid)

    def add(self, array: pa.Array) -> None:
        """Count one more array; raises TypeError where it does not hold numbers."""
        self._counts = self._counts.plus(count_cells(to_floats(array), self._grid))

    def statistics(self) -> Statistics:
        """Compare what was counted with the reference; at least one row has been added."""
        reference, current = self._column.counts, self._counts
        before, after = reference.ordered(), current.ordered()
        has_values = before.sum() > 0 and after.sum() > 0
        return Statistics(
            n_values=int(after.sum()),
            n_reference_values=int(before.sum()),
            psi=psi(self._column.psi_counts, current.binned(np.array(self._column.bins))),
            ks=ks_distance(before, after) if has_values else None,
            null_share=current.n_null / int(after.sum() + current.n_null),
            reference_null_share=reference.n_null / int(before.sum() + reference.n_null),
            unseen_share=None,
        )


class CategoryTally:
    """Rows of a categorical feature per value of its profile; new values share one count."""

    def __init__(self, column: CategoryColumn) -> None:
        self._column = column
        self._slots = column.slots
        self._counts = np.zeros(len(column.keys) + 3, dtype=np.int64)

    def add(self, array: pa.Array) -> None:
        """Count one more array; raises TypeError where it does not hold categories."""
        unlisted, null = self._counts.size - 2, self._counts.size - 1
        for text, n_rows in count_texts(array, self._column.kind).items():
            slot = null if text is None else self._slots.get(key_of(text), unlisted)
            self._counts[slot] += n_rows

    def statistics(self) -> Statistics:
        """Compare what was counted with the reference; at least one row has been added.

        The unseen share is None where the reference held more values than its profile remembers:
        a value that is not listed may then be an old one.
        """
        reference = self._column.psi_counts
        before, after = reference / reference.sum(), self._counts / self._counts.sum()
        return Statistics(
            n_values=int(self._counts[:-1].sum()),
            n_reference_values=int(reference[:-1].sum()),
            psi=psi(reference, self._counts),
            ks=None,
            null_share=float(after[-1]),
            reference_null_share=float(before[-1]),
            unseen_share=None if self._column.n_unlisted else float(after[-2]),
        )


class ColumnTally:
    """One feature of a batch; after the first problem it counts no further and keeps the reason."""

    def __init__(self, column: ColumnProfile) -> None:
        self.column = column
        self.problem = ""
        self._tally: NumericTally | CategoryTally | None = None
        match column:
            case NumericColumn():
                self._tally = NumericTally(column)
            case CategoryColumn():
                self._tally = CategoryTally(column)
            case BrokenColumn():
                self.problem = f"the reference has no profile of it: {column.problem}"

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the feature's column of ``batch``; what is wrong with it becomes the problem."""
        if self.problem or self._tally is None:
            return
        found = batch.schema.get_all_field_indices(self.column.name)
        if len(found) != 1:
            self.problem = "column is missing" if not found else f"column occurs {len(found)} times"
            return
        try:
            self._tally.add(batch.column(found[0]))
        except (pa.ArrowException, TypeError, ValueError, ArithmeticError) as err:
            self.problem = str(err)

    def statistics(self) -> Statistics | None:
        """Compare with the reference; None where there is a problem, which then says why."""
        if self.problem or self._tally is None:
            return None
        statistics = self._tally.statistics()
        if statistics.n_values == 0 and statistics.n_reference_values > 0:
            was = statistics.reference_null_share
            self.problem = f"all rows are null; the null share of the reference is {was:.2f}"
            return None
        return statistics
