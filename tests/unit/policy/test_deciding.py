from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.signals import (
    make_decay,
    make_drift,
    make_estimate,
    make_facts,
    make_labelled,
    make_labelled_signals,
    make_rules,
    make_signals,
    play,
)
from evergreen.measurements import DriftMeasurement
from evergreen.policy import PolicyRules, decide
from evergreen.policy.deciding import EARNED_OF_BUDGET, MAX_CREDIT, MAX_REMEMBERED
from evergreen.signals import (
    HOLD_BATCHES,
    Episode,
    LabelledBatch,
    ModelFacts,
    PolicySignals,
    PolicyState,
    RateSample,
    Request,
    RivalGain,
)

BROKEN = make_drift(1, faults=("x0 is missing in more rows by 0.60 over 0.35",))
POLICIES = ["default", "thresholds", "periodic", "every", "never"]
FORCED = Request(force_retrain=True, reason="new airline", requested_by="anna")


def of_drift(*drifts: DriftMeasurement) -> list[PolicySignals]:
    return [make_signals(number=n, drift=drift) for n, drift in enumerate(drifts)]


# Held batches


@pytest.mark.parametrize("policy", POLICIES)
def test_a_broken_batch_is_held_whichever_policy_decides(policy: str) -> None:
    decision, state = decide(make_signals(drift=BROKEN), PolicyState(), make_rules(policy))

    assert (decision.verdict, decision.trigger) == ("stand_down", "none")
    assert (decision.is_suspect, decision.is_released) == (True, False)
    assert decision.sentence == (
        "stand down: the batch looks broken (x0 is missing in more rows by 0.60 over 0.35); it is"
        " kept out of training (1 batch in a row, after 4 it counts as the new normal)"
    )
    assert state.n_suspect == 1


def test_what_goes_on_for_too_long_to_be_a_fault_is_released_once() -> None:
    decisions, state = play(of_drift(*[BROKEN] * (HOLD_BATCHES + 2)), make_rules())

    assert [d.is_suspect for d in decisions] == [True] * HOLD_BATCHES + [False, False]
    assert [d.is_released for d in decisions] == [False] * HOLD_BATCHES + [True, False]
    assert state.n_suspect == HOLD_BATCHES + 2


def test_a_sound_batch_ends_the_row() -> None:
    drifts = [BROKEN] * HOLD_BATCHES + [make_drift()] + [BROKEN]

    decisions, state = play(of_drift(*drifts), make_rules())

    assert [d.is_suspect for d in decisions] == [True] * HOLD_BATCHES + [False, True]
    assert not any(d.is_released for d in decisions)
    assert state.n_suspect == 1


def test_labels_that_come_with_a_broken_batch_are_taken_in_later() -> None:
    broken = make_labelled_signals(3, drift=BROKEN)
    labelled = (make_labelled(3, is_suspect=True), make_labelled(4, 0.81))
    after = make_labelled_signals(4, labelled=labelled, trained_through=4)

    (held, _), state = play([broken, after], make_rules(), PolicyState(level=0.8, seen=2))

    assert held.is_suspect
    assert (state.seen, len(state.surprises)) == (4, 1)


def test_a_person_may_retrain_on_a_broken_batch() -> None:
    decision, _ = decide(make_signals(drift=BROKEN, request=FORCED), PolicyState(), make_rules())

    assert (decision.verdict, decision.is_suspect) == ("retrain", False)


# Drift without harm


@pytest.mark.parametrize(
    ("changes", "is_harmless"),
    [
        pytest.param({}, True, id="stable decay"),
        pytest.param({"drift": make_drift(0)}, False, id="no drift"),
        pytest.param({"drift": None}, False, id="drift not measured"),
        pytest.param({"decay": make_decay("insufficient_data")}, False, id="decay not known"),
        pytest.param({"decay": make_decay("not_computable")}, False, id="decay not computable"),
        pytest.param({"decay": None}, False, id="decay not measured"),
        pytest.param({"drift": make_drift(5)}, False, id="a retrain is wanted"),
        pytest.param({"decay": make_decay("decayed")}, False, id="decayed"),
    ],
)
def test_drift_is_called_harmless_only_where_the_champion_is_healthy(
    changes: dict[str, Any], is_harmless: bool
) -> None:
    signals = make_signals(**{"drift": make_drift(2)} | changes)

    decision, _ = decide(signals, PolicyState(), make_rules("thresholds"))

    assert decision.is_harmless_drift is is_harmless
    assert ("drift but harmless" in decision.sentence) is is_harmless


