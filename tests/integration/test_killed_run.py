"""A test run that is killed leaves nothing of what it has started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from evergreen.sandbox.services import process_tree

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

TESTS = Path(__file__).resolve().parents[1]
START_SECONDS = 400.0
GONE_SECONDS = 40.0  # the guard asks, waits for ten seconds, and kills
RUN = """
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from drivers.chromium import NoChromiumError, find_chromium, running_chromium
from drivers.mlflow_server import running_mlflow
from drivers.postgres_server import running_postgres
from drivers.web_server import running_web

def test_that_is_killed(tmp_path):
    for name in ("mlflow", "postgres", "models"):
        (tmp_path / name).mkdir()
    servers = [
        running_mlflow(tmp_path / "mlflow"),
        running_postgres(tmp_path / "postgres"),
        running_web(tmp_path / "web", tmp_path / "models"),
    ]
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for started in [pool.submit(stack.enter_context, server) for server in servers]:
            started.result()
        with suppress(NoChromiumError):
            stack.enter_context(running_chromium(find_chromium()))
        (tmp_path.parent / "up").touch()
        time.sleep(600)
"""
STARTED = ("mlflow server", "postgres", "drivers.web_child")


def test_nothing_is_left_of_a_killed_run(tmp_path: Path) -> None:
    (tmp_path / "test_killed.py").write_text(RUN)
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "--basetemp", str(tmp_path / "run")]
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-c", "/dev/null", *options, tmp_path],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    family = wait_for_family(run, tmp_path)
    commands = [" ".join(process.cmdline()) for process in family]

    run.send_signal(signal.SIGKILL)
    run.wait()
    left = process_tree.wait(family, seconds=GONE_SECONDS)

    assert [name for name in STARTED if not any(name in one for one in commands)] == []
    assert left == []


def wait_for_family(run: "subprocess.Popen[bytes]", folder: Path) -> list[psutil.Process]:
    """Wait until everything is up; give all that the run has started."""
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "run" / "up").exists():
        log = (folder / "log").read_text(errors="replace")
        assert run.poll() is None, log
        assert time.monotonic() < deadline, log
        time.sleep(0.2)
    family: list[psutil.Process] = psutil.Process(run.pid).children(recursive=True)
    return family
