from datetime import timedelta
from typing import Any

import pytest

from drivers.history import REJECTED, take
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.ledger.records import OutboxEntry
from evergreen.workflows.alerts import run_alerts
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.alerts.page_urls import docs_url
from evergreen.workflows.ingest.quality_gate import gate_batch
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import Workbench
from standins.slack import SlackServer

BATCH = "2024-02-05"


def a_run(bench: Workbench, run_id: str = "manual__1", **fields: Any) -> Run:
    return Run(DagRun(f"continual_training__{bench.spec.name}", run_id, **fields))


def told(bench: Workbench, kind: str | None = None) -> list[OutboxEntry]:
    """Give what was told, without what incidents add: calm batches and endings."""
    entries = bench.ledger.alerts.history(bench.spec.name)
    raised = [entry for entry in entries if not entry.alert.incident.startswith("incident:")]
    return [entry for entry in raised if kind in (None, entry.alert.kind)]


def incidents(bench: Workbench) -> list[tuple[str, str, str]]:
    """Give topic, subject and resolution of the incidents, oldest first."""
    found = bench.ledger.incidents.history(bench.spec.name)[::-1]
    return [(one.topic, one.subject, one.resolution) for one in found]


def test_a_rejected_batch_tells_its_rules_once(bench: Workbench, upstream: Upstream) -> None:
    batch = upstream.deliver(0, fault="half_missing")
    bench.ledger.batches.record_snapshot(take_delivery(bench, "data", batch))
    gate_batch(bench, batch)

    for _ in range(2):
        run_alerts.alert_rejected(bench, "data", batch)

    alerts = told(bench, "data_rejected")
    assert len(alerts) == 1
    assert "temp" in alerts[0].alert.text
    assert dict(alerts[0].alert.links)["report"] == docs_url(bench, batch)


def test_another_broken_delivery_of_a_batch_is_told_again(
    bench: Workbench, upstream: Upstream
) -> None:
    for n_rows in (400, 300):
        take(bench, upstream.deliver(0, n_rows=n_rows), result=REJECTED)
        run_alerts.alert_rejected(bench, "data", "2024-01-01")

    assert len(told(bench, "data_rejected")) == 2


def test_deliveries_that_gave_no_snapshot_are_told_apart_too(bench: Workbench) -> None:
    for _ in range(2):
        bench.ledger.batches.record_refusal(
            bench.spec.name, "data", "2024-01-01", status="rejected", sentence="part missing"
        )
        for _ in range(2):
            run_alerts.alert_rejected(bench, "data", "2024-01-01")

    assert len(told(bench, "data_rejected")) == 2


def test_a_delivery_that_nobody_knows_is_not_told(bench: Workbench) -> None:
    run_alerts.alert_rejected(bench, "data", "2024-01-01")

    assert told(bench) == []


def test_a_failed_run_is_one_incident_until_it_is_cleared(bench: Workbench) -> None:
    run = a_run(bench, partition_key=BATCH)

    for task_id in ("train_challenger", "record_decision"):
        run_alerts.alert_failed(bench, run.context(task_id), task_id=task_id, error="no space")
    before = len(told(bench, "failed"))
    run.dag_run.clear_number += 1
    run_alerts.alert_failed(
        bench, run.context("promote"), task_id="promote", error="MLflow is down"
    )

    assert (before, len(told(bench, "failed"))) == (1, 2)
    assert [entry.role for entry in told(bench)] == ["opening", "note"]
    assert incidents(bench) == [("failed", f"continual_training__{bench.spec.name}", "")]


def test_a_report_that_cannot_be_drawn_does_not_hide_a_failed_training(bench: Workbench) -> None:
    run = a_run(bench, partition_key=BATCH)

    for task_id in ("write_drift_report", "train_challenger"):
        run_alerts.alert_failed(bench, run.context(task_id), task_id=task_id, error="no")

    assert len(told(bench, "failed")) == 2


@pytest.mark.parametrize("conf", [None, [1], {"batch": "x" * 1000}], ids=["none", "list", "long"])
def test_the_longest_run_id_fits_the_ledger(bench: Workbench, conf: Any) -> None:
    run = a_run(bench, "manual__" + "x" * 242, conf=conf)

    run_alerts.alert_failed(bench, run.context("decide"), task_id="decide", error="no")

    alert = told(bench)[0].alert
    assert max(len(alert.incident), len(alert.thread)) <= 250


