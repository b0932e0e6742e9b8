"""How much quiet batches differ from each other beyond sampling, from blocks of a reference.

Batches of real data share a week, its weather and its campaigns, so they differ more than random
draws of as many rows would. Per feature that excess is kept as a variance between batches.
"""

import math
from statistics import fmean, stdev

from pydantic import Field

from evergreen.drift.student_t import student_quantile, student_tail
from evergreen.records import Record

MIN_BLOCKS = 4


class ColumnSpread(Record):
    """Variance between batches of one feature, over sampling: 0 where batches are random draws.

    ``psi`` is in nats (a PSI is a squared distance already), ``ks`` in squared D, ``null`` in
    squared share.
    """

    psi: float = Field(0.0, ge=0)
    ks: float = Field(0.0, ge=0)
    null: float = Field(0.0, ge=0)


class BlockSpread(Record):
    """How quiet batches differ from each other, from the blocks of a reference window.

    ``worst`` has for each block, compared with the rest of the reference, the largest distance of
    any feature in any statistic, in units of the distance expected from the other blocks; at least
    1.
    """

    columns: dict[str, ColumnSpread]
    worst: tuple[float, ...] = Field(min_length=MIN_BLOCKS)

    @property
    def n_blocks(self) -> int:
        """Blocks of the reference."""
        return len(self.worst)

    def of_new_batch(self, column: str) -> ColumnSpread:
        """Return the variance with which a new batch differs from the reference, sampling apart.

        The reference is a mean over the blocks, so it has a part of that variance as well.
        """
        found = self.columns.get(column, ColumnSpread())
        share = 1 + 1 / self.n_blocks
        return ColumnSpread(psi=found.psi * share, ks=found.ks * share, null=found.null * share)

    def quantile(self, alpha: float, alpha_each: float) -> float:
        """Return the distance that the worst feature exceeds in ``alpha`` of the quiet batches.

        A prediction from the blocks, by Student's t on the logarithm of ``worst``, and by the rank
        of a next block among them (Vovk, Gammerman and Shafer, 2005): the larger of the two. Never
        above what one feature alone would need at its own ``alpha_each``, so that one odd feature
        does not raise the limits of all others.
        """
        centre, width = self._law()
        joint = math.exp(centre + student_quantile(alpha, self.n_blocks - 1) * width)
        rank = min(self.n_blocks, math.ceil((self.n_blocks + 1) * (1 - alpha)))
        reached = max(joint, sorted(self.worst)[rank - 1])
        return min(reached, student_quantile(alpha_each / 2, self.n_blocks - 1))

    def tail(self, distance: float) -> float:
        """Return the probability (0..1) that the worst feature exceeds a distance on quiet data."""
        centre, width = self._law()
        if distance <= 0:
            return 1.0
        return student_tail((math.log(distance) - centre) / width, self.n_blocks - 1)

    def _law(self) -> tuple[float, float]:
        logs = [math.log(value) for value in self.worst]
        width = max(stdev(logs), 1e-6) * math.sqrt(1 + 1 / len(logs))
        return fmean(logs), width
