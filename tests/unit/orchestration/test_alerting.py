import logging
from datetime import timedelta
from typing import Any

import pytest

from drivers.history import REJECTED, take
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.ledger.entries import OutboxEntry
from evergreen.orchestration import alerting
from evergreen.orchestration.gates import gate_batch
from evergreen.orchestration.intake import take_delivery
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Alert
from evergreen.signals import PolicyDecision, PolicySignals, Request
from standins.slack import SlackServer

BATCH = "2024-02-05"


def make_alert(bench: Workbench, kind: Any = "kept", incident: str = "", thread: str = "") -> Alert:
    name = bench.spec.name
    return Alert(
        model=name,
        kind=kind,
        incident=incident or f"{kind}:{name}:{BATCH}",
        thread=thread or f"{name}:{BATCH}",
        title=f"{kind} {incident}",
        text="what happened",
        must_act=False,
    )


def a_run(bench: Workbench, run_id: str = "manual__1", **fields: Any) -> Run:
    return Run(DagRun(f"continual_training__{bench.spec.name}", run_id, **fields))


def told(bench: Workbench, kind: str | None = None) -> list[OutboxEntry]:
    entries = bench.ledger.alerts.history(bench.spec.name)
    return [entry for entry in entries if kind in (None, entry.alert.kind)]


def states(bench: Workbench) -> list[str]:
    return [entry.state for entry in told(bench)]