def test_an_alarm_is_never_called_harmless() -> None:
    hit = make_labelled_signals(3, 0.7, drift=make_drift(2), n_training_rows=0)

    decision, _ = decide(hit, PolicyState(level=0.8, seen=2), make_rules())

    assert (decision.verdict, decision.is_alarm) == ("stand_down", True)
    assert not decision.is_harmless_drift


# Budget


def test_every_decision_earns_of_the_budget_up_to_a_limit() -> None:
    signals = [make_signals(number=n) for n in range(100)]
    rules = make_rules("never", budget=0.4)

    _, once = decide(signals[0], PolicyState(), rules)
    _, state = play(signals, rules)

    assert once.credit == pytest.approx(1 + EARNED_OF_BUDGET * 0.4)
    assert state.credit == MAX_CREDIT


def test_the_budget_is_kept_in_the_long_run_however_fast_the_champion_decays() -> None:
    n_batches, budget = 200, 0.1
    samples = tuple(RateSample(number=0, gain=9, se=0.001, n_batches=1) for _ in range(40))
    drift = make_drift(10)
    signals = [make_labelled_signals(n, drift=drift) for n in range(n_batches)]

    decisions, state = play(signals, make_rules(budget=budget), PolicyState(samples=samples))

    spent = sum(d.fraction for d in decisions if d.verdict == "retrain")
    assert 0.8 * budget * n_batches < spent <= 1 + budget * n_batches
    assert state.credit >= -1e-6


@pytest.mark.parametrize("policy", POLICIES)
def test_a_forced_retrain_goes_the_same_way_and_pays(policy: str) -> None:
    signals = make_labelled_signals(5, request=FORCED)

    decision, state = decide(signals, PolicyState(), make_rules(policy))

    assert (decision.verdict, decision.trigger, decision.fraction) == ("retrain", "forced", 1)
    assert decision.sentence == "retrain: forced by anna: new airline"
    assert state.credit == pytest.approx(EARNED_OF_BUDGET * 0.2)
    assert (state.seen, state.last_fit, state.fitted_through) == (5, 5, 6)
    assert state.comparing == signals.champion


def test_forcing_over_the_budget_makes_the_policy_wait() -> None:
    forced = [make_labelled_signals(n, request=FORCED) for n in range(3)]
    quiet = [make_labelled_signals(n, trained_through=3) for n in range(3, 60)]

    _, broke = play(forced, make_rules())
    decisions, _ = play(quiet, make_rules(), broke)

    assert broke.credit == pytest.approx(1 - 3 + 3 * 0.19)
    first = next(n for n, d in enumerate(decisions, start=1) if d.verdict == "retrain")
    assert broke.credit + first * 0.19 >= 1 > broke.credit + (first - 1) * 0.19


def test_a_forced_retrain_that_is_stood_down_costs_nothing() -> None:
    signals = make_signals(request=FORCED, n_training_rows=0)

    decision, state = decide(signals, PolicyState(), make_rules())

    assert (decision.verdict, decision.trigger) == ("stand_down", "forced")
    assert (state.credit, state.last_fit) == pytest.approx((1.19, None))


# A held promotion gets a new decision


@pytest.mark.parametrize("policy", ["default", "thresholds", "periodic", "every"])
def test_what_was_held_is_decided_anew_even_if_nothing_else_asks(policy: str) -> None:
    rules = make_rules(policy, every_batches=50, phase=7, votes=2, of_last=2, cool_down_batches=9)
    signals = make_labelled_signals(5, was_held=True, n_new_rows=0)

    decision, state = decide(signals, PolicyState(last_fit=4, credit=0.0), rules)

    assert (decision.verdict, decision.trigger, decision.fraction) == ("retrain", "held", 1)
    assert decision.sentence == (
        "retrain: a promotion was held, and no hold or freeze is in force now"
    )
    assert (state.last_fit, state.fitted_through) == (5, 6)


