from typing import Any

import pytest

from builders.signals import (
    make_drift,
    make_facts,
    make_labelled,
    make_labelled_signals,
    make_rules,
    play,
)
from evergreen.policy import decide
from evergreen.policy.adaptive import MIN_AGE_TO_REPLACE, SEVERE, learn
from evergreen.policy.pace import PACE_OF_BUDGET
from evergreen.signals import Episode, PolicyDecision, PolicySignals, PolicyState, RateSample

RULES = make_rules()
HEALTHY = PolicyState(level=0.8, seen=2)
SEVERE_SCORE = 0.8 - SEVERE * 0.3


def decide_one(
    signals: PolicySignals, state: PolicyState = HEALTHY, **rules: Any
) -> tuple[PolicyDecision, PolicyState]:
    return decide(signals, state, make_rules(**rules))


def harmed_world(n_batches: int, **changes: Any) -> list[PolicySignals]:
    """Return batches from number 3 on, scored by models of which each newer one knows more.

    The champion of before is v3, trained through 0; what is trained at a batch serves at the next.
    """
    given: dict[str, Any] = {"window_batches": 4.0} | changes
    first = make_labelled_signals(3, 0.5, **given)
    later = [
        make_labelled_signals(number, 0.7, champion=make_facts(f"{number}", number, 0.25), **given)
        for number in range(4, 3 + n_batches)
    ]
    return [first, *later]


def test_a_healthy_champion_serves_on() -> None:
    decision, state = decide_one(make_labelled_signals(3))

    assert (decision.verdict, decision.trigger) == ("stand_down", "none")
    assert (
        "4 batches since the newest training (v3), the next retrain is expected after 12.6"
        in decision.sentence
    )
    assert "an assumption for quiet data; nothing measured yet" in decision.sentence
    assert (state.seen, state.level) == (3, 0.8)


@pytest.mark.parametrize(
    "labelled",
    [(), (make_labelled(2, 0.1),), (make_labelled(1, 0.1), make_labelled(2, 0.1))],
    ids=["no labels", "seen before", "all seen before"],
)
def test_without_new_labels_nothing_is_wanted(labelled: Any) -> None:
    decision, state = decide_one(make_labelled_signals(9, labelled=labelled))

    assert decision.sentence == "stand down: no labels have come since the last decision"
    assert state.seen == HEALTHY.seen


def test_all_batches_since_the_last_decision_are_taken_in() -> None:
    labelled = (make_labelled(2, 0.1), make_labelled(3, 0.81), make_labelled(4, 0.82))
    signals = make_labelled_signals(4, labelled=labelled, trained_through=3)

    state, harm = learn(signals, HEALTHY)

    assert (state.seen, len(state.surprises)) == (4, 2)
    assert harm is not None
    assert harm.value == 0.82


def test_a_broken_batch_is_passed_over() -> None:
    broken = make_labelled(3, 0.1, is_suspect=True)

    state, harm = learn(make_labelled_signals(3, labelled=(broken,)), HEALTHY)

    assert (state.seen, state.level, harm) == (3, 0.8, None)


def test_a_champion_without_a_score_is_no_harm() -> None:
    decision, _ = decide_one(make_labelled_signals(3, None))

    assert (decision.trigger, decision.is_alarm) == ("none", False)


# Pace


@pytest.mark.parametrize(("age", "verdict"), [(3, "stand_down"), (4, "retrain")])
def test_a_champion_serves_as_long_as_its_decay_makes_worth_while(age: int, verdict: str) -> None:
    assert PACE_OF_BUDGET / 0.2 == 4
    state = HEALTHY.model_copy(update={"drifted": (1.0,) * 5, "seen": 8})
    signals = make_labelled_signals(9, trained_through=10 - age, drift=make_drift(10))

    decision, after = decide_one(signals, state)

    assert decision.verdict == verdict
    assert (
        f"{age} batches since the newest training (v3), the next retrain is expected after 4.0"
        in decision.sentence
    )
    assert "an assumption for drifting data; nothing measured yet" in decision.sentence
    if verdict == "retrain":
        assert (decision.trigger, decision.fraction) == ("pace", 1)
        assert after.credit == pytest.approx(state.credit + 0.19 - 1)
        assert (after.last_fit, after.fitted_through) == (9, 10)
        assert after.comparing == signals.champion


def test_a_training_that_did_not_win_counts_for_the_pace() -> None:
    state = HEALTHY.model_copy(
        update={"drifted": (1.0,) * 5, "seen": 8, "fitted_through": 8, "last_fit": 7}
    )

    decision, _ = decide_one(make_labelled_signals(9, drift=make_drift(10)), state)

    assert decision.verdict == "stand_down"
    assert "2 batches since the newest training" in decision.sentence


@pytest.mark.parametrize(("credit", "verdict"), [(0.80, "stand_down"), (0.81, "retrain")])
def test_the_pace_waits_for_credit(credit: float, verdict: str) -> None:
    state = HEALTHY.model_copy(update={"credit": credit})

    decision, after = decide_one(make_labelled_signals(19), state)

    assert decision.verdict == verdict
    assert after.credit == pytest.approx(credit + 0.19 - (verdict == "retrain"))
    assert ("but the budget has credit for 0.99" in decision.sentence) is (verdict != "retrain")


