"""The whole loop under the real scheduler: files, SQLite for Airflow and ledger, real MLflow.

One story is played once; each test looks at one part of what it left behind.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from drivers.loop import PARSED_ONCE, PROJECT, Loop, broken_invariants, dag_ids, migrate
from drivers.telling import raised
from drivers.tiny import NAME, Upstream, write_spec
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, Delivery, OutboxEntry
from evergreen.records import ModelVersion, Promotion
from evergreen.sandbox.services.airflow_api import DagRun
from evergreen.sandbox.services.stack import Stack
from evergreen.storage.store import Store

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

N_ROUNDS = 200  # a fit that lasts long enough to be killed
CHILD = "evergreen.training.child"
FORCE = {"force_retrain": True, "reason": "new carrier in town"}


@dataclass
class Story:
    """What was seen on the way."""

    first: Decision
    bootstrap: Decision
    versions_of_bootstrap: list[ModelVersion]
    quiet: Decision
    rejected: Delivery
    redelivered: Decision
    forced: Decision
    links: dict[str, dict[str, str]]
    refused: DagRun
    dry: DagRun
    versions_after_dry: list[ModelVersion]
    promoted: Decision
    promotions: list[Promotion]
    watch: DagRun
    rollback: DagRun
    backtest: DagRun
    backtest_reports: list[str]
    alerts: list[OutboxEntry]
    files_of_versions: list[str]
    folders_of_versions: list[str]
    broken: list[str]


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
            dags=dag_ids(NAME),
            models_dir=folder / "models",
            extra_env=PARSED_ONCE,
            prepare=migrate,
        ) as stack,
        Ledger(stack.ledger_url) as ledger,
    ):
        yield play(Loop(stack, ledger, Upstream.of(spec, home)))


def play(loop: Loop) -> Story:
    first = loop.decided(loop.upstream.deliver(0, n_weeks=4))
    loop.label(0, n_weeks=4)
    bootstrap = kill_the_trainer_and_clear(loop, loop.upstream.deliver(4))
    of_bootstrap = loop.registry.list_versions(NAME)
    loop.label(4)
    quiet = loop.decided(loop.upstream.deliver(5))
    loop.label(5)

    rejected = loop.gated(loop.upstream.deliver(6, fault="half_missing"), "rejected")
    loop.upstream.deliver(6)
    loop.run_to_end("redelivery", {"batch": rejected.batch})
    redelivered = loop.decided(rejected.batch)
    loop.label(6)

    refused = loop.run_to_end("continual_training", {"force_retrian": True})
    dry = loop.run_to_end("continual_training", {**FORCE, "dry_run": True})
    after_dry = loop.registry.list_versions(NAME)
    loop.run_to_end("continual_training", FORCE)
    forced = loop.decided(rejected.batch, n_decisions=2)

    promoted = promote_on_a_flipped_concept(loop)
    watch = flip_back(loop, promoted.batch)
    back: dict[str, object] = {
        "version": promoted.challenger_version,
        "reason": "the labels were wrong",
    }
    rollback = loop.run_to_end("rollback", back)
    backtest = loop.run_to_end("backtest", {"policies": "default"})
    return Story(
        first=first,
        bootstrap=bootstrap,
        versions_of_bootstrap=of_bootstrap,
        quiet=quiet,
        rejected=rejected,
        redelivered=redelivered,
        forced=forced,
        links=loop.links(forced),
        refused=refused,
        dry=dry,
        versions_after_dry=after_dry,
        promoted=promoted,
        promotions=list(loop.ledger.promotions.history(NAME)),
        watch=watch,
        rollback=rollback,
        backtest=backtest,
        backtest_reports=Store.at(f"file://{loop.stack.home}/store").list_files(
            f"reports/{NAME}/backtests"
        ),
        alerts=raised(loop.ledger.alerts.history(NAME)),
        files_of_versions=Store.at(f"file://{loop.stack.home}/store").list_files(
            f"versions/{NAME}"
        ),
        folders_of_versions=[entry.folder for entry in loop.ledger.versions.history(NAME)],
        broken=broken_invariants(loop),
    )


def kill_the_trainer_and_clear(loop: Loop, batch: str) -> Decision:
    """Kill the training task of a batch's run, clear it, and let it finish."""
    run = loop.run_of("continual_training", batch)
    loop.wait_until(lambda: state_of(loop, run) == "running", "the training to start")
    child = wait_for_child(loop)
    task = child.parent()
    assert task is not None
    os.kill(task.pid, signal.SIGKILL)
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running(), "the child outlived its task"
    loop.wait_until(lambda: state_of(loop, run) != "running", "the death of the task to be seen")
    loop.stack.api.clear(run.dag_id, run.run_id, ["train_challenger"])
    return loop.decided(batch)


