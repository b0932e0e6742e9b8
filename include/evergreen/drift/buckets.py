"""Counting values into the cells of a grid without sorting them: the quick way for many rows.

The span of the grid is cut into buckets of equal width, so a value's bucket is one multiplication
away. Where a bucket holds at most one value of the grid, comparing with that one tells the cell.
Values of the other buckets, and what is missing, infinite or outside, are counted by sorting. The
bucket is a rising function of the value, also as it is rounded, so the counts are exact.
"""

import numpy as np
from numpy.typing import NDArray

from evergreen.drift.cells import CellCounts, FloatArray, IntArray, count_cells

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
        self._start, self._per_unit = _axis(grid)
        if not self._per_unit:
            return
        its_bucket = self._buckets(grid)
        every = np.arange(N_BUCKETS + 3)
        below = its_bucket.searchsorted(every)
        n_own = its_bucket.searchsorted(every, side="right") - below
        # Against infinity every finite value is below: the bucket then is one open interval.
        self._own = np.where(n_own == 1, grid[np.minimum(below, grid.size - 1)], np.inf)
        self._is_sorted = n_own > 1
        self._is_sorted[[0, -1]] = True
        # Below, at and above a bucket's own value lie in three cells, one after the other.
        self._told = ~np.repeat(self._is_sorted, 3)
        self._cells = (2 * below[:, None] + np.arange(3)).ravel()[self._told]

    def count(self, values: FloatArray) -> CellCounts:
        """Count values, shape (n,), NaN for missing."""
        if not self._per_unit or values.size < self._min_rows:
            return count_cells(values, self._grid)
        bucket = self._buckets(values)
        own, rest = self._own[bucket], values[self._is_sorted[bucket]]
        bucket *= 3
        bucket += values >= own
        bucket += values > own
        n_rows = np.bincount(bucket, minlength=3 * (N_BUCKETS + 3))[self._told]
        cells = np.zeros(2 * self._grid.size + 1, dtype=np.int64)
        has_rows = n_rows > 0
        np.add.at(cells, self._cells[has_rows], n_rows[has_rows])
        counted = count_cells(rest, self._grid)
        return counted._replace(cells=counted.cells + cells)

    def _buckets(self, values: FloatArray) -> IntArray:
        """Give the bucket of each value: 0 before the span and for NaN, the last one beyond it."""
        with np.errstate(over="ignore", invalid="ignore"):
            place = values - self._start
            place *= self._per_unit
        place += 1
        np.fmax(place, 0, out=place)
        np.fmin(place, N_BUCKETS + 2, out=place)
        buckets: NDArray[np.int64] = place.astype(np.int64)
        return buckets


def _axis(grid: FloatArray) -> tuple[float, float]:
    """Give where the buckets begin and how many there are per unit; none where they cannot help.

    A long tail beyond the outermost values is left to sorting: it would make all buckets wide.
    """
    if grid.size < 2:  # noqa: PLR2004 - one value has no span
        return 0.0, 0.0
    low, high = float(grid[0]), float(grid[-1])
    if grid.size > FEW_VALUES and high - low > LONG_TAIL * float(grid[-2] - grid[1]):
        low, high = float(grid[1]), float(grid[-2])
    with np.errstate(over="ignore"):
        per_unit = float(np.float64(N_BUCKETS) / (high - low))
    is_usable = np.isfinite(high - low) and np.isfinite(per_unit) and per_unit > 0
    return (low, per_unit) if is_usable else (0.0, 0.0)
