from typing import Any

import pytest

from builders.ledger_rows import make_drift
from drivers.telling import BATCH, a_run, incidents, roles, threads
from evergreen.ledger.records import Decision
from evergreen.measurements import ColumnDrift, DecayMeasurement, DriftMeasurement
from evergreen.orchestration.dag_runs import run_info
from evergreen.signals import PolicyDecision, PolicySignals, Request
from evergreen.workflows.alerts.decision_alerts import alert_closing, alert_opening
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer


def make_signals(
    drift: DriftMeasurement | None = None,
    *,
    batch: str = BATCH,
    decay: str = "stable",
    request: Request | None = None,
) -> PolicySignals:
    return PolicySignals(
        batch=batch,
        champion_version="1",
        drift=drift,
        decay=DecayMeasurement.model_validate({"verdict": decay, "sentence": "AUC fell"}),
        n_training_rows=1600,
        n_holdout_rows=400,
        request=request or Request(),
    )


def decided(verdict: str = "stand_down", **changes: Any) -> PolicyDecision:
    fields = {"verdict": verdict, "trigger": "none", "sentence": "as it was decided"}
    return PolicyDecision.model_validate(fields | changes)


def many_columns(n_columns: int) -> DriftMeasurement:
    columns = tuple(
        ColumnDrift(
            column=f"feature {n}",
            kind="numeric",
            verdict="drifted",
            sentence="PSI 0.4 over 0.25",
            n_rows=400,
            psi=0.4,
            psi_limit=0.25,
        )
        for n in range(n_columns)
    )
    return DriftMeasurement(columns=columns, n_rows=400, drifted_share=1.0, sentence="all drifted")


def open_decision(context: ModelContext, signals: PolicySignals, run_id: str = "r") -> Decision:
    return context.ledger.decisions.open(
        context.spec.name,
        signals.batch,
        run_id,
        decision=decided(),
        signals=signals,
        spec_hash="b" * 64,
    )


def closed(
    context: ModelContext, outcome: Any, *, version: str = "7", batch: str = BATCH
) -> Decision:
    row = open_decision(context, make_signals(batch=batch), f"run {outcome}")
    return context.ledger.decisions.close(
        row.id,
        outcome=outcome,
        sentence="why so",
        challenger_version=version,
        champion_after=version if outcome == "promoted" else "1",
        evaluation=None,
        report_path=None,
    )


def test_twenty_columns_and_five_retries_are_one_message(
    context: ModelContext, slack: SlackServer
) -> None:
    run = run_info(a_run(context).context("decide"))

    for _ in range(5):
        alert_opening(context, run, decided(), make_signals(many_columns(20)))

    assert (len(slack.messages), len(slack.requests)) == (1, 1)
    assert "20 features" in slack.messages[0]["text"]


def test_drift_that_does_no_harm_stays_silent(context: ModelContext, slack: SlackServer) -> None:
    run = run_info(a_run(context).context("decide"))
    harmless = decided(is_harmless_drift=True)

    alert_opening(context, run, harmless, make_signals(make_drift(0.41)))

    assert (incidents(context), slack.requests) == ([], [])


def test_decay_is_told_although_nothing_is_retrained(
    context: ModelContext, slack: SlackServer
) -> None:
    run = run_info(a_run(context).context("decide"))

    alert_opening(context, run, decided(), make_signals(decay="decayed"))

    assert [alert.alert.kind for alert in context.ledger.alerts.history()] == ["decay"]
    assert "AUC fell" in slack.messages[0]["text"]


def test_a_batch_of_the_past_says_nothing_of_how_the_model_is_now(context: ModelContext) -> None:
    closed(context, "stood_down", batch="2024-03-01")
    run = run_info(a_run(context).context("decide"))

    alert_opening(context, run, decided(), make_signals(make_drift(0.41)))

    assert incidents(context) == []


def test_a_second_forced_retrain_of_a_batch_is_kept_too(context: ModelContext) -> None:
    signals = make_signals(request=Request(force_retrain=True, reason="new carrier"))

    for run_id in ("manual__1", "manual__2", "manual__2"):
        run = run_info(a_run(context, run_id).context("decide"))
        alert_opening(context, run, decided("retrain", trigger="forced"), signals)

    kinds = [entry.alert.kind for entry in context.ledger.alerts.history()]
    assert kinds == ["retrain_started"] * 2


def test_the_story_of_a_retrain_is_one_thread(context: ModelContext, slack: SlackServer) -> None:
    run = run_info(a_run(context).context("decide"))

    alert_opening(context, run, decided("retrain"), make_signals(make_drift(0.41)))
    for _ in range(2):
        alert_closing(context, run, closed(context, "promoted"))

    ((headline, replies),) = threads(slack)
    assert headline.startswith("Resolved by promotion of v7: ")
    assert ["retrain started" in replies[0], "promoted" in replies[1]] == [True, True]
    assert len(replies) == 2


@pytest.mark.parametrize("outcome", ["kept", "promoted"])
def test_a_promotion_that_was_held_is_over_when_it_is_decided_anew(
    context: ModelContext, outcome: str
) -> None:
    run = run_info(a_run(context).context("record_decision"))

    alert_closing(context, run, closed(context, "held"), cause="hold")
    alert_closing(context, run, closed(context, outcome))

    ending = "resolved by a new decision" if outcome == "kept" else "resolved by promotion of v7"
    assert incidents(context) == [("hold", "", ending), ("champion", "", "told")]
    assert roles(context) == ["opening", "closing", "opening"]
