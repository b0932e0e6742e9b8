from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from builders.ledger_rows import make_alert
from evergreen.errors import ServiceError
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.demo import watch as module
from evergreen.sandbox.demo.watch import Watch
from evergreen.sandbox.services.airflow_api import AirflowApi, DagRun, TaskInstance
from evergreen.sandbox.services.stack import Stack


def make_run(state: str, kind: str = "ingest", *, partition_key: str | None = None) -> DagRun:
    return DagRun(
        dag_id=f"{kind}__flights",
        run_id=f"{kind}-1",
        state=state,
        run_type="scheduled",
        partition_key=partition_key,
    )


def make_task(state: str, task_id: str = "take_snapshot", **changes: Any) -> TaskInstance:
    told = {"dag_id": "ingest__flights", "run_id": "ingest-1", "try_number": 1} | changes
    return TaskInstance.model_validate({"task_id": task_id, "state": state} | told)


class FakeApi:
    """An Airflow with a few runs, each with the same tasks."""

    def __init__(self, runs: list[DagRun], tasks: list[TaskInstance]) -> None:
        self._runs = runs
        self._tasks = tasks

    def runs(self, dag_id: str = "~", *, state: str | None = None) -> list[DagRun]:
        return [
            run for run in self._runs if dag_id in ("~", run.dag_id) and state in (None, run.state)
        ]

    def task_instances(self, _dag_id: str, _run_id: str) -> list[TaskInstance]:
        return self._tasks

    def active_tasks(self) -> list[TaskInstance]:
        return [task for task in self._tasks if task.state == "running"]

    def log(self, _task: TaskInstance) -> str:
        return "::group::Pre Execute\nrows.parquet is not there"


class FakeStack:
    def __init__(self, api: FakeApi) -> None:
        self.api = cast(AirflowApi, api)

    def require_running(self) -> None:
        """All services run."""


class FakeScreen:
    def __init__(self) -> None:
        self.alerts: list[str] = []
        self.doing: list[str] = []

    def say(self, sentence: str) -> None:
        """Show nothing."""

    def now(self, doing: str) -> None:
        self.doing.append(doing)

    def alert(self, text: str) -> None:
        self.alerts.append(text)

    def add(self, story: object) -> None:
        """Show nothing."""


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.migrate()
        yield ledger


def make_watch(
    ledger: Ledger, runs: list[DagRun], tasks: list[TaskInstance]
) -> tuple[Watch, FakeScreen]:
    screen = FakeScreen()
    stack = cast(Stack, FakeStack(FakeApi(runs, tasks)))
    return Watch(stack, ledger, "flights", screen), screen


def test_waiting_gives_what_was_found(ledger: Ledger) -> None:
    watch, screen = make_watch(ledger, [], [make_task("running")])
    answers = iter([None, None, "found"])

    found = watch.until(lambda: next(answers), "an answer")

    assert found == "found"
    assert screen.doing[-1] == "an answer: ingest · take_snapshot"


def test_a_failed_run_ends_the_waiting_with_the_task_and_its_log(ledger: Ledger) -> None:
    watch, _ = make_watch(ledger, [make_run("failed")], [make_task("failed")])

    with pytest.raises(ServiceError) as caught:
        watch.until(lambda: None, "an answer")

    assert "ingest__flights failed in run ingest-1" in str(caught.value)
    assert "ingest__flights.take_snapshot: failed, try 1" in str(caught.value)
    assert "rows.parquet is not there" in str(caught.value)
    assert "::group::" not in str(caught.value)


def test_waiting_too_long_tells_what_every_run_does(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    tasks = [make_task("running"), make_task("deferred", "wait_for_batch")]
    watch, _ = make_watch(ledger, [make_run("running")], tasks)

    with pytest.raises(ServiceError) as caught:
        watch.until(lambda: None, "decision about 2013-03-05")

    assert "for decision about 2013-03-05" in str(caught.value)
    assert "ingest__flights ingest-1: running" in str(caught.value)
    assert "wait_for_batch: waits" in str(caught.value)
    assert "rows.parquet is not there" in str(caught.value)


def test_each_alert_is_shown_once(ledger: Ledger) -> None:
    watch, screen = make_watch(ledger, [], [])
    ledger.alerts.raise_once(make_alert("one"))
    ledger.alerts.raise_once(make_alert("other", model="other"))

    watch.show_alerts()
    watch.show_alerts()
    ledger.alerts.raise_once(make_alert("two"))
    watch.show_alerts()

    assert len(screen.alerts) == 2


def test_runs_about_a_batch_are_found_by_their_partition(ledger: Ledger) -> None:
    runs = [
        make_run("success", "score", partition_key="2013-03-05"),
        make_run("success", "score", partition_key="2013-03-12"),
        make_run("running", "score", partition_key="2013-03-05"),
    ]
    watch, _ = make_watch(ledger, runs, [])

    assert watch.about("score", "2013-03-05") == runs[:1]


def test_steps_are_the_seconds_of_the_tasks_that_ran(ledger: Ledger) -> None:
    times = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-01T00:00:01.234Z"}
    tasks = [make_task("success", **times), make_task("skipped", "quarantine_batch", **times)]
    watch, _ = make_watch(ledger, [make_run("success")], tasks)

    assert watch.steps([make_run("success")]) == {"ingest.take_snapshot": 1.23}