def test_no_data_is_told_once_then_over_then_told_anew(bench: Workbench) -> None:
    context = a_run(bench).context("wait_for_batch")

    for _ in range(2):
        run_alerts.alert_no_data(bench, context, "data", BATCH)
    run_alerts.no_data_is_over(bench, "data")
    run_alerts.no_data_is_over(bench, "data")
    run_alerts.alert_no_data(bench, context, "data", "2024-02-12")
    run_alerts.no_data_is_over(bench, "data")

    roles = [entry.role for entry in bench.ledger.alerts.history(bench.spec.name)]
    assert roles == ["opening", "closing", "opening", "closing"]
    assert incidents(bench) == [("no_data", "data", "recovered")] * 2
    assert all(len(entry.alert.incident) <= 250 for entry in told(bench))


def test_missing_labels_are_another_incident_than_missing_data(bench: Workbench) -> None:
    context = a_run(bench).context("wait_for_batch")

    run_alerts.alert_no_data(bench, context, "data", None)
    run_alerts.alert_no_data(bench, context, "labels", BATCH)
    run_alerts.no_data_is_over(bench, "labels")

    assert incidents(bench) == [("no_data", "data", ""), ("no_data", "labels", "recovered")]


def test_no_data_that_could_not_be_told_in_time_is_delivered_with_its_end(
    bench: Workbench, slack: SlackServer
) -> None:
    slack.mode = "500"
    run_alerts.alert_no_data(bench, a_run(bench).context("wait_for_batch"), "data", BATCH)
    run_alerts.no_data_is_over(bench, "data")
    slack.mode = "ok"

    deliver_pending(bench)
    deliver_pending(bench)

    (thread,) = slack.threads
    assert len(thread.replies) == 1
    assert [entry.state for entry in bench.ledger.alerts.history()] == ["delivered", "delivered"]


def test_a_rejected_batch_is_over_when_it_is_delivered_again(
    bench: Workbench, upstream: Upstream
) -> None:
    take(bench, upstream.deliver(0), result=REJECTED)
    run_alerts.alert_rejected(bench, "data", "2024-01-01")

    take(bench, upstream.deliver(0, n_rows=300))
    run_alerts.rejection_is_over(bench, "data", "2024-01-01")

    assert incidents(bench) == [("data", "data", "resolved by an accepted delivery")]


def test_what_stays_in_quarantine_is_over_after_calm_deliveries(
    bench: Workbench, upstream: Upstream
) -> None:
    take(bench, upstream.deliver(0), result=REJECTED)
    run_alerts.alert_rejected(bench, "data", "2024-01-01")

    for week in (1, 1, 2):
        run_alerts.rejection_is_over(bench, "data", take(bench, upstream.deliver(week)))

    assert incidents(bench) == [("data", "data", "recovered")]
    last = bench.ledger.alerts.history()[-1]
    assert "2024-01-01 in quarantine until delivered again" in last.alert.text


def test_an_accepted_batch_without_trouble_before_it_says_nothing(
    bench: Workbench, upstream: Upstream
) -> None:
    run_alerts.rejection_is_over(bench, "data", take(bench, upstream.deliver(0)))

    assert incidents(bench) == []


def test_a_late_decision_says_how_far_it_came(bench: Workbench, upstream: Upstream) -> None:
    batch = take(bench, upstream.deliver(0))
    delivery = bench.ledger.batches.delivery(bench.spec.name, "data", batch)
    assert delivery is not None

    run_alerts.alert_late(bench, delivery, waited=timedelta(hours=7))

    alert = told(bench, "late_decision")[0].alert
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
    bench: Workbench = request.getfixturevalue("bench")
    context = a_run(bench, "manual__1").context("decide")

    links = dict(run_alerts.links(bench, "failed", context, report="http://store/x.html"))

    dag_id = f"continual_training__{bench.spec.name}"
    assert links == {
        "run": f"http://airflow:8080/dags/{dag_id}/runs/manual__1",
        "report": "http://store/x.html",
        "runbook": url.format(name=bench.spec.name),
    }
