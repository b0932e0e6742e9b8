"""Airflow reads its settings when it is first imported: give it a home of its own before that.

And what tests of several folders share: one real MLflow server per session, started when asked.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.chance import shift_seeds
from drivers.mlflow_server import running_mlflow

PROJECT = Path(__file__).resolve().parents[1]

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="evergreen-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT / "dags")
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"

shift_seeds()


@pytest.fixture(scope="session")
def mlflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="session")
def mlflow_uri(mlflow_home: Path) -> Iterator[str]:
    with running_mlflow(mlflow_home) as uri:
        yield uri
