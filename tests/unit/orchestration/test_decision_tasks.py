"""Whole runs of ``continual_training`` that train nothing: no registry, no child process."""

from pathlib import Path

import pytest

from drivers.history import accept, begin, crown
from drivers.runs import training_run
from drivers.tiny import Upstream
from evergreen.errors import LedgerError
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer


@pytest.fixture
def drifted(context: ModelContext, upstream: Upstream) -> str:
    """A batch in which one of two features drifted: told and drawn, but no reason to retrain."""
    begin(context, upstream)
    crown(context)
    return accept(context, upstream, 6, shift=3.0)


def kinds(context: ModelContext) -> list[str]:
    """Return the kinds of what was told, without what incidents add: calm batches and endings."""
    told = [entry.alert for entry in context.ledger.alerts.history(context.spec.name)]
    return [alert.kind for alert in told if not alert.message_key.startswith("incident:")]


def reference_of(context: ModelContext) -> Path:
    return (
        context.settings.home
        / "store"
        / "versions"
        / context.spec.name
        / "v1"
        / "reference.parquet"
    )


def test_drift_below_the_limit_is_told_and_drawn_and_stands_down(
    context: ModelContext, drifted: str, name: str
) -> None:
    run = training_run(name, drifted)

    recorded = run.play()

    assert (recorded and recorded["outcome"], run.errors) == ("stood_down", {})
    assert kinds(context) == ["drift", "stood_down"]
    (decision,) = context.ledger.decisions.history(name)
    assert decision.report_path is not None
    assert context.store.exists(decision.report_path)


def test_a_report_that_cannot_be_drawn_is_told_and_leaves_the_run_green(
    context: ModelContext, drifted: str, name: str
) -> None:
    reference_of(context).write_bytes(b"no parquet")
    run = training_run(name, drifted)

    recorded = run.play()

    assert run.states["write_drift_report"] == "failed"
    assert (recorded and recorded["outcome"], run.states["record_decision"]) == (
        "stood_down",
        "success",
    )
    assert sorted(kinds(context)) == ["drift", "failed", "stood_down"]


def test_a_lost_reference_fails_the_run_once_and_recovers_by_clearing(
    context: ModelContext, upstream: Upstream, drifted: str, name: str
) -> None:
    profile = reference_of(context).with_name("profile.json")
    content = profile.read_bytes()
    profile.write_text("{}")
    run = training_run(name, drifted)

    run.play()
    red = dict(run.states)
    told = kinds(context)
    profile.write_bytes(content)
    recorded = run.clear("measure_drift").play()

    assert (red["measure_drift"], red["record_decision"]) == ("failed", "failed")
    assert told == ["failed"]
    assert recorded is not None
    assert recorded["outcome"] == "stood_down"


def test_slack_that_is_down_changes_nothing_and_hears_of_it_later(
    context: ModelContext, slack: SlackServer, drifted: str, name: str
) -> None:
    slack.mode = "500"
    recorded = training_run(name, drifted).play()
    slack.mode = "ok"

    deliver_pending(context)

    assert recorded is not None
    assert recorded["outcome"] == "stood_down"
    assert [m["metadata"]["event_payload"]["kind"] for m in slack.messages] == ["drift"]


def test_a_ledger_that_does_not_answer_is_no_refusal(
    context: ModelContext, drifted: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = training_run(name, drifted)
    nowhere = f"sqlite:///{context.settings.home}/no/such.db"

    with monkeypatch.context() as patch:
        patch.setenv("EVERGREEN_LEDGER_URL", nowhere)
        run.play()
    first = run.errors["check_request"]
    recorded = run.clear("check_request").play()

    assert isinstance(first, LedgerError)  # which Airflow tries again
    assert recorded is not None
    assert recorded["outcome"] == "stood_down"


def test_a_run_whose_announced_batch_is_rejected_by_now_is_told(
    context: ModelContext, drifted: str, name: str
) -> None:
    context.ledger.batches.record_refusal(name, "data", drifted, status="rejected", sentence="")
    run = training_run(name, drifted)

    run.play()

    assert run.states["check_request"] == "failed"
    assert kinds(context) == ["failed"]
    assert context.ledger.decisions.history(name) == []
