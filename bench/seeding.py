"""A whole installation to measure: specs, and a ledger on SQLite or PostgreSQL full of history."""

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from bench.histories import as_model, make_history, write_histories

from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.services.ports import pick_ports
from evergreen.sandbox.services.postgres import Postgres
from evergreen.web.queries.view_models import State

STOP_SECONDS = 20.0
N_TEAMS = 12
N_LIVES = 40
SPEC = """\
name: {name}
owner: team-{team}
description: Late arrivals, as team {team} sees them.
schedule: "@weekly"
landing: {{uri: "file://{{home}}/landing/{name}"}}
labels: {{uri: "file://{{home}}/labels/{name}"}}
arrivals: {{every_days: 7, wait_hours: 192}}
data:
  key: flight_id
  time_column: scheduled_departure
  target: late
  features:
    - {{name: distance, kind: numeric}}
    - {{name: temp, kind: numeric}}
    - {{name: carrier, kind: categorical}}
"""
STATES: tuple[State, ...] = tuple(
    state for state in get_args(State) if state not in ("unreadable", "new")
)


def write_specs(models_dir: Path, n_models: int) -> list[str]:
    """Write the specs of some models; give their names."""
    names = [f"model_{place:04d}" for place in range(n_models)]
    for place, name in enumerate(names):
        write_spec(models_dir, name, team=place % N_TEAMS)
    return names


def write_spec(models_dir: Path, name: str, *, team: int = 0) -> Path:
    """Write the spec of one model whose batches come weekly; give its folder."""
    folder = models_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.yaml").write_text(SPEC.format(name=name, team=team))
    return folder


def fill_ledger(
    ledger_url: str, names: Sequence[str], *, n_decisions: int, now: datetime | None = None
) -> int:
    """Return every model a history, half of them quiet and the rest in every other state.

    Returns:
        How many decisions were written: ``n_decisions``, shared out evenly.
    """
    moment = now or datetime.now(UTC)
    n_weeks = max(1, n_decisions // len(names))
    lives = [
        make_history(
            "life",
            STATES[seed // 2 % len(STATES)] if seed % 2 else "fresh",
            n_weeks=n_weeks,
            now=moment,
            seed=seed,
        )
        for seed in range(N_LIVES)
    ]
    with Ledger(ledger_url) as ledger:
        ledger.migrate()
    return write_histories(
        ledger_url,
        (as_model(lives[place % N_LIVES], name) for place, name in enumerate(names)),
    )


@contextlib.contextmanager
def running_ledger(home: Path, backend: str) -> Iterator[str]:
    """Return the URL of an empty ledger for a ``with`` block, with its server where it needs one.

    Raises:
        ValueError: The backend is neither ``sqlite`` nor ``postgresql``.
    """
    if backend == "sqlite":
        yield f"sqlite:///{home}/ledger.db"
        return
    if backend != "postgresql":
        raise ValueError(f"backend {backend!r}; expected sqlite or postgresql")
    server = Postgres(
        home / "cluster",
        port=pick_ports({"postgres": 0})["postgres"],
        password=uuid.uuid4().hex,
        environment=os.environ,
        log=home / "postgres.log",
    )
    service = server.start()
    try:
        yield server.create_database("ledger")
    finally:
        service.stop(grace_seconds=STOP_SECONDS)
        server.remove()