def test_without_a_channel_an_alert_is_kept_and_logged(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        is_new = alerting.raise_alert(bench, make_alert(bench))

    assert (is_new, states(bench)) == (True, ["logged"])
    assert "what happened" in caplog.text


def test_an_incident_is_told_once(bench: Workbench, slack: SlackServer) -> None:
    first = alerting.raise_alert(bench, make_alert(bench))
    second = alerting.raise_alert(bench, make_alert(bench))

    assert (first, second) == (True, False)
    assert len(slack.messages) == 1


def test_a_quiet_day_is_kept_and_not_sent(bench: Workbench, slack: SlackServer) -> None:
    alerting.raise_alert(bench, make_alert(bench, "stood_down"))

    assert states(bench) == ["logged"]
    assert slack.requests == []


def test_while_slack_is_down_alerts_wait_and_then_come_once_in_one_thread(
    bench: Workbench, slack: SlackServer
) -> None:
    slack.mode = "500"
    for kind in ("drift", "retrain_started", "promoted"):
        alerting.raise_alert(bench, make_alert(bench, kind))
    while_down = states(bench)
    slack.mode = "ok"

    first = alerting.deliver_pending(bench)
    second = alerting.deliver_pending(bench)

    assert while_down == ["pending"] * 3
    assert (first, second) == (
        {"delivered": 3, "undelivered": 0},
        {"delivered": 0, "undelivered": 0},
    )
    assert [m["metadata"]["event_payload"]["kind"] for m in slack.messages] == [
        "drift",
        "retrain_started",
        "promoted",
    ]
    threads = [message.get("thread_ts") for message in slack.messages]
    assert threads == [None, "1700000000.000001", "1700000000.000001"]


def test_each_batch_has_a_thread_of_its_own(bench: Workbench, slack: SlackServer) -> None:
    alerting.raise_alert(bench, make_alert(bench, "drift", "a", "one"))
    alerting.raise_alert(bench, make_alert(bench, "drift", "b", "other"))

    assert [message.get("thread_ts") for message in slack.messages] == [None, None]


def test_while_slack_is_down_only_the_first_in_line_is_tried(
    bench: Workbench, slack: SlackServer
) -> None:
    slack.mode = "500"
    for kind in ("drift", "promoted"):
        bench.ledger.alerts.raise_once(make_alert(bench, kind))

    counts = alerting.deliver_pending(bench)

    assert counts == {"delivered": 0, "undelivered": 2}
    assert [entry.attempts for entry in told(bench)] == [1, 0]


def test_a_revoked_token_is_tried_once_and_stays_visible(
    bench: Workbench, slack: SlackServer
) -> None:
    slack.mode = "token_revoked"

    alerting.raise_alert(bench, make_alert(bench))
    alerting.deliver_pending(bench)

    entry = told(bench)[0]
    assert (entry.state, entry.attempts, len(slack.requests)) == ("undeliverable", 1, 1)
    assert "token_revoked" in entry.last_error


def test_a_missing_connection_leaves_the_alert_waiting(
    bench: Workbench, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_DEFAULT")

    alerting.raise_alert(bench, make_alert(bench))

    entry = told(bench)[0]
    assert entry.state == "pending"
    assert "connection 'slack_default'" in entry.last_error


def test_a_rejected_batch_tells_its_rules_once(bench: Workbench, upstream: Upstream) -> None:
    batch = upstream.deliver(0, fault="half_missing")
    bench.ledger.batches.record_snapshot(take_delivery(bench, "data", batch))
    gate_batch(bench, batch)

    for _ in range(2):
        alerting.alert_rejected(bench, "data", batch)

    alerts = told(bench, "data_rejected")
    assert len(alerts) == 1
    assert "temp" in alerts[0].alert.text


def test_another_broken_delivery_of_a_batch_is_told_again(
    bench: Workbench, upstream: Upstream
) -> None:
    for n_rows in (400, 300):
        take(bench, upstream.deliver(0, n_rows=n_rows), result=REJECTED)
        alerting.alert_rejected(bench, "data", "2024-01-01")

    assert len(told(bench, "data_rejected")) == 2


def test_deliveries_that_gave_no_snapshot_are_told_apart_too(bench: Workbench) -> None:
    for _ in range(2):
        bench.ledger.batches.record_refusal(
            bench.spec.name, "data", "2024-01-01", status="rejected", sentence="part missing"
        )
        for _ in range(2):
            alerting.alert_rejected(bench, "data", "2024-01-01")

    assert len(told(bench, "data_rejected")) == 2


def test_a_delivery_that_nobody_knows_is_not_told(bench: Workbench) -> None:
    alerting.alert_rejected(bench, "data", "2024-01-01")

    assert told(bench) == []


def test_a_second_forced_retrain_of_a_batch_is_told_too(bench: Workbench) -> None:
    decision = PolicyDecision(verdict="retrain", trigger="forced", sentence="forced: new carrier")
    signals = PolicySignals(
        batch=BATCH,
        champion_version="1",
        drift=None,
        decay=None,
        n_training_rows=1600,
        n_holdout_rows=400,
        request=Request(force_retrain=True, reason="new carrier"),
    )

    for run_id in ("manual__1", "manual__2", "manual__2"):
        context = a_run(bench, run_id).context("decide")
        alerting.alert_opening(bench, context, decision, signals)

    assert len(told(bench, "retrain_started")) == 2


def test_a_failed_run_is_one_incident_until_it_is_cleared(bench: Workbench) -> None:
    run = a_run(bench, partition_key=BATCH)

    for task_id in ("train_challenger", "record_decision"):
        alerting.alert_failed(bench, run.context(task_id), task_id=task_id, error="no space")
    before = len(told(bench, "failed"))
    run.dag_run.clear_number += 1
    alerting.alert_failed(bench, run.context("promote"), task_id="promote", error="MLflow is down")

    assert (before, len(told(bench, "failed"))) == (1, 2)
    assert {entry.alert.thread for entry in told(bench)} == {f"{bench.spec.name}:{BATCH}"}


def test_a_report_that_cannot_be_drawn_does_not_hide_a_failed_training(bench: Workbench) -> None:
    run = a_run(bench, partition_key=BATCH)

    for task_id in ("write_drift_report", "train_challenger"):
        alerting.alert_failed(bench, run.context(task_id), task_id=task_id, error="no")

    assert len(told(bench, "failed")) == 2


@pytest.mark.parametrize("conf", [None, [1], {"batch": "x" * 1000}], ids=["none", "list", "long"])
def test_the_longest_run_id_fits_the_ledger(bench: Workbench, conf: Any) -> None:
    run = a_run(bench, "manual__" + "x" * 242, conf=conf)

    alerting.alert_failed(bench, run.context("decide"), task_id="decide", error="no")

    alert = told(bench)[0].alert
    assert max(len(alert.incident), len(alert.thread)) <= 250


def test_no_data_is_told_once_then_resolved_then_told_anew(bench: Workbench) -> None:
    context = a_run(bench).context("wait_for_batch")

    for _ in range(2):
        alerting.alert_no_data(bench, context, "data", BATCH)
    alerting.no_data_is_over(bench, "data")
    alerting.no_data_is_over(bench, "data")
    alerting.alert_no_data(bench, context, "data", "2024-02-12")
    alerting.no_data_is_over(bench, "data")

    titles = [entry.alert.title.split(":")[0] for entry in told(bench, "no_data")]
    name = bench.spec.name
    assert titles == [name, "Resolved", name, "Resolved"]
    assert all(len(entry.alert.incident) <= 250 for entry in told(bench))


def test_missing_labels_are_another_incident_than_missing_data(bench: Workbench) -> None:
    context = a_run(bench).context("wait_for_batch")

    alerting.alert_no_data(bench, context, "data", None)
    alerting.alert_no_data(bench, context, "labels", BATCH)
    alerting.no_data_is_over(bench, "labels")

    assert len(told(bench, "no_data")) == 3


def test_no_data_that_could_not_be_told_in_time_is_delivered_with_its_end(
    bench: Workbench, slack: SlackServer
) -> None:
    slack.mode = "500"
    alerting.alert_no_data(bench, a_run(bench).context("wait_for_batch"), "data", BATCH)
    alerting.no_data_is_over(bench, "data")
    slack.mode = "ok"

    alerting.deliver_pending(bench)
    alerting.deliver_pending(bench)

    assert len(slack.messages) == 2
    assert states(bench) == ["delivered", "delivered"]
    assert slack.messages[1]["thread_ts"] == "1700000000.000001"


def test_a_late_decision_says_how_far_it_came(bench: Workbench, upstream: Upstream) -> None:
    batch = take(bench, upstream.deliver(0))
    delivery = bench.ledger.batches.delivery(bench.spec.name, "data", batch)
    assert delivery is not None

    alerting.alert_late(bench, delivery, waited=timedelta(hours=7))

    alert = told(bench, "late_decision")[0].alert
    assert "no decision was begun" in alert.text
    assert alert.must_act


@pytest.mark.parametrize(
    ("base", "url"),
    [
        pytest.param("", "include/runbooks/failed.md", id="no address known"),
        pytest.param("http://docs/runbooks", "http://docs/runbooks/failed.md", id="address"),
    ],
)
def test_an_alert_links_its_runbook_and_its_run(
    home: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, base: str, url: str
) -> None:
    monkeypatch.setenv("EVERGREEN_RUNBOOK_URL", base)
    monkeypatch.setenv("EVERGREEN_AIRFLOW_URL", "http://airflow:8080/")
    bench: Workbench = request.getfixturevalue("bench")
    context = a_run(bench, "manual__1").context("decide")

    links = dict(alerting.links(bench, "failed", context, report="reports/x.html"))

    dag_id = f"continual_training__{bench.spec.name}"
    assert links == {
        "run": f"http://airflow:8080/dags/{dag_id}/runs/manual__1",
        "report": bench.store.uri_of("reports/x.html"),
        "runbook": url,
    }
