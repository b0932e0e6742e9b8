"""ModelRegistry against a real MLflow server."""

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evergreen.errors import ModelFileError, RegistryError
from evergreen.records import ModelVersion
from evergreen.registry.client import ModelRegistry

CREATE = "model-versions/create"


def make_file(folder: Path, text: str = "tree\nversion=v4\n") -> Path:
    path = folder / "fitted.txt"
    path.write_text(text)
    return path


def sha256(text: str = "tree\nversion=v4\n") -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def register(registry: ModelRegistry, model: str, file: Path, key: str = "key-1") -> ModelVersion:
    return registry.register(
        model,
        idempotency_key=key,
        model_file=file,
        tags={"evergreen.batch": "2013-01-08"},
        metrics={"auc": 0.71, "broken": float("nan")},
        params={"num_leaves": "31"},
    )


@pytest.fixture
def registry(mlflow_uri: str) -> ModelRegistry:
    return ModelRegistry(mlflow_uri, timeout_seconds=60)


def test_register_makes_a_ready_version_with_its_hash(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    made = register(registry, model, make_file(tmp_path))

    assert (made.version, made.sha256, made.idempotency_key) == ("1", sha256(), "key-1")
    assert made.is_ready
    assert registry.get_version(model, "1") == made


def test_register_twice_gives_the_same_version(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    first = register(registry, model, make_file(tmp_path))

    second = register(registry, model, make_file(tmp_path, "tree\nanother fit\n"))

    assert second == first
    assert registry.list_versions(model) == [first]


def test_register_with_another_key_makes_another_version(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    register(registry, model, make_file(tmp_path), "key-1")

    register(registry, model, make_file(tmp_path), "key-2")

    found = [(v.version, v.idempotency_key) for v in registry.list_versions(model)]
    assert found == [("1", "key-1"), ("2", "key-2")]


def test_register_refuses_a_key_that_cannot_be_searched_for(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="no quotes"):
        register(registry, model, make_file(tmp_path), "it's")


def test_register_logs_run_with_params_finite_metrics_and_one_artifact(
    registry: ModelRegistry, mlflow_uri: str, model: str, tmp_path: Path
) -> None:
    from mlflow.tracking import MlflowClient

    made = register(registry, model, make_file(tmp_path))

    client = MlflowClient(mlflow_uri)
    run = client.get_run(made.run_id)
    assert run.data.params == {"num_leaves": "31"}
    assert run.data.metrics == {"auc": 0.71}
    assert run.data.tags["evergreen.batch"] == "2013-01-08"
    assert [file.path for file in client.list_artifacts(made.run_id)] == ["model.lgb"]
    assert client.get_experiment(run.info.experiment_id).name == f"evergreen/{model}"


def test_register_resumes_the_run_of_an_attempt_that_died(
    registry: ModelRegistry, mlflow_uri: str, model: str, tmp_path: Path
) -> None:
    from mlflow.tracking import MlflowClient

    first = register(registry, model, make_file(tmp_path))
    registry.delete_version(model, first.version)

    second = register(registry, model, make_file(tmp_path))

    assert (second.version, second.run_id) == ("2", first.run_id)
    experiment = MlflowClient(mlflow_uri).get_experiment_by_name(f"evergreen/{model}")
    assert experiment is not None
    assert len(MlflowClient(mlflow_uri).search_runs([experiment.experiment_id])) == 1


def test_register_at_the_same_time_settles_on_one_version(
    registry: ModelRegistry, mlflow_uri: str, model: str, tmp_path: Path
) -> None:
    file = make_file(tmp_path)
    barrier = threading.Barrier(3)
    got: list[ModelVersion] = []

    def work() -> None:
        barrier.wait()
        got.append(register(registry, model, file))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 3
    assert {version.version for version in got} == {"1"}
    assert register(registry, model, file).version == "1"
    from mlflow.tracking import MlflowClient

    others = MlflowClient(mlflow_uri).search_model_versions(f"name='{model}'")
    marks = {str(v.version): v.tags.get("evergreen.duplicate_of") for v in others}
    assert marks.pop("1") is None
    assert set(marks.values()) <= {"1"}


def test_alias_is_none_then_set_then_moved(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    assert registry.get_alias(model, "champion") is None
    first = register(registry, model, make_file(tmp_path), "a")
    second = register(registry, model, make_file(tmp_path), "b")
    assert registry.get_alias(model, "champion") is None

    registry.set_alias(model, "champion", first.version)
    assert registry.get_alias(model, "champion") == first
    registry.set_alias(model, "champion", second.version)

    assert registry.get_alias(model, "champion") == second


def test_set_alias_to_a_version_that_is_not_there_is_refused_for_good(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    register(registry, model, make_file(tmp_path))

    with pytest.raises(RegistryError, match="set_registered_model_alias") as caught:
        registry.set_alias(model, "champion", "99")

    assert caught.value.is_permanent


def test_get_version_and_list_of_unknown_model_are_empty(registry: ModelRegistry) -> None:
    assert registry.get_version("nobody", "1") is None
    assert registry.list_versions("nobody") == []


def test_download_gives_the_file_and_keeps_a_right_one(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    made = register(registry, model, make_file(tmp_path))
    to = tmp_path / "cache" / "model.lgb"

    got = registry.download_model(made, to, sha256())
    stamp = got.stat().st_mtime_ns
    again = registry.download_model(made, to, sha256())

    assert got.read_text() == "tree\nversion=v4\n"
    assert again.stat().st_mtime_ns == stamp
    assert [path.name for path in to.parent.iterdir()] == ["model.lgb"]


def test_download_refuses_a_file_with_another_hash(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    made = register(registry, model, make_file(tmp_path))
    to = tmp_path / "cache" / "model.lgb"

    with pytest.raises(ModelFileError, match="expected 000000000000"):
        registry.download_model(made, to, "0" * 64)

    assert not to.exists()


def test_delete_refuses_the_bearer_of_an_alias_and_forgives_what_is_gone(
    registry: ModelRegistry, model: str, tmp_path: Path
) -> None:
    champion = register(registry, model, make_file(tmp_path), "a")
    other = register(registry, model, make_file(tmp_path), "b")
    registry.set_alias(model, "champion", champion.version)

    with pytest.raises(RegistryError, match="bears the alias champion"):
        registry.delete_version(model, champion.version)
    registry.delete_version(model, other.version)
    registry.delete_version(model, other.version)

    assert registry.list_versions(model) == [champion]


def test_tags_are_added(
    registry: ModelRegistry, mlflow_uri: str, model: str, tmp_path: Path
) -> None:
    from mlflow.tracking import MlflowClient

    made = register(registry, model, make_file(tmp_path))

    registry.tag_version(model, made.version, {"evergreen.verdict": "kept"})

    client = MlflowClient(mlflow_uri)
    tags = client.get_model_version(model, made.version).tags
    assert (tags["evergreen.verdict"], tags["evergreen.sha256"]) == ("kept", sha256())
    metrics = client.get_run(made.run_id).data.metrics
    assert metrics == {"auc": 0.71}


def test_importing_the_client_does_not_import_mlflow() -> None:
    code = "import sys, evergreen.registry.client; print('mlflow' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
