"""How often quiet data will be called drifted by the limits in force, the spec's own included."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from evergreen.drift.limits.limits import DriftLimits, Sample
from evergreen.drift.limits.null_distributions import (
    KS_MEAN_SQUARE,
    PsiLaw,
    ks_tail,
    null_tail,
)
from evergreen.drift.profile.between_batch_variance import ColumnSpread
from evergreen.drift.profile.profile import BrokenColumn, NumericColumn, ReferenceProfile
from evergreen.drift.student_t import student_tail


class _Chance(NamedTuple):
    """One statistic of one feature on quiet data: the parts of its expected square, and its odds.

    ``between`` is the part (0..1) of the expected square that comes from differences between
    batches; ``reach`` the limit in roots of the expected square; ``tail`` the probability (0..1)
    that sampling alone, stretched by that part, goes over the limit.
    """

    between: float
    reach: float
    tail: float


def expected_false_share(profile: ReferenceProfile, limits: DriftLimits, n_rows: int) -> float:
    """Bound the share (0..1) of quiet batches in which some feature will be called drifted.

    Where sampling explains most of what a statistic does, by the law of the statistic, summed over
    all of these; where differences between batches explain most, by the reference's own blocks.

    Args:
        profile: The reference, calibrated on its blocks where it has any.
        limits: The limits in force.
        n_rows: Rows of a batch, at least 1.
    """
    chances = list(_chances(profile, limits, n_rows))
    share = sum(chance.tail for chance in chances if chance.between <= 1 / 2)
    if limits.blocks is None or not chances:
        return min(1.0, share)
    n_free = limits.blocks.n_blocks - 1
    reaches = [chance.reach for chance in chances if chance.between > 1 / 2]
    if reaches:
        each = sum(2 * student_tail(reach, n_free) for reach in reaches)
        share += min(each, limits.blocks.tail(min(reaches)))
    # The blocks' worst feature bounds the features that sampling explains, too.
    return min(1.0, share, limits.blocks.tail(min(chance.reach for chance in chances)))


def _chances(profile: ReferenceProfile, limits: DriftLimits, n_rows: int) -> Iterator[_Chance]:
    for column in profile.columns:
        if isinstance(column, BrokenColumn):
            continue
        sample = Sample.expected(column, n_rows)
        found = limits.of(column.name, sample)
        spread = ColumnSpread()
        if limits.blocks is not None:
            spread = limits.blocks.of_new_batch(column.name)
        yield _psi_chance(sample, found.psi.value, spread.psi)
        yield _null_chance(sample, found.null.value, spread.null)
        if isinstance(column, NumericColumn) and column.grid:
            yield _ks_chance(sample, found.ks.value, spread.ks)


def _psi_chance(sample: Sample, limit: float, between: float) -> _Chance:
    law = PsiLaw(sample.reference, sample.size)
    total = law.mean + between
    return _Chance(between / total, math.sqrt(limit / total), law.tail(limit * law.mean / total))


def _ks_chance(sample: Sample, limit: float, between: float) -> _Chance:
    size = sample.value_size
    sampling = KS_MEAN_SQUARE / size
    total = sampling + between
    tail = ks_tail(limit * math.sqrt(sampling / total), size)
    return _Chance(between / total, limit / math.sqrt(total), tail if limit < 1 else 0.0)


def _null_chance(sample: Sample, limit: float, between: float) -> _Chance:
    share, size = sample.null_share, sample.size
    sampling = share * (1 - share) / size
    total = sampling + between
    tail = null_tail(limit * math.sqrt(sampling / total), share, size)
    return _Chance(between / total, limit / math.sqrt(total), tail)
