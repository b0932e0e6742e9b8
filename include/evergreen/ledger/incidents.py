"""Incidents: one condition of one model each, opened once and closed once, with its messages.

What makes an incident and the message about it is one transaction. ``open_key`` is unique, so that
retries, reruns and two processes at once give one incident.
"""

from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from evergreen.errors import LedgerError, RequestError
from evergreen.ledger.incident_reads import IncidentReads
from evergreen.ledger.incident_rows import (
    add_marker,
    add_message,
    close_row,
    has_messages,
    is_told,
    key_of,
    locked_row,
    new_row,
    open_row,
    to_incident,
    update_row,
)
from evergreen.ledger.records import AlertState, Incident
from evergreen.ledger.tables import IncidentRow
from evergreen.records import Alert

MAX_TRIES = 5


class Incidents(IncidentReads):
    """All incidents, sent or not; open ones are unique per ``key_of``."""

    def open_or_update(
        self,
        alert: Alert,
        *,
        topic: str,
        subject: str = "",
        channel: str = "",
        state: AlertState = "pending",
        is_step: bool = True,
        is_repeated: bool = False,
        told_from: int = 1,
    ) -> Incident | None:
        """Add an alert to the open incident of its topic, or open one; a repeat is left out.

        Args:
            alert: What happened; ``incident`` names the message, which is stored once.
            topic: What the condition is about.
            subject: What tells two conditions of one topic apart.
            channel: Channel of a new incident.
            state: What the message waits for.
            is_step: In an open incident: worth a reply, not only a change of the first message.
            is_repeated: Every check finds the same condition again: one message per incident.
            told_from: A message is sent from this check on; before, the condition may end by
                itself.

        Returns:
            The incident as it is now; None where this message was stored before.
        """
        for _ in range(MAX_TRIES):
            try:
                with self._database.session() as session:
                    row = open_row(session, key_of(alert.model, topic, subject))
                    if is_told(session, _name(alert, row, is_repeated=is_repeated)):
                        return None
                    if row is None:
                        row = new_row(alert, topic=topic, subject=subject, channel=channel)
                        session.add(row)
                        session.flush()
                    else:
                        update_row(row, alert)
                    if row.n_events >= told_from:
                        name = _name(alert, row, is_repeated=is_repeated)
                        named = alert.model_copy(update={"message_key": name})
                        add_message(session, row, named, state=state, is_step=is_step)
                return to_incident(row)
            except IntegrityError:  # another process was first: what it wrote is there now
                continue
        raise LedgerError(f"incident {topic} of {alert.model}: another process is in the way")

    def tell_once(
        self, alert: Alert, *, topic: str, channel: str = "", state: AlertState = "pending"
    ) -> Incident | None:
        """Store an event that is over at once, such as a move of the champion.

        Returns:
            The incident, closed; None where its message was stored before.
        """
        try:
            with self._database.session() as session:
                if is_told(session, alert.message_key):
                    return None
                row = new_row(alert, topic=topic, subject="", channel=channel)
                close_row(row, "told")
                row.closed_at = row.opened_at
                session.add(row)
                session.flush()
                add_message(session, row, alert, state=state, is_step=True)
        except IntegrityError:
            return None
        return to_incident(row)

    def calm(self, incident_id: int, alert: Alert, *, state: AlertState = "pending") -> int:
        """Count one look without the condition, once per ``alert.message_key``.

        Returns:
            How many there were in a row, this one included; 0 where the incident is over.
        """
        try:
            with self._database.session() as session:
                row = locked_row(session, incident_id, self._database.name)
                if row.closed_at is not None:
                    return 0
                if not is_told(session, alert.message_key):
                    row.n_calm += 1
                    row.sentence = alert.text.split("\n")[0]
                    row.updated_at = datetime.now(UTC)
                    add_message(session, row, alert, state=state, is_step=False)
                return row.n_calm
        except IntegrityError:
            return self.get(incident_id).n_calm

    def note(self, incident_id: int, alert: Alert, *, state: AlertState = "pending") -> bool:
        """Store a reply that is not an event of its own; False when it is stored already."""
        try:
            with self._database.session() as session:
                row = locked_row(session, incident_id, self._database.name)
                if is_told(session, alert.message_key):
                    return False
                add_message(session, row, alert, state=state, is_step=True)
        except IntegrityError:
            return False
        return True

    def close(
        self,
        incident_id: int,
        *,
        resolution: str,
        alert: Alert | None = None,
        state: AlertState = "pending",
    ) -> Incident | None:
        """Close an incident, once.

        Args:
            incident_id: Its number.
            resolution: How it ended, such as ``recovered``.
            alert: The last message; left out where the beginning was not sent.
            state: What the message waits for.

        Returns:
            The incident; None where it was closed, or this message stored, before.
        """
        with self._database.session() as session:
            row = locked_row(session, incident_id, self._database.name)
            if row.closed_at is not None:
                return None
            if alert is not None and is_told(session, alert.message_key):
                return None
            close_row(row, resolution)
            if alert is not None and has_messages(session, row):
                add_message(session, row, alert, state=state, is_step=True)
        return to_incident(row)

    def acknowledge(self, incident_id: int, *, by: str, reason: str) -> Incident:
        """Record that a person works on an open incident; its first message shows who.

        Raises:
            RequestError: It is over, or no reason was given.
            LedgerError: There is no such incident.
        """
        with self._database.session() as session:
            row = self._for_person(session, incident_id, reason)
            row.acknowledged_by = by
            row.acknowledged_at = datetime.now(UTC)
            row.acknowledge_reason = reason
            add_marker(session, row, "acknowledged")
        return to_incident(row)

    def snooze(self, incident_id: int, *, until: datetime, by: str, reason: str) -> Incident:
        """Send only the end of an open incident until a moment.

        Raises:
            RequestError: It is over, no reason was given, or the moment has passed.
            LedgerError: There is no such incident.
        """
        if until <= datetime.now(UTC):
            raise RequestError(f"snoozing until {until:%Y-%m-%d %H:%M} UTC: that has passed")
        with self._database.session() as session:
            row = self._for_person(session, incident_id, reason)
            row.snoozed_until = until
            row.snoozed_by = by
            row.snooze_reason = reason
        return to_incident(row)

    def record_posted(self, incident_id: int, *, channel: str, message_ts: str) -> None:
        """Record where the first message stands, which leads the thread."""
        with self._database.session() as session:
            row = locked_row(session, incident_id, self._database.name)
            row.channel = channel
            row.message_ts = message_ts

    def _for_person(self, session: Session, incident_id: int, reason: str) -> IncidentRow:
        row = locked_row(session, incident_id, self._database.name)
        if row.closed_at is not None:
            raise RequestError(f"incident {incident_id} is over: {row.resolution}")
        if not reason.strip():
            raise RequestError("a reason is needed; it is kept with your name")
        return row


def _name(alert: Alert, row: IncidentRow | None, *, is_repeated: bool) -> str:
    """Return the name of an alert's message; for a repeated condition one per incident."""
    if not is_repeated:
        return alert.message_key
    return f"{alert.message_key}:{'new' if row is None else row.id}"
