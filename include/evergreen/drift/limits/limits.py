"""The limit of each drift statistic, from a budget of false verdicts, at the batch's own rows.

A limit is the larger of two: the smallest effect that is worth a verdict (the spec's ``min_psi``,
``min_ks``, ``min_null_rise``), and what quiet data exceeds no more often than the budget allows. So
effect size decides, and with many rows it decides alone. No computed limit exceeds a gross effect,
even if quiet batches differ very much. A limit in the spec replaces the computed one.

The budget is for the verdict "some feature of this batch has drifted". It is shared out evenly over
all calibrated statistics (Bonferroni), which holds however the features depend on each other.
"""

import math
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from evergreen.drift.limits.null_distributions import (
    KS_MEAN_SQUARE,
    PsiLaw,
    effective_size,
    ks_quantile,
    null_quantile,
    psi_bound,
)
from evergreen.drift.profile.between_batch_variance import ColumnSpread
from evergreen.drift.profile.counts import Statistics
from evergreen.drift.profile.profile import (
    BrokenColumn,
    CategoryColumn,
    ColumnProfile,
    NumericColumn,
    ReferenceProfile,
)
from evergreen.spec.deciding import Drift

LimitSource = Literal["calibrated", "floor", "gross", "spec"]

BATCHES_PER_YEAR = 52.0
# The largest share of batches for any budget: with more, the verdict would mean nothing.
MAX_ALPHA = 0.1
# Upper bounds of computed limits: beyond these, two samples have hardly anything in common.
GROSS_PSI = 4.0
GROSS_KS = 0.75
GROSS_NULL_RISE = 0.5

# Calibrated limits are rounded up to four decimals, so that a sentence can show all of a limit.
LIMIT_STEPS = 10_000


class Limit(NamedTuple):
    """One limit, and where it comes from."""

    value: float
    source: LimitSource


class ColumnLimits(NamedTuple):
    """The limits of one feature; ``ks`` is for features with an order only."""

    psi: Limit
    ks: Limit
    null: Limit


class Sample(NamedTuple):
    """Rows and values of one feature in a batch and in the reference, each at least 1."""

    reference: NDArray[np.int64]
    n_rows: float
    n_values: float
    n_reference_values: float

    @classmethod
    def of(cls, found: Statistics) -> Self:
        """Return the sample that was measured."""
        reference = np.array(found.reference_psi_counts, dtype=np.int64)
        return cls(reference, found.n_rows, found.n_values, found.n_reference_values)

    @classmethod
    def expected(cls, column: NumericColumn | CategoryColumn, n_rows: int) -> Self:
        """Return what a quiet batch of ``n_rows`` would be."""
        reference = column.psi_counts
        n_reference_values = float(reference[:-1].sum())
        share = n_reference_values / max(1.0, float(reference.sum()))
        return cls(reference, n_rows, n_rows * share, n_reference_values)

    @property
    def size(self) -> float:
        """Effective size over all rows."""
        return effective_size(self.n_rows, float(self.reference.sum()))

    @property
    def value_size(self) -> float:
        """Effective size over the rows that hold a value."""
        return effective_size(max(1.0, self.n_values), max(1.0, self.n_reference_values))

    @property
    def null_share(self) -> float:
        """Share of nulls of the reference; half a row if there is none."""
        return (float(self.reference[-1]) + 0.5) / (float(self.reference.sum()) + 1)


class DriftLimits:
    """The limits of a model's features, for a batch of any number of rows.

    Attributes:
        alpha: Share of quiet batches that may be called drifted, 0..1.
        alpha_each: The part of it for each calibrated statistic of each feature.
        rules: The spec's part.
        blocks: How much quiet batches differ; None: as much as random draws.
    """

    def __init__(
        self, profile: ReferenceProfile, rules: Drift, *, batches_per_year: float = BATCHES_PER_YEAR
    ) -> None:
        self.blocks = profile.blocks
        self.alpha = min(rules.false_verdicts_per_year / batches_per_year, MAX_ALPHA)
        n_tests = sum(_n_calibrated(column, rules) for column in profile.columns)
        self.alpha_each = self.alpha / max(1, n_tests)
        self.rules = rules
        self._reach = 0.0
        if self.blocks is not None:
            self._reach = self.blocks.quantile(self.alpha, self.alpha_each) ** 2

    def of(self, column: str, sample: Sample) -> ColumnLimits:
        """Return the limits of a feature at the rows of a sample."""
        between = ColumnSpread() if self.blocks is None else self.blocks.of_new_batch(column)
        return ColumnLimits(
            psi=self._psi(sample, between.psi),
            ks=self._ks(sample, between.ks),
            null=self._null(sample, between.null),
        )

    def _psi(self, sample: Sample, between: float) -> Limit:
        rules, n_bins, size = self.rules, sample.reference.size, sample.size
        if rules.psi_limit is not None:
            return Limit(rules.psi_limit, "spec")
        bound = psi_bound(self.alpha_each, n_bins, size)
        if max(bound, self._reach * (n_bins / size + between)) <= rules.min_psi:
            return Limit(rules.min_psi, "floor")
        law = PsiLaw(sample.reference, size)
        quiet = max(law.quantile(self.alpha_each), self._reach * (law.mean + between))
        return _larger(rules.min_psi, quiet, GROSS_PSI)

    def _ks(self, sample: Sample, between: float) -> Limit:
        rules, size = self.rules, sample.value_size
        if rules.ks_limit is not None:
            return Limit(rules.ks_limit, "spec")
        reached = math.sqrt(self._reach * (KS_MEAN_SQUARE / size + between))
        return _larger(rules.min_ks, max(ks_quantile(self.alpha_each, size), reached), GROSS_KS)

    def _null(self, sample: Sample, between: float) -> Limit:
        rules, share, size = self.rules, sample.null_share, sample.size
        if rules.null_share_limit is not None:
            return Limit(rules.null_share_limit, "spec")
        reached = math.sqrt(self._reach * (share * (1 - share) / size + between))
        quiet = max(null_quantile(self.alpha_each, share, size), reached)
        return _larger(rules.min_null_rise, quiet, GROSS_NULL_RISE)


def _larger(floor: float, calibrated: float, gross: float) -> Limit:
    if calibrated <= floor:
        return Limit(floor, "floor")
    if calibrated >= gross:
        return Limit(gross, "gross")
    return Limit(math.ceil(calibrated * LIMIT_STEPS) / LIMIT_STEPS, "calibrated")


def _n_calibrated(column: ColumnProfile, rules: Drift) -> int:
    if isinstance(column, BrokenColumn):
        return 0
    given = [rules.psi_limit, rules.null_share_limit]
    if isinstance(column, NumericColumn):
        given.append(rules.ks_limit)
    return given.count(None)
