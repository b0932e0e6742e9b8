"""Rows of the ledger for whole histories of models, written many at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bench.week_records import (
    N_ROWS,
    SHA,
    decision_of,
    evaluation_of,
    outcome_of,
    quality_of,
    sentence_of,
    signals_of,
    trained_of,
)
from bench.weeks import Week, live
from sqlalchemy import Connection, create_engine, insert

from evergreen.ledger.base import Base
from evergreen.ledger.decision_columns import figures_of
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.tables import (
    ApprovalRow,
    DecisionRow,
    DeliveryRow,
    HoldRow,
    PromotionRow,
    VersionRow,
)
from evergreen.signals import PolicyState
from evergreen.web.queries.view_models import State

Row = dict[str, Any]
Rows = dict[type[Base], list[Row]]

SPEC_HASH = "b" * 64
CHUNK = 500
ORDER = (DeliveryRow, DecisionRow, VersionRow, PromotionRow, ApprovalRow, HoldRow)


class History(NamedTuple):
    """The rows of one model by table."""

    model: str
    rows: Rows


def make_history(
    model: str, state: State, *, n_weeks: int, now: datetime, seed: int = 0
) -> History:
    """Return the rows of a model that is in ``state`` at ``now``.

    Args:
        model: Its name.
        state: What it is in; ``unreadable`` is up to its spec, and gives a fresh one.
        n_weeks: Weeks that were decided about.
        now: The moment, in UTC.
        seed: Other seeds give other histories.
    """
    weeks = live(state, n_weeks=n_weeks, now=now, seed=seed)
    rows: Rows = {
        DeliveryRow: [_delivery(model, week) for week in weeks],
        DecisionRow: [_decision(model, place, week) for place, week in enumerate(weeks)],
        VersionRow: [_version(model, week) for week in weeks if week.challenger],
        PromotionRow: _promotions(model, weeks),
    }
    if state == "late":
        newest = weeks[-1].window.end
        late = weeks[-1]._replace(
            batch=f"{newest:%Y-%m-%dT%H:%M}", taken_at=weeks[-1].taken_at + timedelta(days=7)
        )
        rows[DeliveryRow].append(_delivery(model, late))
    if state == "waiting_for_approval":
        rows[ApprovalRow] = [_approval(model, weeks[-1], rows[DecisionRow][-1]["id"])]
    if state == "frozen":
        rows[HoldRow] = [_hold(model, now)]
    return History(model, rows)


def as_model(history: History, model: str) -> History:
    """Return the same history for another model, ids and all."""
    ids = {
        row["id"]: decision_id(model, row["batch"], row["run_id"])
        for row in history.rows[DecisionRow]
    }

    def renamed(row: Row) -> Row:
        changed = {key: ids[row[key]] for key in ("id", "decision_id") if row.get(key) in ids}
        for key in {"path", "folder"} & row.keys():
            changed[key] = row[key].replace(f"/{history.model}/", f"/{model}/")
        return {**row, "model": model, **changed}

    rows = {table: [renamed(row) for row in some] for table, some in history.rows.items()}
    return History(model, rows)


def write_histories(ledger_url: str, histories: Iterable[History]) -> int:
    """Add histories to a migrated ledger; give how many decisions were written."""
    engine, n_decisions = create_engine(ledger_url), 0
    with engine.begin() as connection:
        for history in histories:
            n_decisions += len(history.rows[DecisionRow])
            for table in ORDER:
                _insert(connection, table, history.rows.get(table, ()))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return n_decisions


def _insert(connection: Connection, table: type[Base], rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(table), rows[start : start + CHUNK])


def _delivery(model: str, week: Week) -> Row:
    quality = quality_of(week)
    return {
        "model": model,
        "kind": "data",
        "batch": week.batch,
        "status": "accepted",
        "sentence": quality.sentence,
        "window_start": week.window.start,
        "window_end": week.window.end,
        "n_rows": N_ROWS,
        "path": f"snapshots/{model}/{week.batch.replace(':', '')}.parquet",
        "sha256": SHA,
        "quality": quality.to_json(),
        "taken_at": week.taken_at,
    }


def _run_id(week: Week) -> str:
    return f"asset_triggered__{week.decided_at.isoformat()}_x7Qp2"


def _decision(model: str, place: int, week: Week) -> Row:
    signals, decision, evaluation = signals_of(week, place), decision_of(week), evaluation_of(week)
    run_id = _run_id(week)
    return {
        "id": decision_id(model, week.batch, run_id),
        "model": model,
        "batch": week.batch,
        "run_id": run_id,
        "verdict": week.verdict,
        "trigger": week.trigger,
        "sentence": sentence_of(week),
        "signals": signals.to_json(),
        "spec_hash": SPEC_HASH,
        "requested_by": "",
        "reason": "",
        "champion_before": week.champion_before,
        "outcome": week.outcome,
        "outcome_sentence": outcome_of(week),
        "challenger_version": week.challenger,
        "champion_after": week.champion_after,
        "evaluation": None if evaluation is None else evaluation.to_json(),
        "report_path": None,
        "decided_at": week.decided_at,
        "closed_at": week.closed_at,
        "decided": decision.to_json(),
        "state_after": PolicyState(number=place).to_json(),
        "is_suspect": False,
        "is_released": False,
        "promotion_verdict": None,
        **figures_of(signals, decision)._asdict(),
    }


def _version(model: str, week: Week) -> Row:
    evaluation = evaluation_of(week)
    return {
        "model": model,
        "version": week.challenger,
        "idempotency_key": f"{model}:{week.batch}:{SPEC_HASH[:12]}",
        "sha256": SHA,
        "folder": f"models/{model}/v{week.challenger}",
        "trained": trained_of(week, week.window).to_json(),
        "evaluation": None if evaluation is None else evaluation.to_json(),
        "registered_at": week.decided_at,
    }


def _promotions(model: str, weeks: Sequence[Week]) -> list[Row]:
    moved = [week for week in weeks if week.champion_after not in (None, week.champion_before)]
    return [
        {
            "model": model,
            "epoch": epoch,
            "version": week.champion_after,
            "previous_version": week.champion_before,
            "sha256": SHA,
            "kind": "promotion" if week.champion_before else "bootstrap",
            "state": "committed",
            "decision_id": decision_id(model, week.batch, _run_id(week)),
            "reason": outcome_of(week),
            "promoted_at": week.closed_at,
            "requested_by": "",
        }
        for epoch, week in enumerate(moved, start=1)
    ]


def _approval(model: str, week: Week, identity: str) -> Row:
    return {
        "decision_id": identity,
        "model": model,
        "version": week.challenger,
        "asked_at": week.decided_at,
        "due_at": week.decided_at + timedelta(days=1),
        "answer": "open",
        "answered_by": "",
        "comment": "",
        "answered_at": None,
        "reminded_at": None,
    }


def _hold(model: str, now: datetime) -> Row:
    return {
        "model": model,
        "reason": "quarter end: no changes until the books are closed",
        "held_by": "ann",
        "held_at": now - timedelta(days=2),
        "released_by": None,
        "release_reason": None,
        "released_at": None,
    }
