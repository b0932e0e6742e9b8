"""A loss in any unit is judged as an accuracy is that says the same."""

import numpy as np
import pytest

from builders.signals import make_facts, make_labelled, make_rules, make_signals, play
from evergreen.metrics.chance import unit_of
from evergreen.records import MetricEstimate
from evergreen.signals import LabelledBatch, PolicyDecision, PolicySignals, RivalGain

PERFECT = 1.0


def hard_world(seed: int, n_batches: int = 40) -> list[PolicySignals]:
    """Batches of a champion that decays, is harmed once, and has a rival that comes and goes.

    Scores are accuracies, of which one half is chance.
    """
    random = np.random.default_rng(seed)
    signals = []
    for number in range(n_batches):
        is_harmed = 18 <= number < 22
        score = 0.8 - 0.25 * is_harmed - 0.002 * (number % 12) + 0.01 * random.normal()
        gains = {"2": (0.06 * random.normal() - 0.03 + 0.2 * (number > 30), 0.01)}
        signals.append(
            make_signals(
                number=number,
                champion=make_facts(trained_through=number - number % 12),
                rivals=(make_facts("2"),),
                labelled=(make_labelled(number, float(score), gains=gains),),
            )
        )
    return signals


def as_loss(signals: PolicySignals, unit: float) -> PolicySignals:
    """Say the same as a loss, which is 0 when perfect and half the unit by chance."""
    found = unit_of("rmse", (PERFECT - signals.chance) * unit)
    assert found == pytest.approx(unit)
    return signals.model_copy(
        update={
            "labelled": tuple(_as_loss(batch, unit) for batch in signals.labelled),
            "chance": unit * (PERFECT - signals.chance),
            "unit": unit,
            "higher_is_better": False,
        }
    )


def _as_loss(batch: LabelledBatch, unit: float) -> LabelledBatch:
    assert batch.champion is not None
    value, se = batch.champion.value or 0.0, batch.champion.se or 0.0
    loss = MetricEstimate(name="rmse", value=unit * (PERFECT - value), se=unit * se, n_rows=1000)
    rivals = tuple(
        RivalGain(version=one.version, gain=unit * one.gain, se=unit * one.se)
        for one in batch.rivals
    )
    return batch.model_copy(update={"champion": loss, "rivals": rivals})


def told(decisions: list[PolicyDecision]) -> list[tuple[str, str, float, bool]]:
    return [(one.verdict, one.trigger, one.fraction, one.is_alarm) for one in decisions]


@pytest.mark.parametrize("unit", [0.001, 1.0, 40_000.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_unit_of_a_loss_does_not_matter(unit: float, seed: int) -> None:
    world = hard_world(seed)

    as_accuracy, _ = play(world, make_rules())
    in_unit, _ = play([as_loss(signals, unit) for signals in world], make_rules())

    assert told(in_unit) == told(as_accuracy)
    assert {one.verdict for one in in_unit} >= {"retrain", "stand_down", "reinstate"}
