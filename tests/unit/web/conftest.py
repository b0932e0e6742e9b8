"""Twelve models, one in each state, on a real ledger: what pages and API are read from."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from builders.histories import seed_model
from evergreen.ledger.ledger import Ledger
from evergreen.settings import Settings
from evergreen.web.queries.view_models import State
from evergreen.web.server.services import Services

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STATES: tuple[State, ...] = get_args(State)
N_WEEKS = 24


def make_settings(home: Path, ledger_url: str) -> Settings:
    return Settings(
        home=home,
        models_dir=home / "models",
        runbooks_dir=home / "runbooks",
        store_uri=f"file://{home}/store",
        store_connection_id="",
        ledger_url=ledger_url,
        mlflow_uri="http://ann:secret@127.0.0.1:5000",
        mlflow_url="http://127.0.0.1:5000",
        airflow_url="",
        runbook_url="",
    )


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Return an installation whose models are called like the state that each is in at ``NOW``."""
    home = tmp_path_factory.mktemp("installation")
    settings = make_settings(home, f"sqlite:///{home}/ledger.db")
    with Ledger(settings.ledger_url) as ledger:
        ledger.migrate()
        for place, state in enumerate(STATES):
            seed_model(
                home,
                settings.models_dir,
                settings.ledger_url,
                state,
                state,
                n_weeks=N_WEEKS,
                now=NOW,
                seed=place,
            )
        yield Services(settings, ledger)


@pytest.fixture
def empty_desk(tmp_path: Path) -> Iterator[Services]:
    """Return an installation without a model."""
    settings = make_settings(tmp_path, f"sqlite:///{tmp_path}/ledger.db")
    settings.models_dir.mkdir()
    with Ledger(settings.ledger_url) as ledger:
        ledger.migrate()
        yield Services(settings, ledger)


@pytest.fixture
def without_mlflow(services: Services) -> Services:
    return Services(replace(services.settings, mlflow_uri="", mlflow_url=""), services.ledger)
