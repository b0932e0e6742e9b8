"""What people did from a page: a list that only grows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from evergreen.ledger.database import Database
from evergreen.ledger.records import Action
from evergreen.ledger.tables import ActionRow

FIELDS = tuple(Action.model_fields)


class Actions:
    """Who did what, why, and what came of it. Nothing here is ever changed or removed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        model: str,
        action: str,
        *,
        done_by: str,
        reason: str,
        outcome: str,
        detail: Mapping[str, Any] | None = None,
    ) -> Action:
        """Record one action.

        Args:
            model: The model that it was about.
            action: What was done, such as ``force_retrain``.
            done_by: Airflow's name of the person.
            reason: Why, in the person's words.
            outcome: What came of it, one sentence.
            detail: What identifies it elsewhere: a run, an incident; JSON.
        """
        row = ActionRow(
            model=model,
            action=action,
            done_by=done_by,
            reason=reason,
            detail=dict(detail or {}),
            outcome=outcome,
            done_at=datetime.now(UTC),
        )
        with self._database.session() as session:
            session.add(row)
        return _to_action(row)

    def newest(self, model: str, *, limit: int) -> Sequence[Action]:
        """Return the newest actions of a model, newest first."""
        query = select(ActionRow).where(ActionRow.model == model)
        with self._database.session() as session:
            rows = session.scalars(query.order_by(ActionRow.id.desc()).limit(limit)).all()
        return [_to_action(row) for row in rows]


def _to_action(row: ActionRow) -> Action:
    return Action.model_validate({name: getattr(row, name) for name in FIELDS})
