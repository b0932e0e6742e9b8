"""A workbench on a small model: real ledger, real store, real deliveries; no Airflow, no MLflow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.tiny import NAME, Upstream, write_spec
from evergreen.ledger.ledger import Ledger
from evergreen.orchestration.workbench import Workbench
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_spec(tmp_path / "models")
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.delenv("EVERGREEN_LEDGER_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    settings = read_settings()
    with Ledger(settings.ledger_url) as ledger:
        ledger.migrate()
        yield Workbench(settings, load_spec(settings.models_dir / NAME, home=home), ledger)


@pytest.fixture
def upstream(bench: Workbench) -> Upstream:
    return Upstream.of(bench.loaded.folder, bench.settings.home)
