"""The stack as a whole, on a tiny DAG; its start is the expensive part, so few tests share one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from evergreen.errors import ServiceError
from evergreen.sandbox.services import process_tree
from evergreen.sandbox.services.stack import Stack

pytestmark = pytest.mark.integration

TINY = '''
"""One task that says where it runs, and one that sleeps."""
from airflow.sdk import DAG, task

with DAG("tiny", schedule=None):
    @task(pool="gpu")
    def say() -> str:
        import os
        return os.environ["EVERGREEN_HOME"] + os.environ["EXTRA"]
    say()

with DAG("sleepy", schedule=None):
    @task
    def sleep() -> None:
        import time
        time.sleep(600)
    sleep()
'''
TIMEOUT_SECONDS = 240.0


def make_project(folder: Path) -> Path:
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "tiny.py").write_text(TINY)
    (folder / "include" / "models").mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack(
        folder / "home",
        project=make_project(folder / "project"),
        dags=["tiny", "sleepy"],
        extra_env={"EXTRA": "/extra"},
    ) as stack:
        yield stack
    assert stack.leftovers() == []


def test_a_run_goes_through_all_services(stack: Stack) -> None:
    started = stack.api.trigger("tiny", {})

    run = stack.api.wait_for_run("tiny", started.run_id, timeout_seconds=TIMEOUT_SECONDS)

    (task,) = stack.api.task_instances("tiny", run.run_id)
    assert run.state == "success"
    assert task.seconds is not None
    assert f"{stack.home}/extra" in stack.api.log(task)


def test_a_cleared_task_runs_again(stack: Stack) -> None:
    run = stack.api.trigger("tiny", {}, run_id="to-be-cleared")
    stack.api.wait_for_run("tiny", run.run_id, timeout_seconds=TIMEOUT_SECONDS)

    stack.api.clear("tiny", run.run_id, ["say"])
    run = stack.api.wait_for_run("tiny", run.run_id, timeout_seconds=TIMEOUT_SECONDS)

    (task,) = stack.api.task_instances("tiny", run.run_id)
    assert (run.state, task.try_number) == ("success", 2)


def test_a_killed_service_is_noticed_and_comes_back(stack: Stack) -> None:
    stack.services["triggerer"].kill()

    with pytest.raises(ServiceError, match="triggerer ended with status -9"):
        stack.require_running()
    stack.restart("triggerer")

    stack.require_running()


def test_nobody_else_starts_in_a_home_that_is_in_use(stack: Stack) -> None:
    second = Stack(stack.home, project=stack.plan.project)

    with pytest.raises(ServiceError, match="another stack runs"), second:
        pass


def test_an_ended_stack_takes_running_tasks_along(stack: Stack) -> None:
    # The last test of the shared stack: its fixture then asserts that nothing is left of the task.
    run = stack.api.trigger("sleepy", {})
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not any(t.state == "running" for t in stack.api.task_instances("sleepy", run.run_id)):
        assert time.monotonic() < deadline
        time.sleep(0.5)

    (task,) = stack.api.task_instances("sleepy", run.run_id)
    assert task.pid is not None
    assert psutil.pid_exists(task.pid)


STARTER = """
import sys, time
from pathlib import Path
from evergreen.sandbox.services.stack import Stack
with Stack(Path(sys.argv[1]), project=Path(sys.argv[2]), database="sqlite",
           prepare=lambda stack: print(stack.plan.token, flush=True)):
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_starter_that_is_ended_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    argv = [str(tmp_path / "home"), str(make_project(tmp_path / "project"))]
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, *argv], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    token = starter.stdout.readline().strip()
    assert process_tree.members(token, {})

    os.kill(starter.pid, number)
    starter.communicate(timeout=TIMEOUT_SECONDS)

    deadline = time.monotonic() + TIMEOUT_SECONDS
    while process_tree.members(token, {}) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert process_tree.members(token, {}) == []
