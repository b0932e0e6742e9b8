from datetime import timedelta
from typing import Any

import pytest

from drivers.history import REJECTED, take
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.ledger.records import OutboxEntry
from evergreen.orchestration.dag_runs import run_info
from evergreen.workflows.alerts import run_alerts
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.alerts.page_urls import docs_url
from evergreen.workflows.ingest.quality_gate import gate_batch
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer

BATCH = "2024-02-05"


def a_run(context: ModelContext, run_id: str = "manual__1", **fields: Any) -> Run:
    return Run(DagRun(f"continual_training__{context.spec.name}", run_id, **fields))


def told(context: ModelContext, kind: str | None = None) -> list[OutboxEntry]:
    """Return what was told, without what incidents add: calm batches and endings."""
    entries = context.ledger.alerts.history(context.spec.name)
    raised = [entry for entry in entries if not entry.alert.message_key.startswith("incident:")]
    return [entry for entry in raised if kind in (None, entry.alert.kind)]


def incidents(context: ModelContext) -> list[tuple[str, str, str]]:
    """Return topic, subject and resolution of the incidents, oldest first."""
    found = context.ledger.incidents.history(context.spec.name)[::-1]
    return [(one.topic, one.subject, one.resolution) for one in found]


def test_a_rejected_batch_tells_its_rules_once(context: ModelContext, upstream: Upstream) -> None:
    batch = upstream.deliver(0, fault="half_missing")
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "data", batch)
    )
    gate_batch(context.loaded, context.ledger, context.store, batch)

    for _ in range(2):
        run_alerts.alert_rejected(context, "data", batch)

    alerts = told(context, "data_rejected")
    assert len(alerts) == 1
    assert "temp" in alerts[0].alert.text
    assert dict(alerts[0].alert.links)["report"] == docs_url(context, batch)


def test_another_broken_delivery_of_a_batch_is_told_again(
    context: ModelContext, upstream: Upstream
) -> None:
    for n_rows in (400, 300):
        take(context, upstream.deliver(0, n_rows=n_rows), result=REJECTED)
        run_alerts.alert_rejected(context, "data", "2024-01-01")

    assert len(told(context, "data_rejected")) == 2


def test_deliveries_that_gave_no_snapshot_are_told_apart_too(context: ModelContext) -> None:
    for _ in range(2):
        context.ledger.batches.record_refusal(
            context.spec.name, "data", "2024-01-01", status="rejected", sentence="part missing"
        )
        for _ in range(2):
            run_alerts.alert_rejected(context, "data", "2024-01-01")

    assert len(told(context, "data_rejected")) == 2


def test_a_delivery_that_nobody_knows_is_not_told(context: ModelContext) -> None:
    run_alerts.alert_rejected(context, "data", "2024-01-01")

    assert told(context) == []


def test_a_failed_run_is_one_incident_until_it_is_cleared(context: ModelContext) -> None:
    run = a_run(context, partition_key=BATCH)

    for task_id in ("train_challenger", "record_decision"):
        run_alerts.alert_failed(context, run_info(run.context(task_id)), error="no space")
    before = len(told(context, "failed"))
    run.dag_run.clear_number += 1
    run_alerts.alert_failed(context, run_info(run.context("promote")), error="MLflow is down")

    assert (before, len(told(context, "failed"))) == (1, 2)
    assert [entry.role for entry in told(context)] == ["opening", "note"]
    assert incidents(context) == [("failed", f"continual_training__{context.spec.name}", "")]


def test_a_report_that_cannot_be_drawn_does_not_hide_a_failed_training(
    context: ModelContext,
) -> None:
    run = a_run(context, partition_key=BATCH)

    for task_id in ("write_drift_report", "train_challenger"):
        run_alerts.alert_failed(context, run_info(run.context(task_id)), error="no")

    assert len(told(context, "failed")) == 2


@pytest.mark.parametrize("conf", [None, [1], {"batch": "x" * 1000}], ids=["none", "list", "long"])
def test_the_longest_run_id_fits_the_ledger(context: ModelContext, conf: Any) -> None:
    run = a_run(context, "manual__" + "x" * 242, conf=conf)

    run_alerts.alert_failed(context, run_info(run.context("decide")), error="no")

    alert = told(context)[0].alert
    assert max(len(alert.message_key), len(alert.thread)) <= 250