def promote_on_a_flipped_concept(loop: Loop) -> Decision:
    """Let the concept flip for two weeks; then a challenger of the last week alone is better."""
    for week in (7, 8):
        loop.decided(loop.upstream.deliver(week, is_flipped=True))
        loop.label(week, is_flipped=True)
    batch = loop.upstream.deliver(9, is_flipped=True)
    loop.decided(batch)
    loop.run_to_end("continual_training", {**FORCE, "training_window_days": 7})
    return loop.decided(batch, n_decisions=2)


def flip_back(loop: Loop, batch: str) -> DagRun:
    """Label the week after the promotion the old way: what was learnt last is wrong on it."""
    loop.label(9)
    run = loop.run_of("watch_champion", batch)
    return loop.stack.api.wait_for_run(run.dag_id, run.run_id, timeout_seconds=300)


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


def test_a_back_test_is_green_and_leaves_a_page_and_its_numbers(story: Story) -> None:
    assert story.backtest.state == "success"
    assert [name.rsplit("/", 1)[1] for name in story.backtest_reports] == [
        "backtest.html",
        "backtest.json",
    ]


def test_a_dry_run_is_green_and_leaves_nothing(story: Story) -> None:
    assert story.dry.state == "success"
    assert [v.version for v in story.versions_after_dry] == ["1"]


def test_a_forced_run_names_who_and_why(story: Story) -> None:
    assert (story.forced.verdict, story.forced.trigger) == ("retrain", "forced")
    assert story.forced.reason == FORCE["reason"]
    assert story.forced.requested_by == "admin"
    assert story.forced.challenger_version == "2"


def test_tasks_lead_to_their_decision_version_and_runbook(story: Story) -> None:
    decision = f"/evergreen/decisions/{story.forced.id}"
    links = story.links["train_challenger"]
    assert {story.links[name]["Decision"] for name in ("decide", "promote")} == {decision}
    assert links.pop("MLflow version").endswith(f"/#/models/{NAME}/versions/2")
    assert links == {"Decision": decision, "Runbook": f"/evergreen/runbooks/failed?model={NAME}"}
    was_drawn = story.forced.report_path is not None
    assert ("Drift report" in story.links["record_decision"]) == was_drawn


def test_a_killed_and_cleared_training_makes_one_version_and_one_promotion(story: Story) -> None:
    made = [p for p in story.promotions if p.decision_id == story.bootstrap.id]

    assert [v.version for v in story.versions_of_bootstrap] == ["1"]
    assert [(p.version, p.state) for p in made] == [("1", "committed")]


def test_a_shorter_window_by_conf_promotes_after_the_concept_flipped(story: Story) -> None:
    assert story.promoted.outcome == "promoted"
    assert story.promoted.champion_after == story.promoted.challenger_version
    assert story.promoted.champion_before not in (None, story.promoted.champion_after)


def test_every_version_has_a_card(story: Story) -> None:
    cards = [path for path in story.files_of_versions if path.endswith("/model_card.md")]

    assert cards == sorted(f"{folder}/model_card.md" for folder in story.folders_of_versions)


def test_a_champion_that_does_worse_on_new_labels_is_rolled_back_once(story: Story) -> None:
    made = [p for p in story.promotions if p.requested_by == "watch"]

    assert story.watch.state == "success"
    (row,) = [p for p in made if p.previous_version == story.promoted.challenger_version]
    assert (row.kind, row.version) == ("rollback", story.promoted.champion_before)
    assert f"v{row.previous_version} is worse than v{row.version}: auc gain -0." in row.reason
    told = [e.alert for e in story.alerts if e.alert.kind == "auto_rolled_back"]
    assert len(told) == len(made)
    assert len([alert for alert in told if row.reason in alert.text]) == 1


def test_a_rollback_by_hand_is_a_promotion_row_with_its_reason(story: Story) -> None:
    last = story.promotions[-1]

    assert story.rollback.state == "success"
    assert (last.kind, last.requested_by) == ("rollback", "admin")
    assert last.version == story.promoted.challenger_version
    assert last.previous_version == story.promoted.champion_before
    assert last.reason == "the labels were wrong"
    told = [e.alert.text for e in story.alerts if e.alert.kind == "rolled_back"]
    assert len(told) == 1
    assert "Requested by admin." in told[0]


def test_champion_alias_and_ledger_agree_at_the_end(story: Story) -> None:
    assert story.broken == []
