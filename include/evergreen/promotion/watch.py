"""The watch after a promotion: is the new champion worse than the one it replaced?

Both are compared on every batch whose labels came after the promotion. A look after each batch
spends an equal part of the allowed error, so that all looks together stay within it (the union
bound; as a spending function: Lan and DeMets 1983, Biometrika 70, in equal parts).
"""

from collections.abc import Sequence
from math import hypot, isfinite, sqrt
from statistics import NormalDist, fmean, variance
from typing import Literal

from evergreen.metrics import higher_is_better
from evergreen.metrics.wording import limit, number
from evergreen.presentation.formatting import plural
from evergreen.records import Promotion, Record
from evergreen.spec.model import MetricName

WATCHED_KINDS = ("promotion", "forced")
PRIOR_SD = 0.02
PRIOR_SHARE = 0.03
PRIOR_BATCHES = 4
LEAST_OF_PRIOR = 0.25
SMALLEST_SD = 1e-9

WatchVerdictName = Literal["watching", "passed", "worse", "not_computable"]


class WatchedBatch(Record):
    """New champion minus former one on the same rows of one batch; positive: the new is better.

    ``gain`` and ``se`` (one standard error of the paired difference) are in the metric's unit; both
    or the error alone are None where they could not be computed.
    """

    batch: str
    n_rows: int
    gain: float | None
    se: float | None

    @property
    def is_computable(self) -> bool:
        """Whether the batch says anything."""
        return _is_number(self.gain) and _is_number(self.se)


class WatchVerdict(Record):
    """What the batches so far say of the new champion.

    ``not_computable``: the newest batch says nothing, it does not count. ``gain`` and ``se`` are
    over all batches that count, ``se`` with what models differ by from batch to batch.
    """

    verdict: WatchVerdictName
    sentence: str
    gain: float | None = None
    se: float | None = None


def is_watched(promotion: Promotion | None) -> bool:
    """Whether a champion came by a promotion over a former one; what was restored did not."""
    return (
        promotion is not None
        and promotion.kind in WATCHED_KINDS
        and promotion.previous_version is not None
    )


def prior_sd(metric: MetricName, level: float | None) -> float:
    """Return what two equally good models differ by from batch to batch, before it was seen.

    Beside the sampling. Measured on streams as .00 to .05 of AUC or accuracy
    (docs/going-back.md), so .02; a loss has no scale of its own: 3 % of ``level``.

    Args:
        metric: What is compared.
        level: The former champion's value of it; None is taken as 0.
    """
    return PRIOR_SD if higher_is_better(metric) else PRIOR_SHARE * abs(level or 0.0)


def judge_watch(
    batches: Sequence[WatchedBatch],
    *,
    metric: MetricName,
    n_batches: int,
    error: float,
    prior: float,
    earlier: Sequence[Sequence[WatchedBatch]] = (),
) -> WatchVerdict:
    """Say how the watch stands after the newest batch.

    The gains are combined by inverse variance. The variance of each is that of its sampling plus
    that between batches: the square of ``prior``, with the weight of 4 batches, pooled with
    what the gains of this and of earlier watches vary by beyond their sampling, and at least a
    quarter of ``prior`` (the moment estimator of Hedges 1983, Psychol. Bull. 93, with a prior).

    Args:
        batches: All that were watched, in the order they were looked at, the newest last.
        metric: What is compared.
        n_batches: Length of the watch, at least 1; batches that say nothing do not count.
        error: Chance, over the whole watch, of calling a champion worse that is not, 0..1.
        prior: As ``prior_sd`` gives it, in the metric's unit.
        earlier: The batches of each earlier watch of the model.
    """
    if not batches or not batches[-1].is_computable:
        name = batches[-1].batch if batches else "none"
        return WatchVerdict(
            verdict="not_computable",
            sentence=f"batch {name} does not count: the {metric} gain could not be computed on it",
        )
    counted = [batch for batch in batches if batch.is_computable]
    gain, se = _combined(counted, _between_batches([*earlier, counted], prior))
    bound = NormalDist().inv_cdf(error / n_batches)
    verdict: WatchVerdictName = "watching" if len(counted) < n_batches else "passed"
    if gain / se < bound:
        verdict = "worse"
    n_counted = f"{len(counted)} of {plural(n_batches, 'batch')}"
    sentence = (
        f"{metric} gain {number(gain, 0.0, decimals=4)} +- {number(se, decimals=4)} on"
        f" {sum(batch.n_rows for batch in counted)} rows, {n_counted}:"
        f" z {number(gain / se, bound)}, worse is below {bound:.2f} (chance {limit(error)} over"
        " the whole watch)"
    )
    return WatchVerdict(verdict=verdict, sentence=sentence, gain=gain, se=se)


def set_aside(history: Sequence[Promotion]) -> frozenset[str]:
    """Return the versions that were rolled back and have not been promoted since.

    They lost on rows that were looked at afterwards; they do not come back as former champions that
    fit again, only by a training or a person.

    Args:
        history: All promotions of a model, first epoch first.
    """
    aside: set[str] = set()
    left: str | None = None
    for row in history:
        if row.kind == "rollback" and left is not None:
            aside.add(left)
        aside.discard(row.version)
        left = row.version
    return frozenset(aside)


def _combined(batches: Sequence[WatchedBatch], between: float) -> tuple[float, float]:
    """Return the inverse-variance mean of the gains and its standard error, above 0."""
    pairs = _pairs(batches)
    weights = [1 / hypot(se, between) ** 2 for _, se in pairs]
    total = sum(weights)
    mean = sum(w * gain for w, (gain, _) in zip(weights, pairs, strict=True)) / total
    return mean, 1 / sqrt(total)


def _between_batches(watches: Sequence[Sequence[WatchedBatch]], prior: float) -> float:
    """Return the standard deviation of gains from batch to batch beside the sampling, above 0."""
    excess, freedom = 0.0, 0
    for watch in watches:
        pairs = _pairs(watch)
        if len(pairs) > 1:
            beyond = variance(gain for gain, _ in pairs) - fmean(se**2 for _, se in pairs)
            excess += (len(pairs) - 1) * beyond
            freedom += len(pairs) - 1
    pooled = (PRIOR_BATCHES * prior**2 + excess) / (PRIOR_BATCHES + freedom)
    return max(sqrt(max(pooled, 0.0)), LEAST_OF_PRIOR * prior, SMALLEST_SD)


def _pairs(batches: Sequence[WatchedBatch]) -> list[tuple[float, float]]:
    return [(b.gain, b.se) for b in batches if b.gain is not None and b.se is not None]


def _is_number(value: float | None) -> bool:
    return value is not None and isfinite(value)
