"""The axis of a numeric feature: a grid of reference quantiles cuts it into cells that never move.

A grid of k values makes 2k + 1 cells: the open interval below the first value, the first value
itself, the interval up to the second, and so on. Single values have cells of their own because
tabular features are full of ties (zero rain, a default of -1), which intervals alone would hide.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_LEVELS = 100
N_BINS = 10


class CellCounts(NamedTuple):
    """Rows of one feature: missing (null or NaN), each infinity, and per cell, shape (2k + 1,).

    ``n_far`` of them are finite and further outside the grid than the grid is wide.
    """

    n_null: int
    n_negative_inf: int
    n_positive_inf: int
    cells: IntArray
    n_far: int = 0

    def plus(self, other: "CellCounts") -> "CellCounts":
        """Add the rows of ``other``, counted over the same grid."""
        return CellCounts(
            self.n_null + other.n_null,
            self.n_negative_inf + other.n_negative_inf,
            self.n_positive_inf + other.n_positive_inf,
            self.cells + other.cells,
            self.n_far + other.n_far,
        )

    @property
    def n_rows(self) -> int:
        """All rows, missing ones too."""
        return int(self.cells.sum()) + self.n_infinite + self.n_null

    @property
    def n_infinite(self) -> int:
        """Rows that hold either infinity."""
        return self.n_negative_inf + self.n_positive_inf

    def ordered(self) -> IntArray:
        """Return all rows that hold a value, in the order of values, shape (2k + 3,)."""
        return np.concatenate(([self.n_negative_inf], self.cells, [self.n_positive_inf]))

    def binned(self, bins: IntArray) -> IntArray:
        """Return all rows by PSI bin: the bins, then -inf, +inf and null."""
        ends = [self.n_negative_inf, self.n_positive_inf, self.n_null]
        return np.concatenate((np.add.reduceat(self.cells, bins), ends))


def to_floats(array: pa.Array) -> FloatArray:
    """Read an Arrow array as floats, null as NaN, shape (n,).

    Raises:
        TypeError: The array does not hold numbers.
    """
    kind = array.type
    types = pa.types
    if types.is_dictionary(kind):
        return to_floats(array.dictionary_decode())
    if not (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
        or types.is_null(kind)
    ):
        raise TypeError(f"expected numbers, came {kind}")
    floats: FloatArray = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats


def grid_of_sorted(values: FloatArray) -> FloatArray:
    """Choose the grid of a reference: all values where there are few, else its 101 percentiles.

    Percentiles are values of the reference, lowest and highest included, never interpolated; so at
    most 1 % of the reference lies strictly between two neighbours.

    Args:
        values: The reference's finite values in rising order, shape (n,).

    Returns:
        Distinct values in rising order, at most 101; empty for an empty reference.
    """
    if not values.size:
        return values.copy()
    distinct = values[np.concatenate(([True], values[1:] != values[:-1]))]
    if distinct.size <= N_LEVELS + 1:
        return distinct
    ranks = (np.arange(N_LEVELS + 1) * values.size + N_LEVELS - 1) // N_LEVELS - 1
    return np.unique(values[np.maximum(ranks, 0)])


def count_cells(values: FloatArray, grid: FloatArray) -> CellCounts:
    """Count ``values``, shape (n,), NaN for missing, into the cells of ``grid``, shape (k,)."""
    return count_sorted(np.sort(values), grid)


def count_sorted(ordered: FloatArray, grid: FloatArray) -> CellCounts:
    """Count values in rising order, NaN last (as ``np.sort`` gives them), into cells of ``grid``.

    Sorting a batch and looking the grid up in it is several times faster than looking each value
    up in the grid, and needs no case for ties, infinities or NaN.
    """
    first_inf = int(ordered.searchsorted(np.inf))
    first_nan = int(ordered.searchsorted(np.nan))
    edges = np.empty(2 * grid.size + 2, dtype=np.int64)
    edges[0] = ordered.searchsorted(-np.inf, side="right")
    edges[1:-1:2] = ordered.searchsorted(grid, side="left")
    edges[2:-1:2] = ordered.searchsorted(grid, side="right")
    edges[-1] = first_inf
    n_far = 0
    if grid.size:
        with np.errstate(over="ignore"):
            width = grid[-1] - grid[0]
            n_far = int(ordered.searchsorted(grid[0] - width) - edges[0])
            n_far += int(first_inf - ordered.searchsorted(grid[-1] + width, side="right"))
    return CellCounts(
        n_null=ordered.size - first_nan,
        n_negative_inf=int(edges[0]),
        n_positive_inf=first_nan - first_inf,
        cells=np.diff(edges),
        n_far=max(n_far, 0),
    )


def psi_bins(cells: IntArray) -> IntArray:
    """Join the cells of a reference into about ten bins of equal share.

    A bin ends after the cell that reaches a tenth, two tenths, ... of the reference. A single value
    that holds a tenth or more has a bin of its own, so a shift to either side of it is seen.

    Args:
        cells: The reference's rows per cell, shape (2k + 1,).

    Returns:
        First cell of each bin, rising, the first 0.
    """
    total = int(cells.sum())
    if total == 0:
        return np.zeros(1, dtype=np.int64)
    reached = np.searchsorted(np.cumsum(cells), np.arange(1, N_BINS) * total / N_BINS, side="left")
    heavy = np.flatnonzero(cells * N_BINS >= total)
    heavy = heavy[heavy % 2 == 1]
    starts = np.unique(np.concatenate(([0], reached + 1, heavy, heavy + 1)))
    return starts[starts < cells.size].astype(np.int64)