def test_the_rate_that_was_measured_paces() -> None:
    samples = tuple(RateSample(number=2, gain=0.3, se=0.001, n_batches=3) for _ in range(5))
    fast = HEALTHY.model_copy(update={"samples": samples})

    decision, _ = decide_one(make_labelled_signals(3, trained_through=2), fast)

    assert (decision.verdict, decision.trigger) == ("retrain", "pace")
    assert "measured in 5 comparisons" in decision.sentence


# Harm


@pytest.mark.parametrize(
    ("beyond", "is_episode", "fraction"), [(0.001, False, 1.0), (-0.001, True, 0.25)]
)
def test_severe_harm_begins_an_episode_and_mild_harm_a_full_training(
    beyond: float, is_episode: bool, fraction: float
) -> None:
    signals = make_labelled_signals(3, SEVERE_SCORE + beyond)

    decision, state = decide_one(signals)

    assert (decision.verdict, decision.trigger, decision.is_alarm) == ("retrain", "harm", True)
    assert decision.fraction == fraction
    assert (state.episode is not None) is is_episode
    assert state.level == (0.8 if is_episode else None)
    assert "below its level, limit 0.0618" in decision.sentence
    assert decision.sentence.startswith(
        "retrain on the newest 25% of the window: sudden drop"
        if is_episode
        else "retrain: sudden drop"
    )


@pytest.mark.parametrize(
    ("age", "trigger"), [(MIN_AGE_TO_REPLACE - 1, "none"), (MIN_AGE_TO_REPLACE, "harm")]
)
def test_mild_harm_of_a_champion_that_has_just_come_waits(age: int, trigger: str) -> None:
    decision, state = decide_one(make_labelled_signals(3, 0.7, trained_through=4 - age))

    assert decision.trigger == trigger
    assert state.level == (None if trigger == "harm" else 0.8)


@pytest.mark.parametrize(("credit", "trigger"), [(0.80, "none"), (0.81, "harm")])
def test_mild_harm_waits_for_credit(credit: float, trigger: str) -> None:
    state = HEALTHY.model_copy(update={"credit": credit})

    decision, _ = decide_one(make_labelled_signals(3, 0.7), state)

    assert decision.trigger == trigger


def test_an_episode_retrains_as_the_rows_of_the_new_world_double() -> None:
    decisions, state = play(harmed_world(5), RULES, HEALTHY)

    assert [(d.trigger, d.fraction) for d in decisions] == [
        ("harm", 0.25),
        ("recovery", 0.5),
        ("none", 1.0),
        ("recovery", 1.0),
        ("none", 1.0),
    ]
    assert [d.is_alarm for d in decisions] == [True, False, False, False, False]
    assert decisions[2].sentence == (
        "stand down: recovering, 3 batches since the drop (2013-01-04), trained on 2 batches"
        " of them"
    )
    assert state.episode is None
    assert state.credit == pytest.approx(1 + 5 * 0.19 - 1.75)


def test_the_level_is_learnt_anew_after_an_episode() -> None:
    _, during = play(harmed_world(3), RULES, HEALTHY)
    _, after = play(harmed_world(4), RULES, HEALTHY)
    _, anew = play(harmed_world(5), RULES, HEALTHY)

    assert (during.level, after.level, anew.level) == (0.8, None, 0.7)


def test_a_long_window_is_filled_in_doubling_steps() -> None:
    decisions, _ = play(harmed_world(9, window_batches=8.0), make_rules(budget=1), HEALTHY)

    assert [(n + 1, d.fraction) for n, d in enumerate(decisions[:8]) if d.verdict == "retrain"] == [
        (1, 0.25),
        (2, 0.25),
        (4, 0.5),
        (8, 1.0),
    ]


@pytest.mark.parametrize("window_batches", [0.3, 1.0])
def test_a_window_of_one_batch_or_less_is_filled_at_once(window_batches: float) -> None:
    decision, state = decide_one(make_labelled_signals(3, 0.5, window_batches=window_batches))

    assert (decision.trigger, decision.fraction) == ("harm", 1.0)
    assert (state.episode, state.level) == (None, None)


@pytest.mark.parametrize(("credit", "verdict"), [(0.0595, "stand_down"), (0.061, "retrain")])
def test_an_episode_waits_for_credit(credit: float, verdict: str) -> None:
    state = HEALTHY.model_copy(update={"credit": credit})

    decision, after = decide_one(make_labelled_signals(3, 0.5, window_batches=4.0), state)

    assert decision.verdict == verdict
    assert after.episode is not None
    assert after.episode.n_fitted == (verdict == "retrain")


