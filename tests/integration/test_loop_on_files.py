"""The whole loop under the real scheduler: files, SQLite for Airflow and ledger, real MLflow.

One story is played once; each test looks at one part of what it left behind.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
import pytest

from drivers.loop import PROJECT, Loop, broken_invariants, dag_ids, migrate
from drivers.tiny import NAME, Upstream, write_spec
from evergreen.embedded.airflow_api import DagRun
from evergreen.embedded.stack import Stack
from evergreen.ledger.entries import Decision, Delivery, OutboxEntry
from evergreen.ledger.ledger import Ledger
from evergreen.records import ModelVersion, Promotion

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

N_ROUNDS = 2500  # long enough to be killed in the middle
CHILD = "evergreen.training.child"
FORCE = {"force_retrain": True, "reason": "new carrier in town"}


@dataclass
class Story:
    """What was seen on the way."""

    first: Decision
    bootstrap: Decision
    quiet: Decision
    rejected: Delivery
    redelivered: Decision
    forced: Decision
    refused: DagRun
    dry: DagRun
    versions_after_dry: list[ModelVersion]
    killed: Decision
    versions_of_killed: list[ModelVersion]
    promotions: list[Promotion]
    rollback: DagRun
    alerts: list[OutboxEntry]
    broken: list[str]
    seen: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("files")
    spec = write_spec(folder / "models", n_rounds=N_ROUNDS)
    home = folder / "home"
    with (
        Stack(
            home,
            project=PROJECT,
            database="sqlite",
            dags=dag_ids(),
            models_dir=folder / "models",
            prepare=migrate,
        ) as stack,
        Ledger(stack.ledger_url) as ledger,
    ):
        yield play(Loop(stack, ledger, Upstream.of(spec, home)))


def play(loop: Loop) -> Story:
    first = loop.decided(loop.upstream.deliver(0, n_weeks=4))
    loop.label(0, n_weeks=4)
    bootstrap = loop.decided(loop.upstream.deliver(4))
    loop.label(4)
    quiet = loop.decided(loop.upstream.deliver(5))
    loop.label(5)

    rejected = loop.gated(loop.upstream.deliver(6, fault="half_missing"), "rejected")
    loop.upstream.deliver(6)
    loop.run_to_end("redelivery", {"batch": rejected.batch})
    redelivered = loop.decided(rejected.batch)
    loop.label(6)

    versions = loop.registry.list_versions(NAME)
    refused = loop.run_to_end("continual_training", {"force_retrian": True})
    dry = loop.run_to_end("continual_training", {**FORCE, "dry_run": True})
    after_dry = loop.registry.list_versions(NAME)
    assert len(versions) == 1
    loop.run_to_end("continual_training", FORCE)
    forced = loop.decided(rejected.batch, n_decisions=2)

    killed = kill_the_trainer_and_clear(loop, loop.upstream.deliver(7, is_flipped=True))
    of_killed = [
        v for v in loop.registry.list_versions(NAME) if v.version == killed.challenger_version
    ]
    rollback = loop.run_to_end("rollback", {"version": "1", "reason": "v1 was fine"})
    return Story(
        first=first,
        bootstrap=bootstrap,
        quiet=quiet,
        rejected=rejected,
        redelivered=redelivered,
        forced=forced,
        refused=refused,
        dry=dry,
        versions_after_dry=after_dry,
        killed=killed,
        versions_of_killed=of_killed,
        promotions=list(loop.ledger.promotions.history(NAME)),
        rollback=rollback,
        alerts=list(loop.ledger.alerts.history(NAME)),
        broken=broken_invariants(loop),
    )


def kill_the_trainer_and_clear(loop: Loop, batch: str) -> Decision:
    """Let the concept flip, kill the training task with its child, clear it, and let it finish."""
    loop.decided(batch)
    loop.label(7, is_flipped=True)
    flipped = loop.upstream.deliver(8, is_flipped=True)
    run = loop.run_of("continual_training", flipped)
    loop.wait_until(lambda: state_of(loop, run) == "running", "the training to start")
    child = wait_for_child(loop)
    task = child.parent()
    assert task is not None
    os.kill(task.pid, signal.SIGKILL)
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running(), "the child outlived its task"
    loop.wait_until(lambda: state_of(loop, run) != "running", "the death of the task to be seen")
    loop.stack.api.clear(run.dag_id, run.run_id, ["train_challenger"])
    return loop.decided(flipped)


def state_of(loop: Loop, run: DagRun) -> str | None:
    tasks = loop.stack.api.task_instances(run.dag_id, run.run_id)
    return next(t.state for t in tasks if t.task_id == "train_challenger")


def wait_for_child(loop: Loop) -> psutil.Process:
    """Wait for a training child of this very stack that is at work for a moment."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for service in loop.stack.services.values():
            for process in service.processes():
                if is_fit(process):
                    return process
        time.sleep(0.05)
    raise AssertionError(f"no training child came up\n{loop.explain()}")


