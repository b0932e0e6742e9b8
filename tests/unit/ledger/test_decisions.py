import pytest

from evergreen.errors import LedgerError
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, Outcome
from evergreen.measurements import ColumnDrift, DriftMeasurement
from evergreen.signals import HOLD_BATCHES, PolicyDecision, PolicySignals, PolicyState, Request


def make_drift(*columns: str, psi: float = 0.3) -> DriftMeasurement:
    drifts = tuple(
        ColumnDrift(
            column=name, kind="numeric", verdict="drifted", sentence="", n_rows=900, psi=psi
        )
        for name in columns
    )
    return DriftMeasurement(columns=drifts, n_rows=900, drifted_share=1.0, sentence="all drifted")


def open_decision(
    ledger: Ledger,
    *,
    batch: str = "2013-03-05",
    run_id: str = "run1",
    verdict: str = "retrain",
    state_after: PolicyState | None = None,
    model: str = "flights",
    **marks: bool,
) -> Decision:
    policy = PolicyDecision.model_validate(
        {"verdict": verdict, "trigger": "forced", "sentence": "because", **marks}
    )
    signals = PolicySignals(
        batch=batch,
        champion_version="1",
        drift=make_drift("temp"),
        decay=None,
        n_training_rows=9000,
        n_holdout_rows=2000,
        request=Request(force_retrain=True, reason="new carrier", requested_by="ada"),
    )
    return ledger.decisions.open(
        model,
        batch,
        run_id,
        decision=policy,
        signals=signals,
        spec_hash="f" * 64,
        state_after=state_after,
    )


def close(ledger: Ledger, decision: Decision, *, outcome: Outcome = "kept") -> Decision:
    return ledger.decisions.close(
        decision.id,
        outcome=outcome,
        sentence="gain too small",
        challenger_version="2",
        champion_after="1",
        evaluation=None,
        report_path=None,
    )


def test_a_decision_tells_who_asked_and_why(ledger: Ledger) -> None:
    opened = open_decision(ledger)

    assert (opened.requested_by, opened.reason) == ("ada", "new carrier")
    assert opened.outcome == "open"
    assert opened.signals.drift == make_drift("temp")


def test_deciding_again_in_the_same_run_replaces_the_row(ledger: Ledger) -> None:
    open_decision(ledger)
    open_decision(ledger, verdict="stand_down")

    history = ledger.decisions.history("flights")

    assert [d.verdict for d in history] == ["stand_down"]


def test_another_run_adds_a_decision_about_the_same_batch(ledger: Ledger) -> None:
    first = open_decision(ledger)
    second = open_decision(ledger, run_id="run2")

    found = ledger.decisions.of_batch("flights", "2013-03-05")

    assert [d.id for d in found] == [first.id, second.id]
    assert first.id == decision_id("flights", "2013-03-05", "run1")


def test_closing_twice_leaves_one_closed_row(ledger: Ledger) -> None:
    opened = open_decision(ledger)

    close(ledger, opened)
    closed = close(ledger, opened)

    assert closed.outcome == "kept"
    assert closed.closed_at is not None
    assert len(ledger.decisions.history("flights")) == 1


def test_a_limit_gives_the_newest_decisions(ledger: Ledger) -> None:
    for week in ("2013-03-05", "2013-03-12", "2013-03-19"):
        open_decision(ledger, batch=week)

    newest = ledger.decisions.history("flights", limit=2)

    assert [d.batch for d in newest] == ["2013-03-12", "2013-03-19"]


