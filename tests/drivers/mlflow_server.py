"""A real MLflow server for tests: SQLite and local artifacts in a folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from drivers.guarded import guard, guarded

START_SECONDS = 300
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # seven more processes that no test uses
}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_mlflow(home: Path, *, store: str = "") -> Iterator[str]:
    """Run a server for the length of the block; give its address.

    Without ``store``, the SQLAlchemy URL of its database, it keeps SQLite in ``home``.

    Raises:
        RuntimeError: It did not get healthy; the text ends with its log.
    """
    port = free_port()
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--backend-store-uri", store or f"sqlite:///{home}/mlflow.db"),
                *("--artifacts-destination", f"{home}/artifacts"),
            ],
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=guarded({**os.environ, **QUIET}),
        )
    guard(server.pid)
    try:
        _wait_until_healthy(server, port, home / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop_group(server)


def _wait_until_healthy(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"mlflow ended with {server.returncode}:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"mlflow not healthy after {START_SECONDS} s:\n{log.read_text()[-3000:]}")


def _stop_group(server: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=10)
