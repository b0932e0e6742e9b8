"""Texts beside a model version, in a real MLflow server."""

from pathlib import Path

import pytest

from evergreen.errors import RegistryError
from evergreen.registry.client import ModelRegistry


@pytest.fixture
def registry(mlflow_uri: str) -> ModelRegistry:
    return ModelRegistry(mlflow_uri, timeout_seconds=60)


@pytest.fixture
def run_id(registry: ModelRegistry, model: str, tmp_path: Path) -> str:
    file = tmp_path / "model.txt"
    file.write_text("tree\n")
    return registry.register(
        model, idempotency_key="key", model_file=file, tags={}, metrics={}, params={}
    ).run_id


def read_back(mlflow_uri: str, run_id: str, path: str, folder: Path) -> str:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=mlflow_uri)
    return Path(client.download_artifacts(run_id, path, str(folder))).read_text()


def test_a_text_is_a_file_of_the_run_and_a_second_one_replaces_it(
    registry: ModelRegistry, run_id: str, mlflow_uri: str, tmp_path: Path
) -> None:
    registry.log_texts(run_id, {"card/a.md": "first, longer", "card/a.json": "{}"})

    registry.log_texts(run_id, {"card/a.md": "zwei \N{EN DASH} 2"})

    assert read_back(mlflow_uri, run_id, "card/a.md", tmp_path) == "zwei \N{EN DASH} 2"
    assert read_back(mlflow_uri, run_id, "card/a.json", tmp_path) == "{}"
    assert read_back(mlflow_uri, run_id, "model.lgb", tmp_path) == "tree\n"


def test_a_description_is_replaced(
    registry: ModelRegistry, run_id: str, mlflow_uri: str, model: str
) -> None:
    from mlflow.tracking import MlflowClient

    for text in ("first", "second"):
        registry.describe_version(model, "1", text)

    found = MlflowClient(tracking_uri=mlflow_uri).get_model_version(model, "1")
    assert (found.description, found.run_id) == ("second", run_id)


def test_a_run_that_is_not_there_is_told(registry: ModelRegistry) -> None:
    with pytest.raises(RegistryError, match=r"log_artifact card/a\.md"):
        registry.log_texts("0" * 32, {"card/a.md": "x"})
