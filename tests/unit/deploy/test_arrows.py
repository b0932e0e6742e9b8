"""The contracts of import-linter hold for the package, and break where they should."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def house(project: Path, tmp_path: Path) -> Path:
    """A copy of the package in which a test may plant an import."""
    shutil.copytree(
        project / "include" / "evergreen",
        tmp_path / "include" / "evergreen",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(project / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house / "include"), "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_house_as_it_is_keeps_every_contract(house: Path) -> None:
    result = lint(house)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "planted"),
    [
        pytest.param("drift/psi.py", "import evergreen.decay.measure", id="rooms of one floor"),
        pytest.param("metrics/estimates.py", "import evergreen.drift.psi", id="upwards"),
        pytest.param("ledger/tables.py", "import airflow.sdk", id="airflow in an adapter"),
        pytest.param("evaluation/compare.py", "import mlflow", id="mlflow outside registry"),
        pytest.param("drift/psi.py", "import great_expectations", id="GX outside quality"),
        pytest.param("quality/gate.py", "import evidently", id="Evidently outside drift"),
        pytest.param("orchestration/assets.py", "import dags.ingest", id="dags from the package"),
        pytest.param("web/server/csrf.py", "import evergreen.web.app", id="a circle of rooms"),
        pytest.param("attic/__init__.py", '"""A room in no floor."""', id="a new room"),
    ],
)
def test_a_planted_import_is_found(house: Path, file: str, planted: str) -> None:
    path = house / "include" / "evergreen" / file
    path.parent.mkdir(exist_ok=True)
    old = path.read_text() if path.exists() else ""
    path.write_text(f"{old}\n{planted}\n")

    result = lint(house)

    assert result.returncode == 1
    assert "BROKEN" in result.stdout
