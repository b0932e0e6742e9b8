"""The outbox: every alert is stored first, then delivered; one per incident."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from evergreen.ledger.database import Database
from evergreen.ledger.entries import AlertState, OutboxEntry
from evergreen.ledger.tables import AlertRow
from evergreen.records import Alert


class Alerts:
    """What was to be said to people, and whether it was."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def raise_once(self, alert: Alert, *, state: AlertState = "pending") -> bool:
        """Store an alert; False when this incident already has one, which then stays as it is."""
        row = AlertRow(
            incident=alert.incident,
            model=alert.model,
            kind=alert.kind,
            thread=alert.thread,
            alert=alert.to_json(),
            state=state,
            attempts=0,
            last_error="",
            raised_at=datetime.now(UTC),
        )
        try:
            with self._database.session() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def resolve(self, incident: str) -> bool:
        """Forget a standing incident that is over, so that a new one is told anew.

        Returns:
            Whether there was one.
        """
        with self._database.session() as session:
            row = session.get(AlertRow, incident)
            if row is None:
                return False
            over = f"{incident}:over:{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
            row.incident = over
            row.alert = {**row.alert, "incident": over}  # delivery finds the row by its alert
        return True

    def get(self, incident: str) -> OutboxEntry | None:
        """Give the alert of an incident; None when it was never told, or is over."""
        found = self._select(AlertRow.incident == incident)
        return found[0] if found else None

    def pending(self) -> Sequence[OutboxEntry]:
        """Give the alerts that still wait for delivery, oldest first."""
        return self._select(AlertRow.state == "pending")

    def history(self, model: str | None = None) -> Sequence[OutboxEntry]:
        """Give all alerts, of one model or of all, oldest first."""
        return self._select() if model is None else self._select(AlertRow.model == model)

    def record_delivered(self, incident: str, message_ts: str) -> None:
        """Record that an alert was delivered, and the time stamp that Slack gave it."""
        with self._database.session() as session:
            row = session.get_one(AlertRow, incident)
            row.state = "delivered"
            row.attempts += 1
            row.last_error = ""
            row.message_ts = message_ts
            row.delivered_at = datetime.now(UTC)

    def record_failure(self, incident: str, error: str, *, is_permanent: bool) -> None:
        """Record a failed attempt; a permanent failure is not tried again, but stays visible."""
        with self._database.session() as session:
            row = session.get_one(AlertRow, incident)
            row.state = "undeliverable" if is_permanent else "pending"
            row.attempts += 1
            row.last_error = error

    def thread_ts(self, thread: str) -> str | None:
        """Give the time stamp of the first delivered message of a thread."""
        query = (
            select(AlertRow.message_ts)
            .where(AlertRow.thread == thread, AlertRow.message_ts.is_not(None))
            .order_by(AlertRow.delivered_at)
            .limit(1)
        )
        with self._database.session() as session:
            return session.scalars(query).first()

    def _select(self, *conditions: object) -> list[OutboxEntry]:
        query = select(AlertRow).where(*conditions)  # type: ignore[arg-type]  # column expressions
        with self._database.session() as session:
            rows = session.scalars(query.order_by(AlertRow.raised_at, AlertRow.incident)).all()
        return [
            OutboxEntry.model_validate(
                {name: getattr(row, name) for name in OutboxEntry.model_fields}
            )
            for row in rows
        ]
