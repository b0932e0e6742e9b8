"""A whole model for pages: spec, months of decisions, incidents with messages, people, and a store.

The rows are those of the benchmark (``bench.histories``); what only a page of one model shows is
added here.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from bench.histories import History, Row, make_history, write_histories
from bench.seeding import write_spec
from bench.week_records import FEATURES, TEXTS
from sqlalchemy import create_engine, insert

from evergreen.drift.profile.build import build_profile
from evergreen.ledger.tables import (
    ActionRow,
    AlertRow,
    ApprovalRow,
    DecisionRow,
    DeliveryRow,
    IncidentRow,
    PromotionRow,
)
from evergreen.records import Alert
from evergreen.spec.loader import load_spec
from evergreen.spec.model import Feature
from evergreen.storage.store import Store
from evergreen.web.queries.view_models import State

N_ROWS = 2000
N_WEEKS = 40
SPELL = 4  # features that have to drift for an incident
AIRLINES = ("AA", "B6", "DL", "EV", "UA")


def seed_model(
    home: Path,
    models_dir: Path,
    ledger_url: str,
    name: str,
    state: State = "fresh",
    *,
    n_weeks: int = N_WEEKS,
    now: datetime | None = None,
    seed: int = 0,
    is_rolled_back: bool = False,
) -> History:
    """Return a model a life that leaves it in a state, in a migrated ledger.

    Args:
        home: The store lies in its folder ``store``.
        models_dir: Where the spec is written; for ``unreadable``, one that cannot be read.
        ledger_url: The ledger.
        name: The model.
        state: What it is in.
        n_weeks: Weeks that were decided about.
        now: The moment, in UTC; the clock's where it is left out.
        seed: Other seeds give other lives.
        is_rolled_back: Somebody went back to the former champion after the newest decision.

    Returns:
        What was written.
    """
    folder = write_spec(models_dir, name)
    moment = now or datetime.now(UTC)
    history = make_history(name, state, n_weeks=n_weeks, now=moment, seed=seed)
    spec_hash = load_spec(folder, home=home).spec_hash
    for row in history.rows[DecisionRow]:
        row["spec_hash"] = spec_hash
    if state == "unreadable":
        (folder / "model.yaml").write_text("name: [\n")
    if is_rolled_back:
        history.rows[PromotionRow].append(_rollback(history))
    write_histories(ledger_url, [history])
    _write_people(ledger_url, history)
    if history.rows[DecisionRow]:
        _write_store(Store.at(f"file://{home}/store"), history, seed)
    return history


def _rollback(history: History) -> Row:
    newest = history.rows[PromotionRow][-1]
    promoted_at = history.rows[DecisionRow][-1]["decided_at"] + timedelta(hours=1)
    return {
        **newest,
        "epoch": newest["epoch"] + 1,
        "version": newest["previous_version"],
        "previous_version": newest["version"],
        "kind": "rollback",
        "decision_id": f"rollback:{history.model}:{newest['epoch']}",
        "reason": "complaints from the tower since the promotion",
        "requested_by": "ann",
        "promoted_at": promoted_at,
    }


def _write_people(ledger_url: str, history: History) -> None:
    """Add what people were told, asked, and did."""
    decisions, promotions = history.rows[DecisionRow], history.rows[PromotionRow]
    incidents = list(_incidents(decisions))
    approvals = [
        _approval(row) for row in promotions if row["kind"] == "promotion" and row["epoch"] % 2
    ]
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        for incident in incidents:
            key = connection.execute(insert(IncidentRow).values(incident)).inserted_primary_key
            assert key is not None
            messages = list(_messages(incident, int(key[0])))
            connection.execute(insert(AlertRow), messages)
        if approvals:
            connection.execute(insert(ApprovalRow), approvals)
        if decisions:
            connection.execute(insert(ActionRow), [_action(history)])
    engine.dispose()


def _incidents(decisions: Sequence[Row]) -> Iterator[Row]:
    """Return one incident of drift for each spell, open where it has not ended."""
    began: Row | None = None
    for row in decisions:
        n_drifted = round((row["drifted_share"] or 0) * len(FEATURES))
        if began is None and n_drifted >= SPELL:
            began = row
        elif began is not None and n_drifted < SPELL:
            yield _incident(began, row)
            began = None
    if began is not None:
        yield _incident(began, None)


def _incident(began: Row, ended: Row | None) -> Row:
    model = began["model"]
    return {
        "open_key": f"{model}:drift:" if ended is None else None,
        "model": model,
        "topic": "drift",
        "subject": "",
        "kind": "drift",
        "severity": "warning",
        "title": f"{model} drifts",
        "sentence": _drifted(began),
        "must_act": False,
        "opened_at": began["decided_at"],
        "updated_at": (ended or began)["decided_at"],
        "closed_at": None if ended is None else ended["decided_at"],
        "resolution": "" if ended is None else "recovered",
        "n_events": 2,
        "n_calm": 0,
        "channel": "ml-alerts",
        "message_ts": "1700000000.000100",
    }


def _drifted(decision: Row) -> str:
    n_drifted = round(decision["drifted_share"] * len(FEATURES))
    return f"{n_drifted} of {len(FEATURES)} features drifted in batch {decision['batch']}."


def _over_limit(incident: Row) -> tuple[str, str]:
    return "Features over their limit", incident["sentence"].partition(" features")[0]


def _messages(incident: Row, number: int) -> Iterator[dict[str, Any]]:
    moments = {"opening": incident["opened_at"], "closing": incident["closed_at"]}
    for role, moment in moments.items():
        if moment is None:
            continue
        name = f"drift:{incident['model']}:{number}:{role}"
        alert = Alert(
            model=incident["model"],
            kind="drift",
            message_key=name,
            thread=f"incident:{number}",
            title=incident["title"],
            text=incident["sentence"] if role == "opening" else "It has recovered.",
            must_act=False,
            severity="warning",
            numbers=() if role == "closing" else (_over_limit(incident),),
            commands=(f"evergreen why {incident['model']} <batch>",),
        )
        yield {
            "incident": name,
            "model": alert.model,
            "kind": alert.kind,
            "thread": alert.thread,
            "alert": alert.to_json(),
            "state": "delivered",
            "attempts": 1,
            "last_error": "",
            "message_ts": "1700000000.000100",
            "raised_at": moment,
            "delivered_at": moment,
            "incident_id": number,
            "role": role,
        }


def _approval(promotion: Row) -> Row:
    answered_at = promotion["promoted_at"]
    return {
        "decision_id": promotion["decision_id"],
        "model": promotion["model"],
        "version": promotion["version"],
        "asked_at": answered_at - timedelta(minutes=10),
        "due_at": answered_at + timedelta(days=1),
        "answer": "approved",
        "answered_by": "ann",
        "comment": "looks right on the holdout",
        "answered_at": answered_at,
        "reminded_at": None,
    }


def _action(history: History) -> Row:
    return {
        "model": history.model,
        "action": "acknowledge",
        "done_by": "ann",
        "reason": "the storm of last week, it will pass",
        "detail": {},
        "outcome": "acknowledged",
        "done_at": history.rows[DecisionRow][-1]["decided_at"],
    }


def _write_store(store: Store, history: History, seed: int) -> None:
    """Keep the newest batch, and the reference of the champion of then."""
    newest = history.rows[DecisionRow][-1]
    random = np.random.default_rng(seed)
    reference = make_rows(random, n_drifted=0)
    profile = build_profile(reference, features())
    folder = f"models/{history.model}/v{newest['champion_before']}"
    store.write_json(f"{folder}/profile.json", profile.to_json())
    n_drifted = round((newest["drifted_share"] or 0) * len(FEATURES))
    path = str(history.rows[DeliveryRow][len(history.rows[DecisionRow]) - 1]["path"])
    store.write_table(path, make_rows(random, n_drifted=n_drifted))


def features() -> list[Feature]:
    """Return the features of the rows."""
    return [
        Feature(name=name, kind="categorical" if name in TEXTS else "numeric") for name in FEATURES
    ]


def make_rows(random: np.random.Generator, *, n_drifted: int) -> pa.Table:
    """Make a batch in which the first features have moved."""
    columns: dict[str, Any] = {}
    for place, name in enumerate(FEATURES):
        is_moved = place < n_drifted
        if name in TEXTS:
            weights = np.arange(1, len(AIRLINES) + 1)[:: -1 if is_moved else 1] / 15
            columns[name] = random.choice(AIRLINES, N_ROWS, p=weights)
        else:
            columns[name] = random.normal(2 if is_moved else 0, 1, N_ROWS)
    return pa.table(columns)
