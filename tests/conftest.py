"""Airflow reads its settings when it is first imported: give it a home of its own before that.

And what tests of several folders share: one real MLflow and one PostgreSQL per session, started
when asked, and empty ledgers to copy.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.chance import shift_seeds
from drivers import order
from drivers.ledgers import make_database_template, make_template
from drivers.mlflow_server import running_mlflow
from drivers.postgres_server import running_postgres
from evergreen.sandbox.services.postgres import Postgres

PROJECT = Path(__file__).resolve().parents[1]

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="evergreen-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT / "dags")
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"

shift_seeds()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order.sort(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> order.FileScheduling:
    return order.scheduling(config, log)


@pytest.fixture(scope="session")
def ledger_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an empty ledger, migrated once."""
    return make_template(tmp_path_factory.mktemp("ledger"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def database_template(postgres: Postgres) -> str:
    """Return the URL of an empty ledger on the server, migrated once."""
    return make_database_template(postgres)


@pytest.fixture(scope="session")
def mlflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="session")
def mlflow_uri(mlflow_home: Path) -> Iterator[str]:
    with running_mlflow(mlflow_home) as uri:
        yield uri
