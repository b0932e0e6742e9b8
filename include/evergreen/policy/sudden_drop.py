"""How a healthy champion scores, and whether its score has dropped suddenly.

The level is an exponentially weighted mean of the scores of fresh champions. How far single batches
lie from it by chance is learnt as well (median absolute deviation), so a stream of hard and easy
batches raises no alarm. Limits are for metrics in 0..1; for a loss they are in units of
``PolicySignals.unit``.
"""

from dataclasses import dataclass
from math import hypot, sqrt
from statistics import median

from evergreen.records import MetricEstimate
from evergreen.signals import PolicySignals, PolicyState

WEIGHT = 0.3
Z = 3.0
MIN_DROP = 0.02
SPREAD_AT_FIRST = 0.02
MIN_SPREAD = 0.01
MIN_SURPRISES = 5
MAX_SURPRISES = 20
SD_PER_MAD = 1.4826
FRESH_BATCHES = 2
MIN_SKILL = 0.05


@dataclass(frozen=True)
class Harm:
    """How one labelled batch compares with the level.

    Attributes:
        value: The champion's score, turned so that more is better.
        drop: Level minus value; positive when worse.
        limit: The drop from which it is an alarm.
        severity: Drop as a share of what the level is above chance.
    """

    value: float
    drop: float
    limit: float
    severity: float

    @property
    def is_alarm(self) -> bool:
        """Whether the drop is over its limit."""
        return self.drop > self.limit


def upright(value: float, signals: PolicySignals) -> float:
    """Turn a metric's value so that more is better."""
    return value if signals.higher_is_better else -value


def measure_harm(
    estimate: MetricEstimate | None, state: PolicyState, signals: PolicySignals
) -> Harm | None:
    """Compare a champion's score with the level; None where there is no score.

    Without a level yet the drop is 0: the first score makes the level.
    """
    if estimate is None or estimate.value is None:
        return None
    value = upright(estimate.value, signals)
    level = value if state.level is None else state.level
    beyond_sampling = spread(state, signals.unit)
    limit = max(MIN_DROP * signals.unit, Z * hypot(estimate.se or 0.0, beyond_sampling))
    skill = max(MIN_SKILL * signals.unit, level - upright(signals.chance, signals))
    return Harm(value=value, drop=level - value, limit=limit, severity=(level - value) / skill)


def spread(state: PolicyState, unit: float = 1.0) -> float:
    """Return the standard deviation of fresh scores around the level, without sampling error."""
    if len(state.surprises) < MIN_SURPRISES:
        return SPREAD_AT_FIRST * unit
    learnt = SD_PER_MAD * median(abs(surprise) for surprise in state.surprises)
    return max(MIN_SPREAD * unit, learnt)


def learn_level(state: PolicyState, harm: Harm, *, n_batches_old: int) -> PolicyState:
    """Update the level: with the first score of all, then with scores of fresh champions only."""
    if state.level is None:
        return state.model_copy(update={"level": harm.value})
    if harm.is_alarm or n_batches_old >= FRESH_BATCHES or state.episode is not None:
        return state
    surprises = (*state.surprises, -harm.drop)[-MAX_SURPRISES:]
    level = state.level - WEIGHT * harm.drop
    return state.model_copy(update={"level": level, "surprises": surprises})


def mean_gain(gains: list[tuple[float, float]]) -> tuple[float, float]:
    """Return mean and standard error of independent (gain, se) pairs, at least one."""
    n = len(gains)
    return sum(g for g, _ in gains) / n, sqrt(sum(se * se for _, se in gains)) / n
