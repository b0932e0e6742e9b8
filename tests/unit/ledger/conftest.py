"""The ledger's tests run on SQLite and on a real PostgreSQL."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from evergreen.embedded.ports import pick_ports
from evergreen.embedded.postgres import Postgres
from evergreen.ledger.ledger import Ledger


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    home = tmp_path_factory.mktemp("postgres")
    server = Postgres(
        home / "cluster",
        port=pick_ports({"postgres": 0})["postgres"],
        password=uuid.uuid4().hex,
        environment=os.environ,
        log=home / "postgres.log",
    )
    service = server.start()
    yield server
    service.stop(grace_seconds=20)
    server.remove()


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
