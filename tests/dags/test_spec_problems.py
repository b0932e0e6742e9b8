"""A broken spec is an import error that names file, key and remedy; the other models' DAGs stay."""

import shutil
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

PROJECT = Path(__file__).resolve().parents[2]
DAGS = PROJECT / "dags"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(PROJECT / "include" / "models" / "flights", folder / "flights")
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(folder))
    return folder


def add_model(models: Path, name: str, *, old: str = "", new: str = "") -> Path:
    shutil.copytree(models / "flights", models / name)
    spec = models / name / "model.yaml"
    text = spec.read_text().replace("name: flights ", f"name: {name} ", 1)
    assert old in text
    spec.write_text(text.replace(old, new, 1))
    return spec


def test_two_sound_models_have_their_own_dags_and_no_error(models: Path) -> None:
    add_model(models, "delays")

    bag = DagBag(dag_folder=DAGS)

    assert bag.import_errors == {}
    assert {"continual_training__flights", "continual_training__delays"} <= set(bag.dags)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        pytest.param("max_drop:", "max_drp:", ("max_drp", "max_drop"), id="misspelt key"),
        pytest.param("owner: flight-operations", "", ("owner",), id="missing key"),
        pytest.param("seed: 42", "seed: many", ("training.seed", "many"), id="wrong type"),
        pytest.param("name: delays", "name: flights", ("flights",), id="two with one name"),
    ],
)
def test_a_broken_spec_names_file_key_and_remedy_and_leaves_the_others(
    models: Path, old: str, new: str, parts: tuple[str, ...]
) -> None:
    add_model(models, "delays", old=old, new=new)
    add_model(models, "sound")

    bag = DagBag(dag_folder=DAGS)

    assert "ingest__sound" in bag.dags
    assert "ingest__delays" not in bag.dags
    (error,) = bag.import_errors.values()
    assert "delays/model.yaml" in error
    for part in parts:
        assert part in error
