"""Counting values into the cells of a grid without sorting them: the quick way for many rows.

The span of the grid is cut into buckets of equal width, so a value's bucket is one multiplication
away. Where a bucket holds at most one value of the grid, comparing with that one tells the cell.
Values of the other buckets, and what is missing, infinite or outside, are counted by sorting. The
bucket is a rising function of the value, also as it is rounded, so the counts are exact.
"""

import numpy as np
from numpy.typing import NDArray

from evergreen.drift.profile.quantile_cells import CellCounts, FloatArray, IntArray, count_cells

N_BUCKETS = 4096
MIN_ROWS = 4096  # fewer are sorted sooner
FEW_VALUES = 20
LONG_TAIL = 4  # times as wide as what lies between the two outermost values of the grid


class CellCounter:
    """Counts values into the cells of one grid, exactly as ``cells.count_cells`` does.

    Args:
        grid: Distinct finite values in rising order, shape (k,).
        min_rows: Arrays of fewer rows are sorted.
    """

    def __init__(self, grid: FloatArray, *, min_rows: int = MIN_ROWS) -> None:
        self._grid = grid
        self._min_rows = min_rows
        self._per_unit, self._shift = _axis(grid)
        if not self._per_unit:
            return
        its_bucket = self._buckets(grid)
        every = np.arange(N_BUCKETS + 3)
        below = its_bucket.searchsorted(every)
        n_own = its_bucket.searchsorted(every, side="right") - below
        self._is_plain = n_own == 0
        self._is_plain[[0, -1]] = False
        self._has_one = n_own == 1
        self._has_one[[0, -1]] = False
        self._own = grid[np.minimum(below, grid.size - 1)]
        self._cell = 2 * below

    def count(self, values: FloatArray) -> CellCounts:
        """Count values, shape (n,), NaN for missing."""
        if not self._per_unit or values.size < self._min_rows:
            return count_cells(values, self._grid)
        bucket = self._buckets(values)
        n_rows = np.bincount(bucket, minlength=N_BUCKETS + 3)
        cells = np.zeros(2 * self._grid.size + 1, dtype=np.int64)
        np.add.at(cells, self._cell[self._is_plain], n_rows[self._is_plain])
        left = np.flatnonzero(~self._is_plain.take(bucket))
        bucket, values = bucket[left], values[left]
        has_one = self._has_one[bucket]
        cells += self._compared(bucket[has_one], values[has_one])
        counted = count_cells(values[~has_one], self._grid)
        return counted._replace(cells=counted.cells + cells)

    def _compared(self, bucket: IntArray, values: FloatArray) -> IntArray:
        """Count values whose bucket holds one value of the grid: below it, it, or above it."""
        own = self._own[bucket]
        cell = self._cell[bucket]
        cell += values >= own
        cell += values > own
        return np.bincount(cell, minlength=2 * self._grid.size + 1)

    def _buckets(self, values: FloatArray) -> IntArray:
        """The bucket of each value: 0 before the span and for NaN, the last one beyond it."""
        with np.errstate(over="ignore", invalid="ignore"):
            place = values * self._per_unit
        place += self._shift
        np.fmax(place, 0, out=place)
        np.minimum(place, N_BUCKETS + 2, out=place)
        buckets: NDArray[np.int64] = place.astype(np.int64)
        return buckets


def _axis(grid: FloatArray) -> tuple[float, float]:
    """Return the number of buckets per unit, and what shifts the span to 1; (0, 0) for no buckets.

    A long tail beyond the outermost values is left to sorting: it would make all buckets wide.
    """
    if grid.size < 2:  # noqa: PLR2004 - one value has no span
        return 0.0, 0.0
    low, high = grid[0], grid[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        if grid.size > FEW_VALUES and high - low > LONG_TAIL * (grid[-2] - grid[1]):
            low, high = grid[1], grid[-2]
        per_unit = N_BUCKETS / (high - low)
        shift = 1 - low * per_unit
        is_usable = np.isfinite([high - low, per_unit, shift]).all()
    return (float(per_unit), float(shift)) if is_usable else (0.0, 0.0)
