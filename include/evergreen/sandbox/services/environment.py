"""The environment of the embedded services: the caller's, without what would leak into them."""

import os
from collections.abc import Mapping

from evergreen.sandbox.services.ports import LOOPBACK
from evergreen.sandbox.services.process_tree import TOKEN_VARIABLE

# A caller's own Airflow, MLflow or Evergreen must not be mistaken for ours.
OURS = (
    "AIRFLOW_",
    "AIRFLOW__",
    "EVERGREEN_",
    "MLFLOW_",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
)

QUIET = {
    "SPT_NOENV": "1",  # process titles must not overwrite the environment that carries the token
    "PYTHONUNBUFFERED": "1",
    "DO_NOT_TRACK": "1",
    "SCARF_ANALYTICS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


def clean_environment(token: str) -> dict[str, str]:
    """Return the environment that every embedded service starts from.

    Args:
        token: Marks every process of one stack.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    return {**kept, **QUIET, **_without_proxy(kept), TOKEN_VARIABLE: token}


def _without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Keep a caller's HTTP proxy away from what listens on this machine."""
    named = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    hosts = [host for host in named.split(",") if host]
    hosts += [host for host in (LOOPBACK, "localhost") if host not in hosts]
    return {"no_proxy": ",".join(hosts), "NO_PROXY": ",".join(hosts)}