def is_fit(process: psutil.Process) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return CHILD in " ".join(command)


def test_without_labels_there_is_no_first_model(story: Story) -> None:
    assert (story.first.verdict, story.first.outcome) == ("stand_down", "stood_down")
    assert story.first.champion_after is None


def test_the_first_model_is_a_bootstrap_with_its_own_record(story: Story) -> None:
    assert (story.bootstrap.verdict, story.bootstrap.outcome) == ("bootstrap", "bootstrapped")
    assert story.bootstrap.champion_after == "1"
    assert story.promotions[0].kind == "bootstrap"


def test_a_quiet_week_stands_down(story: Story) -> None:
    assert (story.quiet.verdict, story.quiet.outcome) == ("stand_down", "stood_down")
    assert story.quiet.champion_before == story.quiet.champion_after == "1"


def test_a_broken_batch_is_rejected_told_once_and_never_decided(story: Story) -> None:
    assert story.rejected.quality is not None
    assert {rule.column for rule in story.rejected.quality.broken_rules} == {"temp"}
    told = [entry for entry in story.alerts if entry.alert.kind == "data_rejected"]
    assert len(told) == 1
    assert story.rejected.batch in told[0].alert.text


def test_a_corrected_delivery_goes_the_whole_way(story: Story) -> None:
    assert story.redelivered.batch == story.rejected.batch
    assert story.redelivered.outcome == "stood_down"


def test_a_misspelt_conf_fails_the_run_and_changes_nothing(story: Story) -> None:
    assert story.refused.state == "failed"
    assert [v.version for v in story.versions_after_dry] == ["1"]


def test_a_dry_run_is_green_and_leaves_nothing(story: Story) -> None:
    assert story.dry.state == "success"
    assert [v.version for v in story.versions_after_dry] == ["1"]


def test_a_forced_run_names_who_and_why(story: Story) -> None:
    assert (story.forced.verdict, story.forced.trigger) == ("retrain", "forced")
    assert story.forced.reason == FORCE["reason"]
    assert story.forced.requested_by == "admin"
    assert story.forced.challenger_version == "2"


def test_a_killed_and_cleared_training_makes_one_version_and_at_most_one_promotion(
    story: Story,
) -> None:
    assert story.killed.verdict == "retrain"
    assert len(story.versions_of_killed) == 1
    assert len([p for p in story.promotions if p.decision_id == story.killed.id]) <= 1


def test_a_rollback_is_a_promotion_row_with_its_reason(story: Story) -> None:
    if story.promotions[-1].kind != "rollback":
        assert story.rollback.state == "failed"  # v1 was still the champion
        return
    assert story.promotions[-1].version == "1"
    assert "v1 was fine" in story.promotions[-1].reason


def test_champion_alias_and_ledger_agree_at_the_end(story: Story) -> None:
    assert story.broken == []
