"""What the Astro CLI reads agrees with the spec and with the settings."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from evergreen.spec.model import Training


@pytest.fixture
def airflow_settings(project: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((project / "airflow_settings.yaml").read_text())
    airflow: dict[str, Any] = loaded["airflow"]
    return airflow


def test_the_pool_is_the_one_that_specs_name(airflow_settings: dict[str, Any]) -> None:
    pools = {pool["pool_name"]: pool["pool_slot"] for pool in airflow_settings["pools"]}

    assert pools == {Training().pool: 1}


def test_connections_hold_no_secret(airflow_settings: dict[str, Any]) -> None:
    secrets = [
        connection[key]
        for connection in airflow_settings["connections"]
        for key in ("conn_login", "conn_password")
    ]

    assert set(secrets) == {None}


def test_the_store_uses_a_connection_that_exists(
    airflow_settings: dict[str, Any], astro_env: dict[str, str]
) -> None:
    connections = {c["conn_id"]: c["conn_type"] for c in airflow_settings["connections"]}

    assert connections[astro_env["EVERGREEN_STORE_CONNECTION_ID"]] == "aws"
    assert f"AIRFLOW_CONN_{astro_env['EVERGREEN_STORE_CONNECTION_ID'].upper()}" in astro_env


def test_no_variable_is_set_because_none_is_read(
    airflow_settings: dict[str, Any], project: Path
) -> None:
    sources = [*project.glob("dags/*.py"), *project.glob("include/evergreen/**/*.py")]

    readers = [path.name for path in sources if "Variable.get" in path.read_text()]

    assert readers == []
    assert airflow_settings["variables"] == []


def test_every_variable_of_the_example_is_read(
    astro_env: dict[str, str], settings_variables: set[str]
) -> None:
    ours = {name for name in astro_env if name.startswith("EVERGREEN_")}

    assert ours <= settings_variables
    assert {"EVERGREEN_LEDGER_URL", "EVERGREEN_STORE_URI", "MLFLOW_TRACKING_URI"} <= set(astro_env)
