"""How long a champion may serve before the next training: paced by measured decay.

A champion that loses ``rate`` per batch has lost ``rate * n * n / 2`` in all after n batches.
Spread over n with the price of one training, that is least at ``n = sqrt(2 * price / rate)``.
The price is set so that decay of an ordinary rate is answered at the pace of the budget. The rate
comes from what each new champion gained over the one before it on the same rows (so a hard batch
cancels), shrunk towards an expectation: an ordinary rate while the data drift, almost none while
nothing moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from evergreen.signals import LabelledBatch, ModelFacts, PolicyState, RateSample

ORDINARY_RATE = 0.004
QUIET_RATE = 0.0004
EXPECTATION_SD = 0.002
MODEL_SD = 0.02
MEMORY = 0.93
DRIFT_TO_WORRY = 0.15
DRIFT_BATCHES = 5
PACE_OF_BUDGET = 0.8
MAX_BATCHES = 20
MAX_SAMPLES = 40
BATCHES_COMPARED = 2
LARGEST_RATE = 0.1
SMALLEST_RATE = -0.02
TINY = 1e-6


@dataclass(frozen=True)
class Pace:
    """How fast the champion decays and what interval follows.

    Attributes:
        rate: Loss of the metric per batch of age, in the metric's unit.
        n_batches: Batches between trainings.
        is_moving: Whether the data moved in the newest batches.
        n_samples: Measured decays that the rate rests on.
    """

    rate: float
    n_batches: float
    is_moving: bool
    n_samples: int


def measure_pace(state: PolicyState, number: int, budget: float, *, unit: float = 1.0) -> Pace:
    """Estimate the rate of decay as of batch ``number`` and the interval that pays.

    Args:
        state: Samples and drift history.
        number: Number of the newest labelled batch; older samples weigh less.
        budget: Trainings per batch, (0, 1].
        unit: What counts as 1 in the metric; the rates here are of that.
    """
    newest = state.drifted[-DRIFT_BATCHES:]
    moving = sum(newest) / len(newest) if newest else 0.0
    expected = max(QUIET_RATE, ORDINARY_RATE * min(1.0, moving / DRIFT_TO_WORRY))
    total, weight = expected / EXPECTATION_SD**2, 1 / EXPECTATION_SD**2
    for sample in state.samples:
        rate = min(LARGEST_RATE, max(SMALLEST_RATE, sample.gain / unit / sample.n_batches))
        variance = ((sample.se / unit) ** 2 + MODEL_SD**2) / sample.n_batches**2
        its_weight = MEMORY ** (number - sample.number) / variance
        total, weight = total + its_weight * rate, weight + its_weight
    rate = max(total / weight, TINY)
    interval = PACE_OF_BUDGET / budget * sqrt(ORDINARY_RATE / rate)
    n_batches = min(max(interval, 1.0), max(MAX_BATCHES, 4 / budget))
    return Pace(rate * unit, n_batches, moving > 0, len(state.samples))


def learn_rate(state: PolicyState, champion: ModelFacts, batch: LabelledBatch) -> PolicyState:
    """Take in what the champion gained over the one before it, on its first batches only.

    Later batches would tell of decay since, which both suffer.
    """
    before = state.comparing
    if before is None or batch.number - champion.trained_through >= BATCHES_COMPARED:
        return state
    n_batches = champion.trained_through - before.trained_through
    gains = [rival for rival in batch.rivals if rival.version == before.version]
    if n_batches <= 0 or champion.fraction != before.fraction or not gains:
        return state
    sample = RateSample(
        number=batch.number, gain=-gains[0].gain, se=gains[0].se, n_batches=n_batches
    )
    samples: Sequence[RateSample] = (*state.samples, sample)
    return state.model_copy(update={"samples": tuple(samples[-MAX_SAMPLES:])})
