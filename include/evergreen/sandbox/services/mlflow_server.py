"""A real MLflow server on this machine: SQLite behind it, artifacts in a folder that it serves."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from evergreen.sandbox.services.ports import LOOPBACK
from evergreen.sandbox.services.processes import Command, Service, wait_until_healthy

PREFERRED_PORT = 5000
START_SECONDS = 180.0
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # seven more processes that nothing here uses
}


def mlflow_url(port: int) -> str:
    """Return the address of the server."""
    return f"http://{LOOPBACK}:{port}"


def mlflow_command(
    folder: Path, *, port: int, environment: Mapping[str, str], log: Path
) -> Command:
    """Return the command of a server that keeps all in ``folder`` and answers this machine only."""
    folder.mkdir(parents=True, exist_ok=True)
    hosts = ",".join(f"{host}:{port}" for host in (LOOPBACK, "localhost"))
    options = {
        "--host": LOOPBACK,
        "--port": str(port),
        "--workers": "1",
        "--allowed-hosts": hosts,
        "--backend-store-uri": f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination": str(folder / "artifacts"),
    }
    argv = [part for option in options.items() for part in option]
    return Command(
        name="mlflow",
        argv=(sys.executable, "-m", "mlflow", "server", "--serve-artifacts", *argv),
        environment={**environment, **ENVIRONMENT},
        log=log,
    )


def wait_for_mlflow(service: Service, url: str) -> None:
    """Wait until the server answers.

    Raises:
        ServiceError: It died or did not answer in time; with the tail of its log.
    """
    wait_until_healthy(service, lambda: _answers(url), timeout_seconds=START_SECONDS)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
