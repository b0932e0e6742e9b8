"""Questions to people before the champion changes, and their answers."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from evergreen.errors import LedgerError
from evergreen.ledger.database import Database
from evergreen.ledger.records import Answer, Approval
from evergreen.ledger.tables import ApprovalRow

FIELDS = tuple(Approval.model_fields)


class Approvals:
    """One question per decision; asking again about a newer evaluation replaces it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, decision_id: str, *, model: str, version: str, due_at: datetime) -> Approval:
        """Record that a person is asked whether ``version`` may become champion."""
        row = ApprovalRow(
            decision_id=decision_id,
            model=model,
            version=version,
            asked_at=datetime.now(UTC),
            due_at=due_at,
            answer="open",
            answered_by="",
            comment="",
            answered_at=None,
            reminded_at=None,
        )
        with self._database.session() as session:
            session.merge(row)
        return _to_approval(row)

    def answer(
        self, decision_id: str, answer: Answer, *, answered_by: str, comment: str
    ) -> Approval:
        """Record the answer; the first one counts, a later one changes nothing.

        Raises:
            LedgerError: Nobody was asked about this decision.
        """
        with self._database.session() as session:
            row = session.get(ApprovalRow, decision_id, with_for_update=True)
            if row is None:
                raise LedgerError(f"nobody was asked about decision {decision_id!r}")
            if row.answer == "open":
                row.answer = answer
                row.answered_by = answered_by
                row.comment = comment
                row.answered_at = datetime.now(UTC)
        return _to_approval(row)

    def get(self, decision_id: str) -> Approval | None:
        """Return what was asked about a decision; None where nobody was."""
        with self._database.session() as session:
            row = session.get(ApprovalRow, decision_id)
        return None if row is None else _to_approval(row)

    def waiting(self, model: str, *, at: datetime) -> Sequence[Approval]:
        """Return the questions that are open and not past their time, oldest first."""
        query = select(ApprovalRow).where(
            ApprovalRow.model == model, ApprovalRow.answer == "open", ApprovalRow.due_at > at
        )
        with self._database.session() as session:
            rows = session.scalars(query.order_by(ApprovalRow.asked_at)).all()
        return [_to_approval(row) for row in rows]

    def newest(self, model: str) -> Approval | None:
        """The newest question about a model, answered or not; None where nobody was asked."""
        query = select(ApprovalRow).where(ApprovalRow.model == model)
        with self._database.session() as session:
            row = session.scalars(query.order_by(ApprovalRow.asked_at.desc()).limit(1)).first()
        return None if row is None else _to_approval(row)

    def record_reminded(self, decision_id: str) -> None:
        """Record that people were reminded of a question."""
        with self._database.session() as session:
            session.get_one(ApprovalRow, decision_id).reminded_at = datetime.now(UTC)


def _to_approval(row: ApprovalRow) -> Approval:
    return Approval.model_validate({name: getattr(row, name) for name in FIELDS})