def test_deciding_anew_takes_what_credit_is_there_and_makes_no_debt() -> None:
    held = make_labelled_signals(5, was_held=True)

    _, rich = decide(held, PolicyState(credit=3.0, number=5), make_rules())
    _, poor = decide(held, PolicyState(credit=0.3, number=5), make_rules())

    assert (rich.credit, poor.credit) == pytest.approx((2.0, 0.0))


def test_under_never_only_a_person_asks_again_for_what_was_held() -> None:
    decision, _ = decide(make_signals(was_held=True), PolicyState(), make_rules("never"))
    forced, _ = decide(
        make_signals(was_held=True, request=FORCED), PolicyState(), make_rules("never")
    )

    assert (decision.verdict, decision.trigger) == ("stand_down", "none")
    assert (forced.verdict, forced.trigger) == ("retrain", "forced")


@pytest.mark.parametrize(
    ("changes", "verdict", "trigger"),
    [
        pytest.param({"drift": BROKEN}, "stand_down", "none", id="a broken batch is held first"),
        pytest.param({"n_training_rows": 0}, "stand_down", "held", id="too few rows"),
        pytest.param({"drift": make_drift(5)}, "retrain", "drift", id="something else asks"),
        pytest.param({"champion_version": None}, "bootstrap", "first_model", id="first model"),
    ],
)
def test_what_was_held_comes_after_what_weighs_more(
    changes: dict[str, Any], verdict: str, trigger: str
) -> None:
    signals = make_signals(**{"was_held": True} | changes)

    decision, _ = decide(signals, PolicyState(), make_rules("thresholds"))

    assert (decision.verdict, decision.trigger) == (verdict, trigger)


# First model


def test_the_first_model_is_free_and_forgets_what_was_before_it() -> None:
    signals = make_labelled_signals(5, champion_version=None, champion=None, drift=BROKEN)

    decision, state = decide(signals, PolicyState(), make_rules())

    assert (decision.verdict, decision.is_suspect) == ("bootstrap", False)
    assert (state.seen, state.credit, state.level) == pytest.approx((5, 1.19, None))


# Memory


def test_numbers_of_another_cadence_are_forgotten_and_the_rest_is_not() -> None:
    weekly = PolicyState(
        credit=2.0,
        seen=19_800,
        level=0.8,
        surprises=(0.01,),
        last_fit=19_799,
        fitted_through=19_800,
        episode=Episode(since=19_800, before="3"),
    )
    rules = make_rules(cool_down_batches=3)
    daily = [make_labelled_signals(n, trained_through=2_800) for n in range(2_829, 2_832)]

    decisions, state = play(daily, rules, weekly)

    assert (decisions[0].verdict, decisions[0].trigger) == ("retrain", "pace")
    assert (state.seen, state.last_fit, state.fitted_through) == (2_831, 2_829, 2_830)
    assert (state.level, state.surprises, state.episode) == (0.8, (0.01,), None)


def test_the_same_position_again_forgets_nothing() -> None:
    known = PolicyState(seen=5, level=0.8, last_fit=4, fitted_through=5)

    _, state = decide(make_labelled_signals(5), known, make_rules())

    assert (state.seen, state.last_fit, state.fitted_through) == (5, 4, 5)


def test_memory_does_not_grow_without_end() -> None:
    signals = [make_labelled_signals(n, drift=make_drift(n % 3)) for n in range(150)]

    _, state = play(signals, make_rules())

    assert (len(state.drifted), len(state.votes)) == (MAX_REMEMBERED, 52)
    assert len(state.to_json()["surprises"]) <= 20


def test_a_full_memory_survives_the_ledger() -> None:
    state = PolicyState(
        credit=0.3,
        seen=7,
        level=0.8,
        surprises=(0.01, -0.02),
        samples=(RateSample(number=5, gain=0.03, se=0.004, n_batches=4),),
        drifted=(0.1, 0.0),
        votes=(True, False),
        episode=Episode(since=6, n_fitted=1, before="3"),
        last_fit=6,
        fitted_through=7,
        comparing=make_facts("2", 3, 0.5),
        n_suspect=2,
    )

    assert PolicyState.from_json(state.to_json()) == state


