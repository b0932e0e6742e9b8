import pytest

from evergreen.errors import LedgerError
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.entries import Decision
from evergreen.ledger.ledger import Ledger
from evergreen.measurements import ColumnDrift, DriftMeasurement
from evergreen.signals import PolicyDecision, PolicySignals, Request


def make_drift(*columns: str, psi: float = 0.3) -> DriftMeasurement:
    drifts = tuple(
        ColumnDrift(
            column=name, kind="numeric", verdict="drifted", sentence="", n_rows=900, psi=psi
        )
        for name in columns
    )
    return DriftMeasurement(columns=drifts, n_rows=900, drifted_share=1.0, sentence="all drifted")


def open_decision(
    ledger: Ledger, *, batch: str = "2013-03-05", run_id: str = "run1", verdict: str = "retrain"
) -> Decision:
    policy = PolicyDecision.model_validate(
        {"verdict": verdict, "trigger": "forced", "sentence": "because"}
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
        "flights", batch, run_id, decision=policy, signals=signals, spec_hash="f" * 64
    )


def close(ledger: Ledger, decision: Decision) -> Decision:
    return ledger.decisions.close(
        decision.id,
        outcome="kept",
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
