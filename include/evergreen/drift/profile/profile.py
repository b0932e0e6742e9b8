"""The reference profile: all that drift needs to remember of the champion's reference window.

It is small (a few kB per feature, for any number of rows), plain JSON, and holds no rows: counts
over quantile cells for numbers, and for categories the frequent values by name and the rest as
keys.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from evergreen.drift.ks import ks_error
from evergreen.drift.profile.between_batch_variance import BlockSpread
from evergreen.drift.profile.categories import key_of
from evergreen.drift.profile.quantile_cells import CellCounts, FloatArray, IntArray
from evergreen.drift.profile.value_bitmap import bit_of, read_marks
from evergreen.records import Record
from evergreen.spec.model import FeatureKind

MIN_DETECTABLE = 0.05


class NumericColumn(Record):
    """Reference of a numeric, integer or datetime feature; the cells are those of ``drift.cells``.

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
        """How much larger than the measured D the true one can be, 0..1; at most 0.01."""
        return ks_error(self.cells)


class CategoryColumn(Record):
    """Reference of a categorical or boolean feature.

    Values with at least 0.5 % of the rows are named, 30 at most (``labels``, ``keys``, ``counts``).
    The next frequent are known by key only (``rare_keys``, together ``n_rare`` rows), up to 200
    values in all. ``n_unlisted`` rows hold values beyond these, whose bits ``marks`` has. Of the
    rare and of the unlisted, ``n_once_rare`` and ``n_once_unlisted`` values occur once.
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
    n_once_rare: int = 0
    n_once_unlisted: int = 0
    marks: str = ""

    @property
    def psi_counts(self) -> IntArray:
        """The reference's rows: each named value, then rare, unlisted, unseen values, and null.

        As fresh data would have them: rows whose value occurs once stand for the unseen, because
        without such a row its value would be unseen.

        Source: Good (1953), Biometrika 40:237.
        """
        return self.counts_beside(1.0)

    def counts_beside(self, unseen_share: float) -> IntArray:
        """Return ``psi_counts`` with at most ``unseen_share`` (0..1) of the rows in unseen values.

        Beside data that repeats the reference's own values, such as ids that come again, a value
        that occurs once is not taken for unseen: fewer new values than expected do not count as
        drift.
        """
        n_once = self.n_once_rare + self.n_once_unlisted
        n_rows = sum(self.counts) + self.n_rare + self.n_unlisted + self.n_null
        most = n_once * self.detectable
        unseen = min(most, unseen_share * n_rows)
        moved = round(self.n_once_rare * unseen / most) if most else 0
        rare, unlisted = self.n_rare - moved, self.n_unlisted + moved - round(unseen)
        rows = [*self.counts, rare, unlisted, round(unseen), self.n_null]
        return np.array(rows, dtype=np.int64)

    @property
    def detectable(self) -> float:
        """Share of new values that are recognised as new: 1 where all are listed; 0: not known."""
        if not self.n_unlisted:
            return 1.0
        free = 1.0 - float(read_marks(self.marks).mean()) if self.marks else 0.0
        return free if free >= MIN_DETECTABLE else 0.0

    @property
    def slots(self) -> dict[int, int]:
        """Place of each known key in ``psi_counts``."""
        named = {key: place for place, key in enumerate(self.keys)}
        return dict.fromkeys(self.rare_keys, len(self.keys)) | named

    def locator(self) -> Callable[[str | None], int]:
        """Return the function from a value's text to its place in ``psi_counts``."""
        slots = self.slots
        unlisted, unseen, null = (len(self.keys) + place for place in (1, 2, 3))
        is_told = self.detectable > 0
        known = read_marks(self.marks).tolist()

        def locate(text: str | None) -> int:
            if text is None:
                return null
            key = key_of(text)
            place = slots.get(key)
            if place is None:
                place = unseen if is_told and not known[bit_of(key)] else unlisted
            return place

        return locate


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
    """The reference window of one champion, feature by feature, over ``n_rows`` rows.

    ``blocks`` says how much its batches differ from each other; None where it was not calibrated.
    """

    version: Literal[1] = 1
    n_rows: int = Field(ge=0)
    columns: tuple[ColumnProfile, ...]
    blocks: BlockSpread | None = None
