"""The ledger's tests run on SQLite and on a real PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.ledgers import copy_database, copy_of
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.services.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables; with them for a test that asks for a ledger."""
    has_tables = "ledger" in request.fixturenames
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/ledger.db"
        if has_tables:
            copy_of(request.getfixturevalue("ledger_template"), url).close()
        return url
    name = f"ledger_{uuid.uuid4().hex}"
    if has_tables:
        return copy_database(request.getfixturevalue("database_template"), name)
    server: Postgres = request.getfixturevalue("postgres")
    return server.create_database(name)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as opened:
        yield opened
