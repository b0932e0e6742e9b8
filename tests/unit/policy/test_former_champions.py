from math import hypot, sqrt

import pytest

from builders.signals import make_facts, make_labelled, make_signals
from evergreen.policy.former_champions import (
    MIN_GAIN,
    MODEL_SD,
    Z_AFTER_FALSE_ALARM,
    Rival,
    Z,
    best_rival,
    remember_refusals,
)
from evergreen.signals import Episode, LabelledBatch, PolicyState

SE = 0.01
ONE_BATCH = hypot(SE, MODEL_SD)
TINY = 1e-9
RIVALS = (make_facts("1"), make_facts("2"))


def find(*labelled: LabelledBatch, state: PolicyState | None = None) -> Rival | None:
    signals = make_signals(labelled=labelled, rivals=RIVALS)
    return best_rival(signals, state or PolicyState())


def of_gain(gain: float, number: int = 8, *, se: float = SE) -> LabelledBatch:
    return make_labelled(number, gains={"1": (gain, se)})


def test_nobody_is_better_where_nothing_was_compared() -> None:
    assert find() is None
    assert find(make_labelled(8)) is None


@pytest.mark.parametrize(("beyond", "is_found"), [(-TINY, False), (TINY, True)])
def test_a_former_champion_has_to_be_surely_better(beyond: float, is_found: bool) -> None:
    found = find(of_gain(Z * ONE_BATCH + beyond))

    assert (found is not None) is is_found
    assert found is None or (found.version, found.n_batches) == ("1", 1)


@pytest.mark.parametrize(("beyond", "is_found"), [(-TINY, False), (TINY, True)])
def test_two_batches_are_surer_than_one(beyond: float, is_found: bool) -> None:
    gain = Z * ONE_BATCH / sqrt(2) + beyond

    found = find(of_gain(gain, 7), of_gain(gain, 8))

    assert (found is not None) is is_found
    assert found is None or found.n_batches == 2


@pytest.mark.parametrize(("beyond", "is_found"), [(-TINY, False), (TINY, True)])
def test_after_a_false_alarm_half_an_error_brings_the_one_before_back(
    beyond: float, is_found: bool
) -> None:
    before = PolicyState(episode=Episode(since=7, before="1"))
    other = PolicyState(episode=Episode(since=7, before="2"))
    batch = of_gain(Z_AFTER_FALSE_ALARM * ONE_BATCH + beyond)

    assert (find(batch, state=before) is not None) is is_found
    assert find(batch, state=other) is None


def test_a_gain_that_does_not_matter_brings_nobody_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evergreen.policy.former_champions.MODEL_SD", 0.0)

    assert find(of_gain(MIN_GAIN - TINY, se=0.0)) is None
    assert find(of_gain(MIN_GAIN + TINY, se=0.0)) is not None


def test_only_the_two_newest_sound_batches_are_judged() -> None:
    once_good, bad = of_gain(0.9, 6), [of_gain(-0.1, 7), of_gain(-0.1, 8)]
    broken = make_labelled(9, gains={"1": (0.9, SE)}, is_suspect=True)

    assert find(once_good, *bad, broken) is None
    assert find(of_gain(0.2, 7), of_gain(0.2, 8), broken) is not None


def test_the_best_of_several_comes_back() -> None:
    batch = make_labelled(8, gains={"1": (0.2, SE), "2": (0.3, SE)})

    found = find(batch)

    assert found is not None
    assert found.version == "2"


def test_a_version_that_cannot_serve_any_more_does_not_come_back() -> None:
    batch = make_labelled(8, gains={"deleted": (0.4, SE)})

    assert find(batch) is None


def test_one_that_was_asked_back_and_did_not_win_is_not_asked_again() -> None:
    better = make_labelled(8, gains={"1": (0.3, SE), "2": (0.2, SE)})
    asked = PolicyState(asked_back="1", serving="3")

    remembered = remember_refusals(make_signals(rivals=RIVALS), asked)

    assert (remembered.refused, remembered.asked_back) == (("1",), None)
    found = find(better, state=remembered)
    assert found is not None
    assert found.version == "2"


def test_one_that_serves_now_was_not_refused() -> None:
    asked = PolicyState(asked_back="3", serving="2", refused=("1",))

    remembered = remember_refusals(make_signals(champion_version="3"), asked)

    assert (remembered.refused, remembered.serving) == ((), "3")


def test_a_refusal_holds_while_the_same_champion_serves() -> None:
    refused = PolicyState(serving="3", refused=("1",))

    assert remember_refusals(make_signals(champion_version="3"), refused).refused == ("1",)
    assert remember_refusals(make_signals(champion_version="4"), refused).refused == ()
