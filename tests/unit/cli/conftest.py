"""One installation with a model, a migrated ledger, and a way to call the command."""

from pathlib import Path

import pytest

from builders.ledger_rows import SPEC, Call, Outcome
from evergreen.cli.app import main
from evergreen.ledger.ledger import Ledger


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with one model and an empty ledger."""
    folder = tmp_path / "include" / "models" / "flights"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(SPEC)
    for name in ("EVERGREEN_MODELS_DIR", "EVERGREEN_LEDGER_URL", "EVERGREEN_STORE_URI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EVERGREEN_PROJECT", str(tmp_path))
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def ledger(project: Path) -> Ledger:
    """Give the project's ledger, migrated."""
    opened = Ledger(f"sqlite:///{project}/home/ledger.db")
    opened.migrate()
    return opened


@pytest.fixture
def call(project: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a function that runs the command in the project."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        code = ended.value.code
        return Outcome(int(code) if isinstance(code, int) else 0, said.out, said.err)

    return run
