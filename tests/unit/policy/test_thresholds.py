from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.signals import make_decay, make_drift, make_rules, make_signals
from evergreen.measurements import DriftMeasurement
from evergreen.policy import decide as decide_from
from evergreen.signals import PolicyDecision, PolicySignals, PolicyState, Request


def decide(signals: PolicySignals, *, share_to_retrain: float = 0.5) -> PolicyDecision:
    """Decide by thresholds, with nothing remembered."""
    rules = make_rules("thresholds", share_to_retrain=share_to_retrain)
    decision, _ = decide_from(signals, PolicyState(), rules)
    return decision


def test_a_quiet_batch_stands_down() -> None:
    decision = decide(make_signals())

    assert (decision.verdict, decision.trigger) == ("stand_down", "none")
    assert decision.sentence == (
        "stand down: no feature drifted (drifted share 0.00, limit 0.50); auc is stable"
    )


@pytest.mark.parametrize(
    ("n_drifted", "verdict", "trigger"),
    [
        pytest.param(4, "stand_down", "none", id="just below the share"),
        pytest.param(5, "retrain", "drift", id="exactly the share"),
        pytest.param(6, "retrain", "drift", id="over the share"),
    ],
)
def test_drift_asks_from_its_share_on(n_drifted: int, verdict: str, trigger: str) -> None:
    decision = decide(make_signals(drift=make_drift(n_drifted)))

    assert (decision.verdict, decision.trigger) == (verdict, trigger)


def test_drift_below_the_share_is_said() -> None:
    decision = decide(make_signals(drift=make_drift(2)))

    assert decision.sentence == (
        "stand down: drift but harmless, drifted but below the limit, drifted share 0.20 of 0.50"
        " (x0, x1); auc is stable"
    )


def test_drift_over_the_share_names_share_limit_and_features() -> None:
    decision = decide(make_signals(drift=make_drift(7)))

    assert decision.sentence == (
        "retrain: drifted share 0.70 reaches 0.50 (x0, x1, x2, x3, x4 and 2 more)"
    )


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("decayed", "retrain"),
        ("stable", "stand_down"),
        ("insufficient_data", "stand_down"),
        ("not_computable", "stand_down"),
    ],
)
def test_only_a_decayed_champion_asks(verdict: str, expected: str) -> None:
    decision = decide(make_signals(decay=make_decay(verdict)))

    assert decision.verdict == expected
    assert decision.trigger == ("decay" if expected == "retrain" else "none")
    assert f"auc is {verdict}" in decision.sentence


def test_drift_and_decay_together_are_named_together() -> None:
    decision = decide(make_signals(drift=make_drift(10), decay=make_decay("decayed")))

    assert (decision.verdict, decision.trigger) == ("retrain", "drift_and_decay")
    assert "reaches 0.50" in decision.sentence
    assert "auc is decayed" in decision.sentence


def test_without_a_champion_the_first_model_is_trained() -> None:
    decision = decide(make_signals(champion_version=None, drift=None, decay=None))

    assert (decision.verdict, decision.trigger) == ("bootstrap", "first_model")
    assert decision.sentence == (
        "train the first model: no champion yet, 5000 training and 1000 holdout rows are there"
    )


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        pytest.param({"n_training_rows": 4999}, "4999 training rows, needs 5000", id="training"),
        pytest.param({"n_holdout_rows": 999}, "999 holdout rows, needs 1000", id="holdout"),
        pytest.param(
            {"n_training_rows": 0, "n_holdout_rows": 0},
            "0 training rows, needs 5000 and 0 holdout rows, needs 1000",
            id="both",
        ),
    ],
)
@pytest.mark.parametrize(
    ("asking", "trigger"),
    [
        pytest.param({"champion_version": None}, "first_model", id="first model"),
        pytest.param({"drift": make_drift(9)}, "drift", id="drift"),
        pytest.param({"decay": make_decay("decayed")}, "decay", id="decay"),
        pytest.param(
            {"request": Request(force_retrain=True, reason="new airline")}, "forced", id="forced"
        ),
    ],
)
def test_too_few_rows_stand_down_whatever_asks(
    rows: dict[str, int], says: str, asking: dict[str, Any], trigger: str
) -> None:
    decision = decide(make_signals(**rows, **asking))

    assert (decision.verdict, decision.trigger) == ("stand_down", trigger)
    assert decision.sentence.endswith(f"but there are too few rows: {says}")


def test_a_forced_retrain_says_who_and_why() -> None:
    request = Request(force_retrain=True, reason="new\n airline ", requested_by="anna")

    decision = decide(make_signals(request=request))

    assert (decision.verdict, decision.trigger) == ("retrain", "forced")
    assert decision.sentence == "retrain: forced by anna: new airline"


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_forced_retrain_without_a_reason_is_refused(reason: str) -> None:
    request = Request(force_retrain=True, reason=reason)

    decision = decide(make_signals(request=request))

    assert (decision.verdict, decision.trigger) == ("stand_down", "none")
    assert "a forced retrain without a reason is refused" in decision.sentence


def test_a_reason_alone_forces_nothing() -> None:
    decision = decide(make_signals(request=Request(reason="just so")))

    assert decision.verdict == "stand_down"


def test_what_was_not_measured_is_said() -> None:
    unjudged = DriftMeasurement(
        columns=(), n_rows=3, drifted_share=None, sentence="drift not judged: 3 rows"
    )

    nothing = decide(make_signals(drift=None, decay=None))
    little = decide(make_signals(drift=unjudged))

    assert nothing.sentence == "stand down: drift was not measured; decay was not measured"
    assert little.sentence == "stand down: drift not judged: 3 rows; auc is stable"


@given(
    champion=st.one_of(st.none(), st.just("7")),
    n_drifted=st.one_of(st.none(), st.integers(0, 10)),
    decay=st.one_of(
        st.none(),
        st.sampled_from(["decayed", "stable", "insufficient_data", "not_computable"]),
    ),
    n_training_rows=st.integers(0, 10_000),
    n_holdout_rows=st.integers(0, 2_000),
    is_forced=st.booleans(),
    reason=st.text(max_size=5),
    share_to_retrain=st.floats(0.01, 1),
)
def test_decide_is_total_and_never_trains_on_too_few_rows(
    *,
    champion: str | None,
    n_drifted: int | None,
    decay: str | None,
    n_training_rows: int,
    n_holdout_rows: int,
    is_forced: bool,
    reason: str,
    share_to_retrain: float,
) -> None:
    signals = make_signals(
        champion_version=champion,
        drift=None if n_drifted is None else make_drift(n_drifted),
        decay=None if decay is None else make_decay(decay),
        n_training_rows=n_training_rows,
        n_holdout_rows=n_holdout_rows,
        request=Request(force_retrain=is_forced, reason=reason),
    )

    decision = decide(signals, share_to_retrain=share_to_retrain)

    assert "\n" not in decision.sentence
    assert (decision.verdict == "bootstrap") <= (champion is None)
    if decision.verdict != "stand_down":
        assert n_training_rows >= 5000
        assert n_holdout_rows >= 1000
        assert decision.trigger != "none"
