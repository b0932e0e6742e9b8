"""Counting a batch, record batch by record batch, into the bins of a reference profile."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from evergreen.drift.ks import ks_distance
from evergreen.drift.profile.categories import count_values, problem_of, text_of
from evergreen.drift.profile.datetimes import to_axis
from evergreen.drift.profile.fast_counting import CellCounter
from evergreen.drift.profile.profile import (
    BrokenColumn,
    CategoryColumn,
    ColumnProfile,
    NumericColumn,
)
from evergreen.drift.profile.quantile_cells import CellCounts
from evergreen.drift.psi import psi


class Statistics(NamedTuple):
    """What drift is judged by; shares are 0..1 of all rows, ``n_values`` rows hold a value.

    ``psi_counts`` are rows by PSI bin, as the profile orders them. ``ks`` misses at most
    ``ks_error`` of the true D. ``out_of_range_share`` counts the finite values below the
    reference's lowest or above its highest; infinities are shares of their own. Quiet data has
    ``reference_unseen_share`` of values that the reference never held. None where the kind of the
    feature has no such number, or the profile does not hold it.
    """

    n_values: int
    n_reference_values: int
    psi: float
    ks: float | None
    null_share: float
    reference_null_share: float
    unseen_share: float | None
    reference_unseen_share: float | None = None
    out_of_range_share: float | None = None
    infinity_share: float | None = None
    reference_infinity_share: float | None = None
    ks_error: float | None = None
    n_rows: int = 0
    n_reference_rows: int = 0
    psi_counts: tuple[int, ...] = ()
    reference_psi_counts: tuple[int, ...] = ()


class NumericTally:
    """Rows of a numeric or datetime feature per cell; memory does not grow with the rows."""

    def __init__(self, column: NumericColumn) -> None:
        self._column = column
        self._grid = column.grid_values
        self._counter = CellCounter(self._grid)
        self._counts = self._counter.count(np.empty(0))

    def add(self, array: pa.Array) -> None:
        """Count one more array; raises TypeError where it does not fit its kind."""
        values = to_axis(array, self._column.kind)
        self._counts = self._counts.plus(self._counter.count(values))

    @property
    def column(self) -> NumericColumn:
        """The reference."""
        return self._column

    @property
    def counts(self) -> CellCounts:
        """What was counted."""
        return self._counts

    def statistics(self) -> Statistics:
        """Compare what was counted with the reference; at least one row has been added."""
        reference, current = self._column.counts, self._counts
        before, after = reference.ordered(), current.ordered()
        n_values, n_reference_values = int(after.sum()), int(before.sum())
        n_rows = n_values + current.n_null
        n_reference_rows = n_reference_values + reference.n_null
        bins, reference_bins = current.binned(np.array(self._column.bins)), self._column.psi_counts
        n_outside = int(current.cells[0] + current.cells[-1])
        return Statistics(
            n_values=n_values,
            n_reference_values=n_reference_values,
            psi=psi(reference_bins, bins),
            ks=ks_distance(before, after) if n_values and n_reference_values else None,
            null_share=current.n_null / n_rows,
            reference_null_share=reference.n_null / n_reference_rows,
            unseen_share=None,
            out_of_range_share=n_outside / n_rows if self._grid.size else None,
            infinity_share=current.n_infinite / n_rows,
            reference_infinity_share=reference.n_infinite / n_reference_rows,
            ks_error=self._column.ks_error,
            n_rows=n_rows,
            n_reference_rows=n_reference_rows,
            psi_counts=tuple(bins.tolist()),
            reference_psi_counts=tuple(reference_bins.tolist()),
        )


class CategoryTally:
    """Rows of a categorical feature per value of its profile; new values share one count."""

    def __init__(self, column: CategoryColumn) -> None:
        self._column = column
        self._locate = column.locator()
        self._counts = np.zeros(len(column.keys) + 4, dtype=np.int64)
        self._values = pa.nulls(0)
        self._places: list[int] = []

    def add(self, array: pa.Array) -> None:
        """Count one more array; raises TypeError where it does not hold categories."""
        counted = count_values(array, self._column.kind)
        if not self._values.equals(counted.values):
            # Record batches of one row group share their dictionary: locate its values once.
            kind = self._column.kind
            texts = [text_of(value, kind) for value in counted.values.to_pylist()]
            self._places = [self._locate(text) for text in texts]
            self._values = counted.values
        np.add.at(self._counts, [*self._places, self._counts.size - 1], counted.n_rows)

    def statistics(self) -> Statistics:
        """Compare what was counted with the reference; at least one row has been added.

        The unseen share is an estimate where the reference held more values than its profile
        lists, and None where it held so many that a new one cannot be recognised.
        """
        column, counts = self._column, self._counts
        n_rows = int(counts.sum())
        reference = column.counts_beside(counts[-2] / n_rows)
        n_reference_rows = int(reference.sum())
        unseen, expected = None, None
        if column.detectable:
            n_unseen = min(counts[-2] / column.detectable, counts[-2] + counts[-3])
            unseen = float(n_unseen / n_rows)
            expected = (column.n_once_rare + column.n_once_unlisted) / n_reference_rows
        return Statistics(
            n_values=int(counts[:-1].sum()),
            n_reference_values=int(reference[:-1].sum()),
            psi=psi(reference, counts),
            ks=None,
            null_share=float(counts[-1] / n_rows),
            reference_null_share=float(reference[-1] / n_reference_rows),
            unseen_share=unseen,
            reference_unseen_share=expected,
            n_rows=n_rows,
            n_reference_rows=n_reference_rows,
            psi_counts=tuple(counts.tolist()),
            reference_psi_counts=tuple(reference.tolist()),
        )


class ColumnTally:
    """One feature of a batch; after the first problem it counts no further and keeps the reason.

    ``vanished`` is what was counted where the batch holds no value and the reference held some.
    """

    def __init__(self, column: ColumnProfile) -> None:
        self.column = column
        self.problem = ""
        self.vanished: Statistics | None = None
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
        except MemoryError:
            raise
        except Exception as err:
            # If one column cannot be read, the others are still judged; its verdict says why.
            self.problem = problem_of(err)

    @property
    def numeric(self) -> NumericTally | None:
        """The counts of a numeric feature that could be counted; None for any other."""
        return self._tally if isinstance(self._tally, NumericTally) and not self.problem else None

    def statistics(self) -> Statistics | None:
        """Compare with the reference; None where there is a problem, which then says why."""
        if self.problem or self._tally is None:
            return None
        statistics = self._tally.statistics()
        if statistics.n_values == 0 and statistics.n_reference_values > 0:
            self.vanished, was = statistics, statistics.reference_null_share
            self.problem = f"all rows are null; the null share of the reference is {was:.2f}"
            return None
        return statistics
