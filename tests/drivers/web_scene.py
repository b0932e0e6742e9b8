"""An API server with FAB's logins, two models with a history, and a ledger on PostgreSQL.

Most users may read the model ``one`` and none but ``admin`` the model ``zebra``: no answer to them
may hold that name.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from builders.ledger_rows import add_decision, make_alert
from drivers.postgres_server import STOP_SECONDS, new_postgres, started
from drivers.tiny import write_spec
from drivers.web_server import Web, running_web
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Action
from evergreen.records import Snapshot, Window
from evergreen.sandbox.services.postgres import Postgres
from evergreen.sandbox.services.processes import Service
from evergreen.storage.store import Store
from evergreen.web_addresses import PREFIX
from evergreen.workflows.decide.decide import report_path
from evergreen.workflows.ingest.quality_gate import docs_folder

OPEN, HIDDEN = "one", "zebra"
BATCH = "2013-03-05"
REPORT = "<!doctype html><title>report</title><script>fetch('/api/v2/dags')</script>"
CANARY = "canary-that-no-answer-may-hold"
HOLD = f"{PREFIX}/actions/models/{OPEN}/hold"
IS_JSON = {"Content-Type": "application/json"}
REASON = {"reason": "the upstream system is being repaired"}


@dataclass
class Known:
    """What is kept of one model."""

    decision: str
    incident: int


@dataclass
class Scene:
    """The server, and what its ledger and store hold."""

    web: Web
    ledger: Ledger
    home: Path
    database: Postgres
    service: Service
    known: dict[str, Known]

    def actions(self) -> list[Action]:
        """Return what people did about the model ``one``, newest first."""
        return list(self.ledger.actions.newest(OPEN, limit=1000))

    def run_of(self, action: Action) -> dict[str, Any]:
        """Return the DAG run that an action started, as Airflow tells it."""
        with self.web.client("admin") as client:
            path = f"/api/v2/dags/{action.detail['dag_id']}/dagRuns/{action.detail['run_id']}"
            found: dict[str, Any] = client.get(path).raise_for_status().json()
        return found


@contextlib.contextmanager
def running_scene(folder: Path) -> Iterator[Scene]:
    """Play the scene for the length of the block."""
    for model in (OPEN, HIDDEN):
        write_spec(folder / "models", name=model)
    spec = folder / "models" / OPEN / "model.yaml"
    spec.write_text(f"{spec.read_text()}runbooks: {{no_data: drift.md}}\n")
    (folder / "postgres").mkdir()
    database = new_postgres(folder / "postgres")
    service = started(database)
    try:
        url = database.create_database("ledger")
        with Ledger(url) as ledger:
            ledger.migrate()
            home = folder / "home"
            known = {model: seed(ledger, home, model) for model in (OPEN, HIDDEN)}
            with running_web(home, folder / "models", EVERGREEN_LEDGER_URL=url) as web:
                scene = Scene(web, ledger, home, database, service, known)
                yield scene
                service = scene.service
    finally:
        service.stop(grace_seconds=STOP_SECONDS)
        database.remove()


def seed(ledger: Ledger, home: Path, model: str) -> Known:
    """Return a model a delivery, a decision with a report, Data Docs, and an open incident."""
    take_in(ledger, model, BATCH)
    decision = add_decision(ledger, BATCH, model=model)
    ledger.decisions.close(
        decision.id,
        outcome="stood_down",
        sentence="Nothing to do.",
        challenger_version=None,
        champion_after="1",
        evaluation=None,
        report_path=report_path(model, BATCH),
    )
    store = Store.at(f"file://{home}/store")
    store.write_bytes(report_path(model, BATCH), REPORT.encode())
    store.write_bytes(f"{docs_folder(model, BATCH)}/index.html", b"<title>docs</title>")
    store.write_bytes("canary.html", CANARY.encode())
    (home / "canary.html").write_text(CANARY)
    incident = ledger.incidents.open_or_update(
        make_alert(f"drift:{model}", model=model), topic="drift"
    )
    assert incident is not None
    return Known(decision.id, incident.id)


def take_in(ledger: Ledger, model: str, batch: str) -> None:
    """Record that a batch was taken in."""
    start = datetime.fromisoformat(batch).replace(tzinfo=UTC)
    ledger.batches.record_snapshot(
        Snapshot(
            model=model,
            batch=batch,
            kind="data",
            path=f"snapshots/{model}",
            sha256="a" * 64,
            n_rows=6000,
            window=Window(start=start, end=start + timedelta(days=7)),
        )
    )


def token_on(browser: httpx.Client) -> str:
    """Take the token from a form of the model's page, as a browser would."""
    page = browser.get(f"{PREFIX}/models/{OPEN}").text
    return page.partition('name="csrf" value="')[2].partition('"')[0]
