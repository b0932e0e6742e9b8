"""A real PostgreSQL for tests: one cluster in a folder of its own."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from drivers.guarded import guard, guarded
from evergreen.sandbox.services.ports import pick_ports
from evergreen.sandbox.services.postgres import Postgres
from evergreen.sandbox.services.processes import Service

STOP_SECONDS = 20.0


def new_postgres(home: Path) -> Postgres:
    """Return a server that is not started yet."""
    return Postgres(
        home / "cluster",
        port=pick_ports({"postgres": 0})["postgres"],
        password=uuid.uuid4().hex,
        environment=guarded(os.environ),
        log=home / "postgres.log",
    )


def started(server: Postgres) -> Service:
    """Start a server that ends with us; return it when it answers."""
    service = server.start()
    guard(service.pid)
    return service


@contextlib.contextmanager
def running_postgres(home: Path) -> Iterator[Postgres]:
    """Run a server for the length of the block."""
    server = new_postgres(home)
    service = started(server)
    try:
        yield server
    finally:
        service.stop(grace_seconds=STOP_SECONDS)
        server.remove()
