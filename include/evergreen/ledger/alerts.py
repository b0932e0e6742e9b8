"""The outbox: every message is stored first, then delivered; one per name."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from evergreen.ledger.database import Database
from evergreen.ledger.records import AlertState, OutboxEntry
from evergreen.ledger.tables import AlertRow
from evergreen.records import Alert


class Alerts:
    """Messages to people, and whether they were delivered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def raise_once(self, alert: Alert, *, state: AlertState = "pending", channel: str = "") -> bool:
        """Store a message of its own; False when it is stored already and stays as it is."""
        row = AlertRow(
            incident=alert.message_key,
            model=alert.model,
            kind=alert.kind,
            thread=alert.thread,
            alert=alert.to_json(),
            state=state,
            attempts=0,
            last_error="",
            raised_at=datetime.now(UTC),
            role="note",
            channel=channel,
        )
        try:
            with self._database.session() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def get(self, incident: str) -> OutboxEntry | None:
        """Return the message of that name; None when it was never stored."""
        found = self._select(AlertRow.incident == incident)
        return found[0] if found else None

    def of_incident(self, incident_id: int) -> Sequence[OutboxEntry]:
        """Return the messages of an incident, oldest first."""
        return self._select(AlertRow.incident_id == incident_id)

    def opening(self, incident_id: int) -> OutboxEntry | None:
        """Return the first message of an incident; None where there is none."""
        found = self._select(AlertRow.incident_id == incident_id, AlertRow.role == "opening")
        return found[-1] if found else None

    def pending(self, model: str | None = None) -> Sequence[OutboxEntry]:
        """Return the messages that still wait for delivery, oldest first."""
        return self._in_state("pending", model)

    def snoozed(self, model: str) -> Sequence[OutboxEntry]:
        """Return the messages that were left out while their incidents were snoozed."""
        return self._in_state("snoozed", model)

    def history(self, model: str | None = None) -> Sequence[OutboxEntry]:
        """Return all alerts, of one model or of all, oldest first."""
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

    def set_state(self, names: Sequence[str], state: AlertState) -> None:
        """Record the state of messages without an attempt to send them."""
        with self._database.session() as session:
            session.execute(
                update(AlertRow).where(AlertRow.incident.in_(names)).values(state=state)
            )

    def send_again(self, model: str | None = None) -> int:
        """Queue undeliverable messages again, after the fix; return how many."""
        given_up = self._in_state("undeliverable", model)
        self.set_state([entry.alert.message_key for entry in given_up], "pending")
        return len(given_up)

    def _in_state(self, state: AlertState, model: str | None) -> list[OutboxEntry]:
        whose = () if model is None else (AlertRow.model == model,)
        return self._select(AlertRow.state == state, *whose)

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
