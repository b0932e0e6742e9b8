"""The kill switch: spans in which a person holds promotions of one model, or of all."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from evergreen.ledger.database import Database
from evergreen.ledger.records import ALL_MODELS, Hold
from evergreen.ledger.tables import HoldRow

FIELDS = tuple(Hold.model_fields)


class Holds:
    """Who held promotions, why, and who released them. ``*`` stands for all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, model: str, *, reason: str, held_by: str) -> Hold:
        """Hold promotions of a model, or of all (``*``); an existing hold is kept unchanged."""
        already = self._select(HoldRow.model == model, HoldRow.released_at.is_(None))
        if already:
            return already[0]
        row = HoldRow(model=model, reason=reason, held_by=held_by, held_at=datetime.now(UTC))
        with self._database.session() as session:
            session.add(row)
        return _to_hold(row)

    def release(self, model: str, *, reason: str, released_by: str) -> Sequence[Hold]:
        """End the holds of exactly this scope: ``*`` leaves those of single models.

        Returns:
            The holds that were ended; empty when nothing was held.
        """
        query = select(HoldRow).where(HoldRow.model == model, HoldRow.released_at.is_(None))
        with self._database.session() as session:
            rows = session.scalars(query.order_by(HoldRow.id)).all()
            for row in rows:
                row.released_at = datetime.now(UTC)
                row.released_by = released_by
                row.release_reason = reason
        return [_to_hold(row) for row in rows]

    def in_force(self, model: str) -> Sequence[Hold]:
        """The holds that are in force for a model, its own and those of all; oldest first."""
        return self._select(HoldRow.model.in_((model, ALL_MODELS)), HoldRow.released_at.is_(None))

    def history(self, model: str) -> Sequence[Hold]:
        """Return all holds of exactly this scope, oldest first."""
        return self._select(HoldRow.model == model)

    def _select(self, *conditions: object) -> list[Hold]:
        query = select(HoldRow).where(*conditions)  # type: ignore[arg-type]  # column expressions
        with self._database.session() as session:
            rows = session.scalars(query.order_by(HoldRow.id)).all()
        return [_to_hold(row) for row in rows]


def _to_hold(row: HoldRow) -> Hold:
    return Hold.model_validate({name: getattr(row, name) for name in FIELDS})
