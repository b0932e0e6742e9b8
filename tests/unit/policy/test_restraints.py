from typing import Any

import pytest

from builders.signals import (
    make_decay,
    make_drift,
    make_labelled,
    make_labelled_signals,
    make_rules,
    make_signals,
    play,
)
from evergreen.policy import PolicyRules, decide
from evergreen.signals import PolicyState, Request

DRIFTED = make_drift(9)


def verdicts(asking: list[bool], rules: PolicyRules) -> list[str]:
    """Decide about batches of which some are drifted all over."""
    signals = [
        make_signals(number=n, drift=DRIFTED if asks else make_drift())
        for n, asks in enumerate(asking)
    ]
    decisions, _ = play(signals, rules)
    return [d.verdict for d in decisions]


@pytest.mark.parametrize(
    ("asking", "trains"),
    [
        pytest.param([True], [], id="one of one"),
        pytest.param([True, True], [1], id="two in a row"),
        pytest.param([True, False, True], [2], id="two of the last three"),
        pytest.param([True, False, False, True], [], id="too far apart"),
        pytest.param([True, True, False], [1], id="enough votes, but nothing is wanted now"),
    ],
)
def test_a_training_needs_its_votes(asking: list[bool], trains: list[int]) -> None:
    found = verdicts(asking, make_rules("thresholds", votes=2, of_last=3))

    assert [n for n, verdict in enumerate(found) if verdict == "retrain"] == trains


def test_the_sentence_counts_the_votes() -> None:
    rules = make_rules("thresholds", votes=2, of_last=3)

    decision, _ = decide(make_signals(drift=DRIFTED), PolicyState(), rules)

    assert (decision.verdict, decision.trigger) == ("stand_down", "drift")
    assert decision.sentence.startswith("stand down: drifted share 0.90 reaches 0.50")
    assert decision.sentence.endswith("but 1 of the last 3 batches asked for it, needs 2")


@pytest.mark.parametrize(("n_cool", "trains"), [(0, [0, 1, 2, 3, 4]), (1, [0, 2, 4]), (3, [0, 4])])
def test_a_training_is_followed_by_its_cool_down(n_cool: int, trains: list[int]) -> None:
    found = verdicts([True] * 5, make_rules("thresholds", cool_down_batches=n_cool))

    assert [n for n, verdict in enumerate(found) if verdict == "retrain"] == trains


def test_the_sentence_tells_the_cool_down() -> None:
    rules = make_rules("thresholds", cool_down_batches=3)

    decision, _ = decide(make_signals(number=9, drift=DRIFTED), PolicyState(last_fit=7), rules)

    assert decision.sentence.endswith(
        "but the newest training was 2 batches ago, the cool-down is 3 batches"
    )


@pytest.mark.parametrize(
    ("n_new_rows", "verdict"), [(99, "stand_down"), (100, "retrain"), (None, "retrain")]
)
def test_a_training_needs_new_rows(n_new_rows: int | None, verdict: str) -> None:
    rules = make_rules("thresholds", min_new_rows=100)

    decision, _ = decide(make_signals(drift=DRIFTED, n_new_rows=n_new_rows), PolicyState(), rules)

    assert decision.verdict == verdict
    assert ("99 labelled rows are new, needs 100" in decision.sentence) is (n_new_rows == 99)


STRICT: dict[str, Any] = {"votes": 3, "of_last": 3, "cool_down_batches": 5, "min_new_rows": 10**6}


@pytest.mark.parametrize("policy", ["thresholds", "periodic", "every", "default"])
def test_restraints_hold_for_every_policy(policy: str) -> None:
    signals = [
        make_labelled_signals(n, 0.8, drift=DRIFTED, decay=make_decay("decayed"), n_new_rows=9)
        for n in range(20)
    ]

    decisions, state = play(signals, make_rules(policy, **STRICT))

    assert {d.verdict for d in decisions} == {"stand_down"}
    assert any(d.trigger != "none" for d in decisions)
    assert state.last_fit is None


def test_a_person_is_not_restrained() -> None:
    request = Request(force_retrain=True, reason="new airline")

    decision, _ = decide(make_signals(request=request), PolicyState(), make_rules(**STRICT))

    assert decision.verdict == "retrain"


def test_mild_harm_that_is_stood_down_still_alarms_at_the_next_batch() -> None:
    harmed = [make_labelled_signals(n, 0.72) for n in (3, 4)]

    decisions, _ = play(harmed, make_rules(votes=2, of_last=2), PolicyState(level=0.8, seen=2))

    assert [(d.verdict, d.trigger, d.is_alarm) for d in decisions] == [
        ("stand_down", "harm", True),
        ("retrain", "harm", True),
    ]


def test_recovery_that_is_stood_down_counts_no_fit() -> None:
    harmed = make_labelled_signals(3, 0.5, n_training_rows=0, window_batches=4)

    (decision,), state = play([harmed], make_rules(), PolicyState(level=0.8, seen=2))

    assert (decision.verdict, decision.trigger) == ("stand_down", "harm")
    assert state.episode is not None
    assert (state.episode.since, state.episode.n_fitted) == (3, 0)
    assert state.credit == pytest.approx(1.19)


def test_a_reinstated_champion_needs_no_votes() -> None:
    better = make_labelled(3, gains={"1": (0.2, 0.01)})
    signals = make_labelled_signals(
        3, labelled=(better,), rivals=({"version": "1", "trained_through": 0},)
    )

    decision, state = decide(signals, PolicyState(level=0.8), make_rules(**STRICT))

    assert (decision.verdict, decision.version) == ("reinstate", "1")
    assert state.votes == (False,)
