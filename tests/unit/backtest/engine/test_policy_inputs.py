from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pytest

from builders.worlds import make_world
from evergreen.backtest.engine.models import ModelKey, Models
from evergreen.backtest.engine.policy_inputs import LOOK_BACK, Eyes
from evergreen.backtest.engine.stream import Stream
from evergreen.signals import PolicySignals

FIRST = ModelKey(0)


def see(stream: Stream, batch: int, **changes: Any) -> PolicySignals:
    given: dict[str, Any] = {
        "champion": FIRST,
        "rivals": [],
        "held": set(),
        "wants_drift": False,
    }
    return Eyes(Models(stream)).see(batch, **given | changes)


@pytest.mark.parametrize(
    ("delay", "numbers"), [(0, [3, 4, 5]), (1, [2, 3, 4]), (4, [0, 1]), (5, [0])]
)
def test_only_labels_that_have_come_are_seen(delay: int, numbers: list[int]) -> None:
    signals = see(make_world(label_delay=delay), 5)

    assert [batch.number for batch in signals.labelled] == numbers
    assert len(numbers) <= LOOK_BACK
    assert signals.number == 5


@pytest.mark.parametrize("delay", [0, 2])
def test_labels_that_have_not_come_change_nothing_that_is_seen(delay: int) -> None:
    batch, stream = 5, make_world(label_delay=delay)
    rivals = [ModelKey(1), ModelKey(2, 0.5)]

    for known in (batch - delay + 1, batch - delay):
        late = make_world(label_delay=delay, flipped_labels_from=known)
        before, after = (
            see(one, batch, champion=ModelKey(3), rivals=rivals, wants_drift=True)
            for one in (stream, late)
        )

        assert (before == after) is (known > batch - delay)


def test_what_lies_in_the_future_changes_nothing_that_is_seen() -> None:
    stream = make_world()
    matrix, target = stream.matrix.copy(), stream.target.copy()
    matrix[stream.edges[4] :], target[stream.edges[4] :] = 7, 0
    other = replace(stream, matrix=matrix, target=target)

    one, two = (see(s, 3, champion=ModelKey(2), wants_drift=True) for s in (stream, other))

    assert one == two


def test_neither_champion_nor_rival_is_judged_on_what_it_learnt_from() -> None:
    signals = see(make_world(), 5, champion=ModelKey(4), rivals=[ModelKey(5), ModelKey(0)])

    found = {
        batch.number: (batch.champion is not None, [rival.version for rival in batch.rivals])
        for batch in signals.labelled
    }
    assert found == {3: (False, []), 4: (True, ["0@1"]), 5: (True, ["5@1", "0@1"])}


def test_gains_are_of_the_rival_over_the_champion() -> None:
    stream = make_world(turns_at=2)

    signals = see(stream, 5, champion=FIRST, rivals=[ModelKey(5)])

    (rival,) = signals.labelled[-1].rivals
    assert rival.gain > 0.5


def test_facts_say_what_a_model_has_learnt_from() -> None:
    signals = see(make_world(), 5, champion=ModelKey(4, 0.25), rivals=[ModelKey(2)])

    assert signals.champion is not None
    assert (signals.champion.trained_through, signals.champion.fraction) == (4, 0.25)
    assert signals.champion.version == signals.champion_version == "4@0.25"
    assert [(facts.version, facts.trained_through) for facts in signals.rivals] == [("2@1", 2)]
    assert (signals.window_batches, signals.n_training_rows) == (4, 600)


def test_held_batches_are_marked() -> None:
    signals = see(make_world(), 5, held={4})

    assert [batch.is_suspect for batch in signals.labelled] == [False, True, False]


def test_drift_and_decay_are_measured_only_for_policies_that_look_at_them() -> None:
    stream = make_world()

    blind, seeing = see(stream, 5), see(stream, 5, wants_drift=True)

    assert (blind.drift, blind.decay) == (None, None)
    assert seeing.drift is not None
    assert seeing.decay is not None
    assert seeing.drift.n_rows == 150


def test_a_broken_batch_is_seen_at_once_whatever_the_delay() -> None:
    signals = see(make_world(broken=[5], label_delay=3), 5, wants_drift=True)

    assert signals.drift is not None
    assert signals.drift.faults == ("z is missing in more rows by 1.00 over 0.35",)


def test_decay_is_against_the_first_labelled_batch_and_leaves_held_ones_out() -> None:
    stream = make_world(turns_at=3)

    decayed = see(stream, 4, wants_drift=True).decay
    held = see(stream, 4, wants_drift=True, held={3, 4}).decay
    too_new = see(stream, 4, wants_drift=True, champion=ModelKey(4)).decay

    assert decayed is not None
    assert held is not None
    assert too_new is not None
    assert (decayed.verdict, decayed.batches) == ("decayed", ("00000003", "00000004"))
    assert (held.verdict, held.batches) == ("stable", ("00000001", "00000002"))
    assert too_new.verdict == "insufficient_data"


@pytest.mark.parametrize(
    ("world", "chance", "is_higher_better"),
    [
        pytest.param({"metric": "auc"}, 0.5, True, id="auc"),
        pytest.param({"metric": "accuracy", "n_classes": 4}, 0.25, True, id="four classes"),
        pytest.param({"metric": "log_loss"}, log(2), False, id="log loss"),
        pytest.param({"metric": "rmse"}, 11.1, False, id="rmse"),
    ],
)
def test_chance_is_what_a_model_scores_that_knows_nothing(
    world: dict[str, Any], chance: float, is_higher_better: bool
) -> None:
    signals = see(make_world(3, **world), 1)

    assert signals.chance == pytest.approx(chance, rel=0.02)
    assert signals.unit == (1 if is_higher_better else 2 * signals.chance)
    assert signals.higher_is_better is is_higher_better
    assert np.isfinite(signals.labelled[-1].champion.value or np.nan)  # type: ignore[union-attr]  # it has one
