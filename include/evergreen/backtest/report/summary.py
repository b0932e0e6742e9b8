"""What a back-test says in a few numbers: per policy what it kept, what it cost, who beats whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from evergreen.backtest.engine.results import BacktestResult, PolicyRun
from evergreen.metrics import higher_is_better
from evergreen.spec.model import METRICS_OF_TASK, MetricName

MIN_GAIN = 0.01
MIN_GAIN_OF_LOSS = 0.02
ORDER = ("never", "every", "periodic", "thresholds", "default")


@dataclass(frozen=True)
class SummaryRow:
    """One policy over the whole stream.

    Attributes:
        policy: Its name.
        score: Mean of the metric over the batches; None where no batch has one.
        gain: Score over that of ``never``, in the metric's unit, positive is better.
        kept: Share of the gain of ``every``; may be below 0 or above 1, None where that gain is
            below ``least_gain``.
        cost: Fits over batches, a fit on a part of the window counting as that part.
        n_fits: Trainings; of a mean over several runs the mean, rounded.
        n_promotions: Challengers that became champion; None for a mean over several runs.
        n_alarms: Batches with an alarm.
        n_quarantined: Batches kept out of training.
    """

    policy: str
    score: float | None
    gain: float | None
    kept: float | None
    cost: float
    n_fits: int
    n_promotions: int | None
    n_alarms: int
    n_quarantined: int


def summarise(result: BacktestResult, metric: MetricName) -> tuple[SummaryRow, ...]:
    """Return one row per policy: never, every, periodic, thresholds, default, then any other."""
    names = [name for name in ORDER if name in result.policies]
    names += [name for name in result.policies if name not in ORDER]
    sign = 1.0 if higher_is_better(metric) else -1.0
    never = _score(result, "never")
    available = _difference(_score(result, "every"), never, sign)
    if available is not None and available < least_gain(never, metric):
        available = None
    return tuple(
        _row(name, result.policies[name], never=never, available=available, sign=sign)
        for name in names
    )


def least_gain(never: float | None, metric: MetricName) -> float:
    """Return the gain of ``every`` below which a share of it says nothing, in the metric's unit.

    It is .01; for a regression, whose metric has the unit of the labels, 2 % of what never loses.
    """
    if metric in METRICS_OF_TASK["regression"]:
        return MIN_GAIN_OF_LOSS * (never or 0.0)
    return MIN_GAIN


def frontier(rows: Sequence[SummaryRow]) -> tuple[str, ...]:
    """Return the policies that no other beats in gain at the same or less cost, cheapest first."""
    best: float | None = None
    found = []
    known = [row for row in rows if row.gain is not None]
    for row in sorted(known, key=lambda row: (row.cost, -(row.gain or 0.0))):
        if best is None or (row.gain is not None and row.gain > best):
            best = row.gain
            found.append(row.policy)
    return tuple(found)


def beaten_by(row: SummaryRow, rows: Sequence[SummaryRow]) -> SummaryRow | None:
    """Return the policy with the most gain among those that gain as much for as little, or more."""
    if row.gain is None:
        return None
    better = [
        other
        for other in rows
        if other.gain is not None
        and other.policy != row.policy
        and other.gain >= row.gain
        and other.cost <= row.cost
        and (other.gain, -other.cost) != (row.gain, -row.cost)
    ]
    return max(better, key=lambda other: (other.gain or 0.0, -other.cost), default=None)


def _row(
    name: str, run: PolicyRun, *, never: float | None, available: float | None, sign: float
) -> SummaryRow:
    gain = _difference(run.score, never, sign)
    is_mean = name == "periodic"
    has_share = gain is not None and available is not None
    return SummaryRow(
        policy=name,
        score=run.score,
        gain=gain,
        kept=(gain or 0.0) / (available or 1.0) if has_share else None,
        cost=run.cost,
        n_fits=round(sum(fit.fraction for fit in run.fits)) if is_mean else len(run.fits),
        n_promotions=None if is_mean else len(run.promotions),
        n_alarms=len(run.alarms),
        n_quarantined=len(run.quarantined),
    )


def _score(result: BacktestResult, name: str) -> float | None:
    run = result.policies.get(name)
    return None if run is None else run.score


def _difference(score: float | None, never: float | None, sign: float) -> float | None:
    return None if score is None or never is None else sign * (score - never)