def test_an_unknown_decision_is_an_error_that_names_it(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no decision 'nope'"):
        ledger.decisions.get("nope")


def test_measuring_drift_again_replaces_the_features(ledger: Ledger) -> None:
    ledger.decisions.record_drift("flights", "2013-03-05", "1", make_drift("temp", "dewp"))
    ledger.decisions.record_drift("flights", "2013-03-05", "1", make_drift("humid", psi=0.9))

    found = ledger.decisions.drift("flights", "2013-03-05", "1")

    assert [(c.column, c.psi) for c in found] == [("humid", 0.9)]


def test_only_what_was_brought_to_its_end_is_decided(ledger: Ledger) -> None:
    close(ledger, open_decision(ledger))
    open_decision(ledger, batch="2013-03-12")

    assert ledger.decisions.decided_batches("flights") == {"2013-03-05"}
    assert ledger.decisions.decided_batches("trains") == set()


# What the policy remembers


def make_state(credit: float) -> PolicyState:
    return PolicyState(credit=credit, seen=3, level=0.8, drifted=(0.1, 0.0))


def week(n: int) -> str:
    return f"2013-04-{n:02d}"


def test_what_was_decided_is_kept_in_full(ledger: Ledger) -> None:
    state = make_state(0.25)

    opened = open_decision(ledger, is_suspect=True, verdict="stand_down", state_after=state)

    assert opened.decided is not None
    assert opened.decided.is_suspect
    assert opened.state_after == state


def test_before_the_first_decision_nothing_is_remembered(ledger: Ledger) -> None:
    identity = decision_id("flights", week(1), "run1")

    assert ledger.decisions.state_before("flights", identity) == PolicyState()


def test_the_newest_decision_before_tells_what_is_remembered(ledger: Ledger) -> None:
    for n in (1, 2):
        open_decision(ledger, batch=week(n), state_after=make_state(n))
    open_decision(ledger, batch=week(2), model="trains", state_after=make_state(9))
    identity = decision_id("flights", week(3), "run1")

    assert ledger.decisions.state_before("flights", identity) == make_state(2)


def test_a_decision_without_a_state_is_passed_over(ledger: Ledger) -> None:
    open_decision(ledger, batch=week(1), state_after=make_state(1))
    open_decision(ledger, batch=week(1), run_id="about the past", state_after=None)
    identity = decision_id("flights", week(2), "run1")

    assert ledger.decisions.state_before("flights", identity) == make_state(1)


def test_a_rerun_finds_what_it_found_at_first_however_often(ledger: Ledger) -> None:
    open_decision(ledger, batch=week(1), state_after=make_state(1))
    second = open_decision(ledger, batch=week(2), state_after=make_state(2))
    third = open_decision(ledger, batch=week(3), state_after=make_state(3))

    found = []
    for _ in range(2):
        found.append(ledger.decisions.state_before("flights", second.id))
        open_decision(ledger, batch=week(2), state_after=make_state(2.5))

    assert found == [make_state(1)] * 2
    assert ledger.decisions.state_before("flights", third.id) == make_state(2.5)
    assert [d.batch for d in ledger.decisions.history("flights")] == [week(1), week(2), week(3)]


def test_a_rerun_that_has_become_of_the_past_keeps_what_others_rest_on(ledger: Ledger) -> None:
    first = open_decision(ledger, batch=week(1), state_after=make_state(1))
    second = open_decision(ledger, batch=week(2), state_after=make_state(2))

    open_decision(ledger, batch=week(1), verdict="stand_down", state_after=None)

    assert ledger.decisions.get(first.id).verdict == "stand_down"
    assert ledger.decisions.state_before("flights", second.id) == make_state(1)


# Held batches


def hold(ledger: Ledger, n: int, *, model: str = "flights") -> None:
    open_decision(ledger, batch=week(n), verdict="stand_down", is_suspect=True, model=model)


def test_only_suspect_batches_of_the_model_are_held(ledger: Ledger) -> None:
    open_decision(ledger, batch=week(1))
    hold(ledger, 2)
    hold(ledger, 3, model="trains")

    assert ledger.decisions.quarantined_batches("flights") == {week(2)}
    assert ledger.decisions.quarantined_batches("nobody") == frozenset()


def test_a_release_frees_the_row_that_was_held_and_nothing_before_it(ledger: Ledger) -> None:
    hold(ledger, 1)
    open_decision(ledger, batch=week(2))
    row = range(3, 3 + HOLD_BATCHES)
    for n in row:
        hold(ledger, n)
    held = ledger.decisions.quarantined_batches("flights")

    open_decision(ledger, batch=week(3 + HOLD_BATCHES), is_released=True)

    assert held == {week(1), *map(week, row)}
    assert ledger.decisions.quarantined_batches("flights") == {week(1)}


def test_what_is_held_after_a_release_is_held(ledger: Ledger) -> None:
    for n in range(1, 1 + HOLD_BATCHES):
        hold(ledger, n)
    open_decision(ledger, batch=week(6), is_released=True)
    hold(ledger, 8)

    assert ledger.decisions.quarantined_batches("flights") == {week(8)}


def test_a_rerun_of_a_held_batch_does_not_hold_it_after_its_release(ledger: Ledger) -> None:
    for n in range(1, 1 + HOLD_BATCHES):
        hold(ledger, n)
    open_decision(ledger, batch=week(6), is_released=True)

    hold(ledger, 1)

    assert ledger.decisions.quarantined_batches("flights") == frozenset()


def test_a_rerun_that_finds_no_fault_holds_no_longer(ledger: Ledger) -> None:
    hold(ledger, 1)

    open_decision(ledger, batch=week(1))

    assert ledger.decisions.quarantined_batches("flights") == frozenset()


@pytest.mark.parametrize(
    ("outcomes", "was_held"),
    [
        pytest.param([], False, id="nothing decided yet"),
        pytest.param(["held"], True, id="held"),
        pytest.param(["held", "stood_down", "failed", "open"], True, id="nothing judged since"),
        pytest.param(["held", "kept"], False, id="judged since"),
        pytest.param(["held", "refused"], False, id="refused since"),
        pytest.param(["promoted", "held"], True, id="held after a promotion"),
    ],
)
def test_what_was_held_waits_for_the_next_judgement(
    ledger: Ledger, outcomes: list[Outcome], was_held: bool
) -> None:
    for position, outcome in enumerate(outcomes):
        decision = open_decision(ledger, run_id=f"run{position}")
        if outcome != "open":
            close(ledger, decision, outcome=outcome)

    assert ledger.decisions.was_held("flights", "the next one") is was_held
    assert ledger.decisions.was_held("delays", "the next one") is False


def test_a_rerun_finds_what_was_held_before_it_and_not_itself(ledger: Ledger) -> None:
    first = close(ledger, open_decision(ledger, run_id="run1"), outcome="held")
    second = close(ledger, open_decision(ledger, run_id="run2"), outcome="kept")

    assert ledger.decisions.was_held("flights", first.id) is False
    assert ledger.decisions.was_held("flights", second.id) is True
