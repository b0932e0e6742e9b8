"""The whole loop with everything in S3 over HTTP, PostgreSQL for Airflow and ledger, and Slack.

One story is played once; each test looks at one part of what it left behind.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric

from drivers.listening import Stat, lineage_events, scrape
from drivers.loop import PATIENCE_SECONDS, Loop, broken_invariants, dag_ids
from drivers.monitoring import mappings
from drivers.shared_stack import BUCKET, S3_SECRET, SLACK_TOKEN, Part, SharedStack
from drivers.telling import broken_threads
from drivers.tiny import NAME, Upstream, write_spec
from evergreen.ledger.records import Decision, Delivery, OutboxEntry

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

PART = Part("s3", tuple(dag_ids(NAME)))


@dataclass
class Story:
    """What was seen on the way."""

    bootstrap: Decision
    rejected: Delivery
    drifted: Decision
    retrained: Decision
    alerts: list[OutboxEntry]
    messages: list[dict[str, object]]
    authorizations: list[str]
    keys: list[str]
    database: str
    broken: list[str]
    home: Path
    metrics: dict[str, Metric]
    stats: list[Stat]
    events: list[dict[str, Any]]


def write_model(models_dir: Path) -> None:
    write_spec(
        models_dir,
        landing=f"s3://{BUCKET}/landing/tiny",
        labels=f"s3://{BUCKET}/labels/tiny",
        connection="lake",
        slack=PART.connection,
    )


def prepare(shared: SharedStack) -> None:
    """The model has no past."""


def play_on(shared: SharedStack) -> Story:
    stack = shared.stack
    upstream = Upstream.of(shared.models_dir / NAME, stack.home, filesystem=shared.filesystem)
    return play(Loop(stack, shared.ledger, upstream), shared)


def play(loop: Loop, shared: SharedStack) -> Story:
    slack = shared.slack[PART.name]
    loop.decided(loop.upstream.deliver(0, n_weeks=4))
    loop.label(0, n_weeks=4)
    bootstrap = loop.decided(loop.upstream.deliver(4))
    loop.label(4)
    rejected = loop.gated(loop.upstream.deliver(5, fault="half_missing"), "rejected")
    loop.label(5)
    slack.mode = "500"
    drifted = loop.decided(loop.upstream.deliver(6, shift=3.0))
    waiting = [entry.alert.model for entry in loop.ledger.alerts.pending()]
    assert NAME in waiting, "an alert that Slack did not take must wait in the outbox"
    slack.mode = "ok"
    loop.label(6, is_flipped=True)
    watch = loop.stack.api.trigger("watchdog")
    loop.stack.api.wait_for_run("watchdog", watch.run_id, timeout_seconds=PATIENCE_SECONDS)
    retrained = loop.decided(loop.upstream.deliver(7, is_flipped=True))
    listed = shared.s3.list_objects_v2(Bucket=BUCKET, Prefix="store/")
    return Story(
        bootstrap=bootstrap,
        rejected=rejected,
        drifted=drifted,
        retrained=retrained,
        alerts=list(loop.ledger.alerts.history(NAME)),
        messages=list(slack.messages),
        authorizations=[authorization for _, authorization, _ in slack.requests],
        keys=[entry["Key"] for entry in listed["Contents"]],
        database=loop.stack.ledger_url.split(":")[0],
        broken=broken_invariants(loop),
        home=loop.stack.home,
        metrics=scrape(loop.stack),
        stats=shared.statsd.stats(),
        events=lineage_events(shared.events),
    )


def test_the_ledger_is_in_postgresql(story: Story) -> None:
    assert story.database.startswith("postgresql")


def test_a_batch_in_s3_goes_the_whole_way(story: Story) -> None:
    assert story.bootstrap.outcome == "bootstrapped"
    for folder in ("snapshots", "labelled", "predictions", "versions"):
        assert any(key.startswith(f"store/{folder}/tiny/") for key in story.keys)


def test_a_broken_batch_in_s3_is_rejected(story: Story) -> None:
    assert story.rejected.status == "rejected"
    assert any("data_docs/index.html" in key for key in story.keys)


def test_a_drifted_batch_is_told_and_its_report_is_in_s3(story: Story) -> None:
    assert story.drifted.signals.drift is not None
    assert [c.column for c in story.drifted.signals.drift.drifted] == ["temp"]
    assert story.drifted.report_path is not None
    assert f"store/{story.drifted.report_path}" in story.keys


def test_the_flipped_concept_is_retrained_for(story: Story) -> None:
    assert story.retrained.verdict == "retrain"
    assert "decay" in story.retrained.trigger


def test_every_alert_reached_slack_once_with_the_token_of_the_connection(story: Story) -> None:
    sent = [entry for entry in story.alerts if entry.state == "delivered"]
    kinds = {entry.alert.kind for entry in sent}

    assert {"data_rejected", "drift", "promoted"} <= kinds
    assert len(story.messages) == len([entry for entry in sent if entry.role != "update"])
    assert set(story.authorizations) == {f"Bearer {SLACK_TOKEN}"}


def test_the_story_of_one_incident_is_one_thread(story: Story) -> None:
    drift = next(entry for entry in story.alerts if entry.alert.kind == "drift")
    thread = [entry for entry in story.alerts if entry.incident_id == drift.incident_id]

    assert (drift.role, drift.state) == ("opening", "delivered")
    assert "retrain_started" in {entry.alert.kind for entry in thread}
    assert broken_threads(story.alerts, story.messages) == []


def test_quiet_days_do_not_reach_slack(story: Story) -> None:
    quiet = [entry for entry in story.alerts if entry.alert.kind == "stood_down"]

    assert quiet
    assert {entry.state for entry in quiet} == {"logged"}


def test_no_secret_is_in_any_log(story: Story) -> None:
    logs = [path for path in story.home.rglob("*.log") if path.is_file()]

    assert logs
    for secret in (S3_SECRET, SLACK_TOKEN):
        holders = [log.name for log in logs if secret in log.read_text(errors="replace")]
        assert holders == []


def test_champion_alias_and_ledger_agree_at_the_end(story: Story) -> None:
    assert story.broken == []


def test_prometheus_is_told_what_the_ledger_knows_and_how_long_the_steps_took(
    story: Story,
) -> None:
    values = {
        (name, *sorted(sample.labels.values())): sample.value
        for name, metric in story.metrics.items()
        for sample in metric.samples
    }
    steps = {
        (sample.labels["dag"], sample.labels["step"])
        for sample in story.metrics["evergreen_step_duration_seconds"].samples
        if sample.value > 0
    }

    assert values["evergreen_ledger_up",] == 1
    assert values["evergreen_decisions", "bootstrap", "bootstrapped", NAME] == 1
    assert values["evergreen_batches_waiting", NAME] == 0
    assert {
        ("ingest", "check_quality"),
        ("score", "score_batch"),
        ("continual_training", "train_challenger"),
    } <= steps


def test_airflow_sends_every_metric_that_the_mapping_takes(story: Story) -> None:
    sent = {stat.name for stat in story.stats}
    rare = {"dagrun.duration.failed", "triggers.failed", "ol.emit.failed"}  # when something breaks

    for mapping in mappings()[:-1]:
        name = mapping["match"]
        assert name in sent or name.removeprefix("airflow.") in rare, name
    durations = [s.tags for s in story.stats if s.name == "airflow.task.duration"]
    assert {"dag_id": f"score__{NAME}", "task_id": "score_batch"} in durations


def test_lineage_leads_from_the_batch_to_the_champion(story: Story) -> None:
    edges = {
        (event["job"]["name"], dataset["namespace"], dataset["name"], side)
        for event in story.events
        if event["eventType"] == "COMPLETE"
        for side in ("inputs", "outputs")
        for dataset in event[side]
    }

    train = f"continual_training__{NAME}.promote"
    assert {
        (f"ingest__{NAME}.publish_batch", "evergreen", f"batches/{NAME}", "outputs"),
        (f"score__{NAME}.score_batch", "evergreen", f"batches/{NAME}", "inputs"),
        (f"score__{NAME}.score_batch", "evergreen", f"predictions/{NAME}", "outputs"),
        (train, "evergreen", f"predictions/{NAME}", "inputs"),
        (train, "evergreen", f"champion/{NAME}", "outputs"),
    } <= edges