# What holds for whatever comes

scores = st.one_of(st.none(), st.floats(0, 1))
gains = st.builds(
    RivalGain,
    version=st.sampled_from("123"),
    gain=st.floats(-1, 1),
    se=st.floats(0, 0.5),
)
models = st.builds(
    ModelFacts,
    version=st.sampled_from("123"),
    trained_through=st.integers(0, 12),
    fraction=st.sampled_from([0.25, 0.5, 1.0]),
)
labels = st.builds(
    LabelledBatch,
    number=st.integers(0, 12),
    champion=st.one_of(st.none(), st.builds(make_estimate, scores, se=st.floats(0, 0.2))),
    rivals=st.lists(gains, max_size=3).map(tuple),
    is_suspect=st.booleans(),
)
drifts = st.builds(
    make_drift,
    st.integers(0, 10),
    faults=st.sampled_from([(), (), (), ("x0 is stuck",)]),
)
decays = st.sampled_from(["decayed", "stable", "insufficient_data", "not_computable"])
requests = st.builds(
    Request,
    force_retrain=st.sampled_from([False, False, False, True]),
    reason=st.sampled_from(["", "new\nairline"]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[PolicySignals]:
    """Return the signals of some batches, one after another."""
    return [
        make_signals(
            number=number,
            champion_version=draw(st.sampled_from([None, "1", "2", "2", "3"])),
            champion=draw(models),
            rivals=tuple(draw(st.lists(models, max_size=2))),
            labelled=tuple(draw(st.lists(labels, max_size=3))),
            window_batches=draw(st.floats(0, 30)),
            chance=draw(st.floats(0, 1)),
            higher_is_better=draw(st.booleans()),
            drift=draw(st.one_of(st.none(), drifts)),
            decay=draw(st.one_of(st.none(), st.builds(make_decay, decays))),
            n_training_rows=draw(st.sampled_from([0, 4999, 5000, 9000])),
            n_holdout_rows=draw(st.sampled_from([None, 0, 1000])),
            n_new_rows=draw(st.one_of(st.none(), st.integers(0, 200))),
            was_held=draw(st.booleans()),
            request=draw(requests),
        )
        for number in range(draw(st.integers(1, 12)))
    ]


rules_of_any_kind = st.builds(
    make_rules,
    st.sampled_from(POLICIES),
    votes=st.integers(1, 2),
    of_last=st.integers(2, 3),
    cool_down_batches=st.integers(0, 2),
    min_new_rows=st.sampled_from([0, 100]),
    budget=st.floats(0.01, 1),
)


@settings(max_examples=80, deadline=None)
@given(history=histories(), rules=rules_of_any_kind)
def test_decide_is_total_deterministic_and_says_why(
    history: list[PolicySignals], rules: PolicyRules
) -> None:
    state, has_forced = PolicyState(), False
    for signals in history:
        has_rows = signals.n_training_rows >= 5000 and signals.n_holdout_rows != 0
        decision, after = decide(signals, state, rules)

        again = decide(signals, PolicyState.from_json(state.to_json()), rules)

        assert again == (decision, after)
        assert PolicyState.from_json(after.to_json()) == after
        assert decision.sentence
        assert "\n" not in decision.sentence
        assert (decision.verdict == "bootstrap") <= (signals.champion_version is None)
        assert (decision.verdict == "reinstate") == (decision.version is not None)
        assert (decision.verdict in ("bootstrap", "retrain")) <= has_rows
        assert (decision.trigger == "none") <= (decision.verdict == "stand_down")
        assert not (decision.is_suspect and decision.verdict != "stand_down")
        has_forced |= decision.trigger == "forced"
        assert has_forced or -1e-6 <= after.credit <= MAX_CREDIT
        assert after.n_suspect <= state.n_suspect + 1
        state = after


def test_deciding_about_a_batch_again_earns_nothing() -> None:
    _, once = decide(make_signals(number=3), PolicyState(credit=1.0), make_rules())
    _, again = decide(make_signals(number=3), once, make_rules())
    _, later = decide(make_signals(number=4), again, make_rules())

    assert again.credit == once.credit
    assert later.credit == pytest.approx(once.credit + 0.19)
