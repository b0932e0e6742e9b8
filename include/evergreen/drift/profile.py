"""The reference profile: all that drift needs to remember of the champion's reference window.

It is small (a few kB per feature, whatever the rows), plain JSON, and holds no rows: counts over
quantile cells for numbers, and for categories the frequent values by name and the rest as keys.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from evergreen.drift.cells import CellCounts, FloatArray, IntArray
from evergreen.drift.ks import ks_error
from evergreen.records import Record
from evergreen.spec.model import FeatureKind


class NumericColumn(Record):
    """Reference of a numeric or integer feature; the cells are those of ``drift.cells``.

    ``bins`` are the first cells of the PSI bins: fixed here once, so they never move.
    """

    shape: Literal["numeric"] = "numeric"
    name: str
    kind: FeatureKind
    n_null: int
    n_negative_inf: int
    n_positive_inf: int
    grid: tuple[float, ...]
    cells: tuple[int, ...]
    bins: tuple[int, ...]

    @property
    def counts(self) -> CellCounts:
        """The reference's rows, as ``cells.count_cells`` gives them."""
        cells = np.array(self.cells, dtype=np.int64)
        return CellCounts(self.n_null, self.n_negative_inf, self.n_positive_inf, cells)

    @property
    def grid_values(self) -> FloatArray:
        """The grid, shape (k,)."""
        return np.array(self.grid, dtype=np.float64)

    @property
    def psi_counts(self) -> IntArray:
        """The reference's rows by PSI bin, as ``CellCounts.binned`` orders them."""
        return self.counts.binned(np.array(self.bins))

    @property
    def ks_error(self) -> float:
        """How much larger than measured D can truly be, 0..1; at most 0.01."""
        return ks_error(self.cells)


class CategoryColumn(Record):
    """Reference of a categorical or boolean feature.

    Values with at least 0.5 % of the rows are named, 30 at most (``labels``, ``keys``, ``counts``).
    The next frequent are known by key only (``rare_keys``, together ``n_rare`` rows), up to 200
    values in all. ``n_unlisted`` rows hold values beyond these.
    """

    shape: Literal["category"] = "category"
    name: str
    kind: FeatureKind
    n_null: int
    labels: tuple[str, ...]
    keys: tuple[int, ...]
    counts: tuple[int, ...]
    rare_keys: tuple[int, ...]
    n_rare: int
    n_unlisted: int

    @property
    def psi_counts(self) -> IntArray:
        """The reference's rows: named values, other known values, unlisted values, null."""
        return np.array([*self.counts, self.n_rare, self.n_unlisted, self.n_null], dtype=np.int64)

    @property
    def slots(self) -> dict[int, int]:
        """Place of each known key in ``psi_counts``."""
        named = {key: place for place, key in enumerate(self.keys)}
        return dict.fromkeys(self.rare_keys, len(self.keys)) | named


class BrokenColumn(Record):
    """A feature for which the reference window gave no profile, and why."""

    shape: Literal["broken"] = "broken"
    name: str
    kind: FeatureKind
    problem: str


ColumnProfile = Annotated[
    NumericColumn | CategoryColumn | BrokenColumn, Field(discriminator="shape")
]


class ReferenceProfile(Record):
    """The reference window of one champion, feature by feature, over ``n_rows`` rows."""

    version: Literal[1] = 1
    n_rows: int = Field(ge=0)
    columns: tuple[ColumnProfile, ...]