def test_no_data_is_told_once_then_over_then_told_anew(context: ModelContext) -> None:
    run = run_info(a_run(context).context("wait_for_batch"))

    for _ in range(2):
        run_alerts.alert_no_data(context, run, "data", BATCH)
    run_alerts.no_data_is_over(context, "data")
    run_alerts.no_data_is_over(context, "data")
    run_alerts.alert_no_data(context, run, "data", "2024-02-12")
    run_alerts.no_data_is_over(context, "data")

    roles = [entry.role for entry in context.ledger.alerts.history(context.spec.name)]
    assert roles == ["opening", "closing", "opening", "closing"]
    assert incidents(context) == [("no_data", "data", "recovered")] * 2
    assert all(len(entry.alert.message_key) <= 250 for entry in told(context))


def test_missing_labels_are_another_incident_than_missing_data(context: ModelContext) -> None:
    run = run_info(a_run(context).context("wait_for_batch"))

    run_alerts.alert_no_data(context, run, "data", None)
    run_alerts.alert_no_data(context, run, "labels", BATCH)
    run_alerts.no_data_is_over(context, "labels")

    assert incidents(context) == [("no_data", "data", ""), ("no_data", "labels", "recovered")]


def test_no_data_that_could_not_be_told_in_time_is_delivered_with_its_end(
    context: ModelContext, slack: SlackServer
) -> None:
    slack.mode = "500"
    run = run_info(a_run(context).context("wait_for_batch"))
    run_alerts.alert_no_data(context, run, "data", BATCH)
    run_alerts.no_data_is_over(context, "data")
    slack.mode = "ok"

    deliver_pending(context)
    deliver_pending(context)

    (thread,) = slack.threads
    assert len(thread.replies) == 1
    assert [entry.state for entry in context.ledger.alerts.history()] == ["delivered", "delivered"]


def test_a_rejected_batch_is_over_when_it_is_delivered_again(
    context: ModelContext, upstream: Upstream
) -> None:
    take(context, upstream.deliver(0), result=REJECTED)
    run_alerts.alert_rejected(context, "data", "2024-01-01")

    take(context, upstream.deliver(0, n_rows=300))
    run_alerts.rejection_is_over(context, "data", "2024-01-01")

    assert incidents(context) == [("data", "data", "resolved by an accepted delivery")]


def test_what_stays_in_quarantine_is_over_after_calm_deliveries(
    context: ModelContext, upstream: Upstream
) -> None:
    take(context, upstream.deliver(0), result=REJECTED)
    run_alerts.alert_rejected(context, "data", "2024-01-01")

    for week in (1, 1, 2):
        run_alerts.rejection_is_over(context, "data", take(context, upstream.deliver(week)))

    assert incidents(context) == [("data", "data", "recovered")]
    last = context.ledger.alerts.history()[-1]
    assert "2024-01-01 in quarantine until delivered again" in last.alert.text


def test_an_accepted_batch_without_trouble_before_it_says_nothing(
    context: ModelContext, upstream: Upstream
) -> None:
    run_alerts.rejection_is_over(context, "data", take(context, upstream.deliver(0)))

    assert incidents(context) == []


def test_a_late_decision_says_how_far_it_came(context: ModelContext, upstream: Upstream) -> None:
    batch = take(context, upstream.deliver(0))
    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    assert delivery is not None

    run_alerts.alert_late(context, delivery, waited=timedelta(hours=7))

    alert = told(context, "late_decision")[0].alert
    assert "no decision was begun" in alert.text
    assert alert.since == delivery.taken_at
    assert alert.must_act


@pytest.mark.parametrize(
    ("base", "url"),
    [
        pytest.param(
            "", "http://airflow:8080/evergreen/runbooks/failed?model={name}#act", id="our page"
        ),
        pytest.param("http://docs/runbooks", "http://docs/runbooks/failed.md", id="a copy"),
    ],
)
def test_an_alert_links_its_runbook_and_its_run(
    home: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, base: str, url: str
) -> None:
    monkeypatch.setenv("EVERGREEN_RUNBOOK_URL", base)
    monkeypatch.setenv("EVERGREEN_AIRFLOW_URL", "http://airflow:8080/")
    context: ModelContext = request.getfixturevalue("context")
    run = run_info(a_run(context, "manual__1").context("decide"))

    links = dict(
        run_alerts.links(
            context.spec, context.settings, "failed", run, report="http://store/x.html"
        )
    )

    dag_id = f"continual_training__{context.spec.name}"
    assert links == {
        "run": f"http://airflow:8080/dags/{dag_id}/runs/manual__1",
        "report": "http://store/x.html",
        "runbook": url.format(name=context.spec.name),
    }
