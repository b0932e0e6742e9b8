"""One installation with a model, a migrated ledger, and a way to call the command."""

from pathlib import Path

import pytest

from builders.ledger_rows import SPEC, Call, Outcome, week_of
from drivers.ledgers import copy_of
from evergreen.cli.app import main
from evergreen.ledger.ledger import Ledger
from evergreen.records import ModelVersion, TrainedModel
from evergreen.registry.client import ModelRegistry


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one model and an empty ledger."""
    folder = tmp_path / "include" / "models" / "flights"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(SPEC)
    for name in ("EVERGREEN_MODELS_DIR", "EVERGREEN_LEDGER_URL", "EVERGREEN_STORE_URI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EVERGREEN_PROJECT", str(tmp_path))
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def ledger(project: Path, ledger_template: Path) -> Ledger:
    """Return the project's ledger, migrated."""
    return copy_of(ledger_template, f"sqlite:///{project}/home/ledger.db")


@pytest.fixture
def call(project: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs the command in the project."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        code = ended.value.code
        return Outcome(int(code) if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def two_versions(
    ledger: Ledger, mlflow_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[ModelVersion]:
    """Return two versions that ledger and registry know; the second is champion."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    registry = ModelRegistry(mlflow_uri)
    versions = []
    for word in ("first", "second"):
        file = tmp_path / "model.lgb"
        file.write_text(word)
        key = f"{tmp_path.name} {word}"
        made = registry.register(
            "flights", idempotency_key=key, model_file=file, tags={}, metrics={}, params={}
        )
        ledger.versions.record(
            "flights",
            made.version,
            idempotency_key=key,
            sha256=made.sha256,
            folder="versions/k",
            trained=make_trained(made.sha256),
        )
        versions.append(made)
    row = ledger.promotions.write_intent(
        "flights",
        epoch=1,
        version=versions[1].version,
        previous_version=None,
        sha256=versions[1].sha256,
        kind="bootstrap",
        decision_id="d1",
        reason="first model",
    )
    registry.set_alias("flights", "champion", row.version)
    ledger.promotions.commit("flights", row.epoch)
    return versions


def make_trained(sha256: str) -> TrainedModel:
    return TrainedModel(
        path="versions/k/model.lgb",
        sha256=sha256,
        n_rows=100,
        n_rounds=1,
        seconds=0.1,
        device="cpu",
        device_reason="",
        seed=1,
        window=week_of("2013-03-05"),
    )
