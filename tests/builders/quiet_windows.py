"""Windows of quiet data with 50 columns, drawn as rows, or as the counts that a verdict depends on.

All that a verdict depends on is how many rows of a window fall into each cell of the profile. Given
the hidden class of each row (below), those counts are multinomial over the cells' true
probabilities, column by column. So they are drawn directly: exact in distribution, and 100,000 rows
cost no more than 100.

Each row has a hidden class. With one class the columns are independent. With four, each column's
latent value has another mean in each class: so the columns of a row are correlated (r = .6 between
any two latent values), and given the class they are independent again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evergreen.drift.profile.profile import CategoryColumn, NumericColumn, ReferenceProfile
from evergreen.spec.model import Feature, FeatureKind

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Map = Callable[[Floats], Floats]

CDF = np.vectorize(NormalDist().cdf, otypes=[np.float64])
QUANTILE = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])


@dataclass(frozen=True)
class Classes:
    """The hidden classes of rows: their shares, and the mean of all latent values in each."""

    shares: tuple[float, ...]
    means: tuple[float, ...]


INDEPENDENT = Classes((1.0,), (0.0,))
CORRELATED = Classes((0.1, 0.4, 0.4, 0.1), (-2.2, -0.8, 0.8, 2.2))


@dataclass(frozen=True)
class Marginal:
    """A column as a rising function of a latent value, some of it then lost as null.

    ``below`` and ``upto`` give, for a value v, the latent value up to which the column is < v and
    <= v; the column's distribution follows from them.
    """

    kind: FeatureKind
    null_share: float
    value: Map
    below: Map
    upto: Map


def cut_at(edges: Floats) -> tuple[Map, Map, Map]:
    """Return a column of whole numbers: i between latent edges i - 1 and i."""
    ends = np.concatenate(([-np.inf], edges, [np.inf]))

    def below(v: Floats) -> Floats:
        return np.asarray(ends[np.clip(v.astype(int), 0, edges.size + 1)])

    def upto(v: Floats) -> Floats:
        return np.asarray(ends[np.clip(v.astype(int) + 1, 0, edges.size + 1)])

    return (lambda u: np.searchsorted(edges, u).astype(np.float64)), below, upto


def _same(u: Floats) -> Floats:
    return u


def _log(v: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(v, 1e-300)) / 3)


@cache
def marginals() -> list[Marginal]:
    """50 columns: smooth, heavy tails, half zeros, counts, nulls, many rare values, flags."""
    zipf = 1 / np.arange(1.0, 51.0)
    kinds: list[tuple[int, FeatureKind, float, tuple[Map, Map, Map]]] = [
        (20, "numeric", 0.0, (_same, _same, _same)),
        (8, "numeric", 0.0, (lambda u: np.exp(3 * u), _log, _log)),
        (
            6,
            "numeric",
            0.0,
            (
                lambda u: np.maximum(u, 0.0),
                lambda v: np.where(v <= 0, -np.inf, v),
                lambda v: np.where(v < 0, -np.inf, v),
            ),
        ),
        (6, "integer", 0.0, cut_at(np.arange(-1.0, 4.0, 0.5))),
        (4, "numeric", 0.25, (_same, _same, _same)),
        (3, "categorical", 0.02, cut_at(QUANTILE(np.cumsum(zipf / zipf.sum())[:-1]))),
        (3, "boolean", 0.0, cut_at(np.array([1.2]))),
    ]
    return [Marginal(kind, nulls, *maps) for n, kind, nulls, maps in kinds for _ in range(n)]


def features() -> list[Feature]:
    """Return the features of the 50 columns."""
    return [Feature(name=f"x{i}", kind=m.kind) for i, m in enumerate(marginals())]


def draw_rows(
    random: np.random.Generator, n_rows: int, classes: Classes, *, shift: Floats | float = 0.0
) -> pa.Table:
    """Draw rows of all columns; ``shift`` is added to the latent values, per column or to all."""
    places = random.choice(len(classes.means), n_rows, p=classes.shares)
    means = np.array(classes.means)[places]
    shifts = np.broadcast_to(np.asarray(shift), (len(marginals()),))
    columns = {}
    for place, marginal in enumerate(marginals()):
        values = marginal.value(random.normal(means, 1.0) + shifts[place])
        array = pa.array(values, mask=random.random(n_rows) < marginal.null_share)
        if marginal.kind in ("categorical", "boolean"):
            array = array.cast(pa.int64())
        columns[f"x{place}"] = array
    return pa.table(columns)


@dataclass(frozen=True)
class Cells:
    """One column: its cells' true probabilities by class, shape (g, k), null last.

    ``reference`` are the rows of its reference in the same cells; ``bins`` the first cell of each
    PSI bin. The bins of the infinities are left out: no side has any, and they add nothing.
    """

    name: str
    odds: Floats
    reference: Counts
    bins: Counts
    is_ordered: bool

    def draw(self, random: np.random.Generator, by_class: Counts) -> Counts:
        """Draw windows with these rows per class, shape (w, g); gives rows per cell, (w, k)."""
        drawn = [random.multinomial(by_class[:, g], odds) for g, odds in enumerate(self.odds)]
        return np.asarray(np.sum(drawn, axis=0), dtype=np.int64)

    def binned(self, counts: Counts) -> Counts:
        """Return the rows by PSI bin, null last."""
        values = np.add.reduceat(counts[..., :-1], self.bins, axis=-1)
        return np.concatenate((values, counts[..., -1:]), axis=-1)


def cells_of(profile: ReferenceProfile, classes: Classes, *, shift: float = 0.0) -> list[Cells]:
    """Find the true probabilities of all cells of a profile of ``draw_rows``."""
    found = []
    for column, marginal in zip(profile.columns, marginals(), strict=True):
        means = np.array(classes.means) + shift
        if isinstance(column, NumericColumn):
            odds = _numeric_odds(column, marginal, means)
            reference = np.append(column.cells, column.n_null)
            bins = np.array(column.bins)
        else:
            assert isinstance(column, CategoryColumn)
            assert column.n_once_rare == 0, "the reference must hold every value several times"
            odds, reference = _category_odds(column, marginal, means), column.psi_counts
            bins = np.arange(reference.size - 1)
        kept = odds * (1 - marginal.null_share)
        nulls = np.full((len(kept), 1), marginal.null_share)
        ordered = isinstance(column, NumericColumn)
        found.append(Cells(column.name, np.hstack((kept, nulls)), reference, bins, ordered))
    return found


def _numeric_odds(column: NumericColumn, marginal: Marginal, means: Floats) -> Floats:
    grid = column.grid_values
    inner = np.stack((marginal.below(grid), marginal.upto(grid)), axis=1).ravel()
    edges = np.concatenate(([-np.inf], inner, [np.inf]))
    return np.asarray(np.maximum(np.diff(CDF(edges[None, :] - means[:, None]), axis=1), 0.0))


def _category_odds(column: CategoryColumn, marginal: Marginal, means: Floats) -> Floats:
    n_values = 2 if column.kind == "boolean" else 50
    values = np.arange(float(n_values))
    texts = ["false", "true"] if column.kind == "boolean" else [str(i) for i in range(n_values)]
    places = [column.locator()(text) for text in texts]
    each = CDF(marginal.upto(values) - means[:, None]) - CDF(
        marginal.below(values) - means[:, None]
    )
    width = len(column.keys) + 3
    return np.stack([np.bincount(places, odds, minlength=width) for odds in each])