def test_an_episode_without_credit_ends_after_two_windows() -> None:
    broke = HEALTHY.model_copy(update={"credit": -9.0})
    signals = [make_labelled_signals(n, 0.5, window_batches=4.0) for n in range(3, 11)]

    before, still = play(signals[:-1], RULES, broke)
    decisions, state = play(signals, RULES, broke)

    assert {d.verdict for d in decisions} == {"stand_down"}
    assert still.episode is not None
    assert state.episode is None
    assert "recovery stopped: training budget exhausted" in decisions[-1].sentence
    assert len(before) == 7


@pytest.mark.parametrize(
    ("score", "is_over"), [(0.8, True), (0.5, False)], ids=["well again", "still bad"]
)
def test_harm_that_passes_by_itself_ends_its_episode(score: float, is_over: bool) -> None:
    hit = HEALTHY.model_copy(update={"episode": Episode(since=2, before="3"), "credit": -9.0})

    _, state = decide_one(make_labelled_signals(3, score, window_batches=4.0), hit)

    assert (state.episode is None) is is_over


def test_what_was_trained_since_does_not_end_the_episode() -> None:
    hit = HEALTHY.model_copy(update={"episode": Episode(since=2, n_fitted=1, before="3")})
    newer = make_labelled_signals(3, 0.8, trained_through=3, window_batches=8.0)

    _, state = decide_one(newer, hit)

    assert state.episode is not None


def test_after_a_false_alarm_the_champion_of_before_serves_again() -> None:
    hit = HEALTHY.model_copy(
        update={"episode": Episode(since=3, n_fitted=1, before="3"), "seen": 3, "level": 0.8}
    )
    gains = make_labelled(4, 0.75, gains={"3": (0.03, 0.01)})
    signals = make_labelled_signals(
        4,
        champion_version="4",
        champion=make_facts("4", 4, 0.25),
        rivals=(make_facts("3"),),
        labelled=(gains,),
    )

    decision, state = decide_one(signals, hit)
    calm, _ = decide_one(signals, HEALTHY)

    assert (decision.verdict, decision.trigger, decision.version) == ("reinstate", "rival", "3")
    assert decision.sentence == (
        "reinstate: v3 fits again: it is better by 0.0300 +/- 0.0224 on the newest labelled batch"
    )
    assert (state.episode, state.level) == (None, None)
    assert state.credit == pytest.approx(hit.credit + 0.19)
    assert calm.verdict != "reinstate"


def test_another_champion_that_comes_back_does_not_end_the_episode() -> None:
    episode = Episode(since=3, n_fitted=1, before="3")
    hit = HEALTHY.model_copy(update={"episode": episode, "seen": 3})
    gains = make_labelled(4, 0.5, gains={"1": (0.3, 0.01)})
    signals = make_labelled_signals(4, rivals=(make_facts("1"),), labelled=(gains,))

    decision, state = decide_one(signals, hit)

    assert (decision.version, state.episode, state.comparing) == ("1", episode, None)


# Rate


def compared(**state: Any) -> tuple[PolicySignals, PolicyState]:
    labelled = make_labelled(5, gains={"2": (-0.03, 0.004)})
    signals = make_labelled_signals(5, labelled=(labelled,), trained_through=5)
    return signals, HEALTHY.model_copy(update={"comparing": make_facts("2", 1)} | state)


def test_what_a_new_champion_gains_tells_the_rate() -> None:
    _, state = decide_one(*compared())

    assert [(s.number, s.gain, s.n_batches) for s in state.samples] == [(5, 0.03, 4)]


@pytest.mark.parametrize("policy", ["thresholds", "periodic", "every", "never"])
def test_the_rate_is_learnt_whichever_policy_decides(policy: str) -> None:
    _, state = decide_one(*compared(), name=policy)

    assert len(state.samples) == 1


def test_in_an_episode_no_rate_is_learnt() -> None:
    signals, state = compared(episode=Episode(since=4, n_fitted=1, before="2"))

    _, after = decide_one(signals, state)

    assert after.samples == ()


def test_trainings_of_an_episode_tell_no_rate() -> None:
    _, state = play(harmed_world(2), RULES, HEALTHY)

    assert state.last_fit == 4
    assert state.comparing is None


@pytest.mark.parametrize(
    ("number", "held_out", "trigger"),
    [(3, 0, "harm"), (3, 1, "none"), (4, 1, "harm"), (4, 2, "none"), (5, 2, "harm")],
)
def test_after_harm_a_training_waits_for_rows_that_the_holdout_leaves_it(
    number: int, held_out: int, trigger: str
) -> None:
    begun = HEALTHY.model_copy(update={"seen": number - 1, "episode": Episode(since=3, before="3")})
    state = HEALTHY if number == 3 else begun
    signals = make_labelled_signals(
        number, 0.5, window_batches=4.0, holdout_batches=held_out, champion=make_facts("3", 0)
    )

    decision, after = decide_one(signals, state)

    assert decision.trigger == trigger
    assert decision.is_alarm is (number == 3 or trigger == "harm")
    if trigger == "harm":
        assert after.fitted_through == number + 1 - held_out


def test_the_holdout_does_not_count_as_time_since_the_training() -> None:
    decision, _ = decide_one(make_labelled_signals(3, holdout_batches=1))

    assert "3 batches since the newest training" in decision.sentence
