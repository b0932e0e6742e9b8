"""A real Airflow API server with FAB's logins and our plugin, in a process of its own.

Users: ``admin`` may do all; ``viewer`` may read model ``one``; ``watcher`` may edit it, not start
runs; ``editor`` may start them, too; ``nobody`` may log in and no more.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from drivers.guarded import guard, guarded
from drivers.mlflow_server import _stop_group, free_port

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 300
JWT_SECRET = "a-secret-of-the-tests-" * 3
API_SECRET = "another-secret-of-the-tests-" * 3
DAG_FILES = ("continual_training.py", "hold.py")


@dataclass(frozen=True)
class Web:
    """A running API server.

    Attributes:
        url: Its address.
        people: Per user: ``id``, and a ``good`` and an ``expired`` token.
        routes: (method, path) of each of our routes.
    """

    url: str
    people: Mapping[str, Mapping[str, str]]
    routes: frozenset[tuple[str, str]]

    def client(self, user: str = "", **options: Any) -> httpx.Client:
        """Return a client that shows a user's bearer token; without a user, nothing."""
        headers = {"Authorization": f"Bearer {self.people[user]['good']}"} if user else {}
        return httpx.Client(
            base_url=self.url, headers=headers, trust_env=False, timeout=60, **options
        )

    def browser(self, user: str) -> httpx.Client:
        """Return a client that has only Airflow's cookie, as a browser has after the login."""
        cookies = {"_token": self.people[user]["good"]}
        headers = {"Accept": "text/html"}
        return httpx.Client(
            base_url=self.url, cookies=cookies, headers=headers, trust_env=False, timeout=60
        )


@contextlib.contextmanager
def running_web(home: Path, models: Path, **environment: str) -> Iterator[Web]:
    """Run the server for the length of the block.

    Args:
        home: Empty folder for what it writes.
        models: Folder of the model specs.
        environment: More variables, such as the ledger's address.

    Raises:
        RuntimeError: It did not start; the text ends with its log.
    """
    port, ready, log = free_port(), home / "ready.json", home / "server.log"
    (home / "dags").mkdir(parents=True)
    for name in DAG_FILES:
        (home / "dags" / name).symlink_to(PROJECT / "dags" / name)
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "drivers.web_child", str(port), str(ready)],
            cwd=PROJECT,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=guarded(_environment(home, models, port) | environment),
        )
    guard(server.pid)
    try:
        _wait(server, port, ready, log)
        facts = json.loads(ready.read_text())
        routes = frozenset((method, path) for method, path in facts["routes"])
        yield Web(f"http://127.0.0.1:{port}", facts["people"], routes)
    finally:
        _stop_group(server)


def _environment(home: Path, models: Path, port: int) -> dict[str, str]:
    manager = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "EVERGREEN"))}
    return kept | {
        "PYTHONPATH": str(PROJECT / "tests"),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__AUTH_MANAGER": manager,
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__API__SECRET_KEY": API_SECRET,
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API_AUTH__JWT_SECRET": JWT_SECRET,
        "EVERGREEN_HOME": str(home),
        "EVERGREEN_MODELS_DIR": str(models),
        "EVERGREEN_PROJECT": str(PROJECT),
    }


def _wait(server: subprocess.Popen[bytes], port: int, ready: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended: {server.returncode}:\n{log.read_text()[-5000:]}")
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/api/v2/version", trust_env=False)
            if ready.exists():
                return
        time.sleep(0.2)
    raise RuntimeError(f"not up after {START_SECONDS} s:\n{log.read_text()[-5000:]}")
