"""The ledger's tests run on SQLite and on a real PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.postgres_server import running_postgres
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.services.postgres import Postgres


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create_database(f"ledger_{uuid.uuid4().hex}")


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as opened:
        opened.migrate()
        yield opened
