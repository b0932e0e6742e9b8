"""Incidents: one condition of one model each, opened once and closed once, with its messages.

What makes an incident and the message about it is one transaction. ``open_key`` is unique, so that
retries, reruns and two processes at once give one incident.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from evergreen.errors import LedgerError, RequestError
from evergreen.ledger.database import Database
from evergreen.ledger.entries import AlertState, Incident
from evergreen.ledger.incident_rows import (
    add_marker,
    add_message,
    close_row,
    has_messages,
    is_told,
    key_of,
    new_row,
    to_incident,
    update_row,
)
from evergreen.ledger.tables import IncidentRow
from evergreen.records import Alert

MAX_TRIES = 5


class Incidents:
    """What people were, or would have been, told of; open ones are unique per ``key_of``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_or_update(
        self,
        alert: Alert,
        *,
        topic: str,
        subject: str = "",
        channel: str = "",
        state: AlertState = "pending",
        is_step: bool = True,
        is_standing: bool = False,
        told_from: int = 1,
    ) -> Incident | None:
        """Take an alert into the open incident of its topic, or open one; a repeat is left out.

        Args:
            alert: What happened; ``incident`` names the message, which is stored once.
            topic: What the condition is about.
            subject: What tells two conditions of one topic apart.
            channel: Where a new incident is told.
            state: What the message waits for.
            is_step: In an open incident: worth a reply, not only a change of the first message.
            is_standing: Every look finds the same condition again: one message per incident.
            told_from: People are told from this look on; before, it may heal by itself.

        Returns:
            The incident as it is now; None where this was told before.
        """
        for _ in range(MAX_TRIES):
            try:
                with self._database.session() as session:
                    row = _open_row(session, key_of(alert.model, topic, subject))
                    name = _name(alert, row) if is_standing else alert.incident
                    if name and is_told(session, name):
                        return None
                    if row is None:
                        row = new_row(alert, topic=topic, subject=subject, channel=channel)
                        session.add(row)
                        session.flush()
                    else:
                        update_row(row, alert)
                    if row.n_events >= told_from:
                        named = alert.model_copy(update={"incident": name or _name(alert, row)})
                        add_message(session, row, named, state=state, is_step=is_step)
                return to_incident(row)
            except IntegrityError:  # another process was first: what it wrote is there now
                continue
        raise LedgerError(f"incident {topic} of {alert.model}: another process is in the way")

    def tell_once(
        self, alert: Alert, *, topic: str, channel: str = "", state: AlertState = "pending"
    ) -> Incident | None:
        """Keep what happened and is over at once, such as a move of the champion.

        Returns:
            The incident, closed; None where it was told before.
        """
        try:
            with self._database.session() as session:
                if is_told(session, alert.incident):
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
        """Count one look without the condition, once per ``alert.incident``.

        Returns:
            How many there were in a row, this one included; 0 where the incident is over.
        """
        try:
            with self._database.session() as session:
                row = _locked(session, incident_id, self._database.name)
                if row.closed_at is not None:
                    return 0
                if not is_told(session, alert.incident):
                    row.n_calm += 1
                    row.sentence = alert.text.split("\n")[0]
                    row.updated_at = datetime.now(UTC)
                    add_message(session, row, alert, state=state, is_step=False)
                return row.n_calm
        except IntegrityError:
            return self.get(incident_id).n_calm

    def note(self, incident_id: int, alert: Alert, *, state: AlertState = "pending") -> bool:
        """Store a reply that is no event of its own; False when it is stored already."""
        try:
            with self._database.session() as session:
                row = _locked(session, incident_id, self._database.name)
                if is_told(session, alert.incident):
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
            alert: The last message; left out where nothing was told of the beginning.
            state: What the message waits for.

        Returns:
            The incident; None where it was closed, or this was told, before.
        """
        with self._database.session() as session:
            row = _locked(session, incident_id, self._database.name)
            if row.closed_at is not None:
                return None
            if alert is not None and is_told(session, alert.incident):
                return None
            close_row(row, resolution)
            if alert is not None and has_messages(session, row):
                add_message(session, row, alert, state=state, is_step=True)
        return to_incident(row)

    def acknowledge(self, incident_id: int, *, by: str, reason: str) -> Incident:
        """Record that somebody looks after an open incident; its first message shows who.

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
        """Let nothing but the end of an open incident be told before a moment.

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
            row = _locked(session, incident_id, self._database.name)
            row.channel = channel
            row.message_ts = message_ts

    def get(self, incident_id: int) -> Incident:
        """Give one incident.

        Raises:
            LedgerError: There is none with that number.
        """
        with self._database.session() as session:
            return to_incident(_locked(session, incident_id, self._database.name))

    def find(self, incident_id: int) -> Incident | None:
        """Give one incident; None when there is none with that number."""
        with self._database.session() as session:
            row = session.get(IncidentRow, incident_id)
            return None if row is None else to_incident(row)

    def standing(self, model: str, topic: str, subject: str = "") -> Incident | None:
        """Give the open incident of a topic; None where there is none."""
        with self._database.session() as session:
            row = _open_row(session, key_of(model, topic, subject))
            return None if row is None else to_incident(row)

    def open_of(self, model: str) -> Sequence[Incident]:
        """Give the open incidents of a model, oldest first."""
        query = select(IncidentRow).where(
            IncidentRow.model == model, IncidentRow.open_key.is_not(None)
        )
        with self._database.session() as session:
            rows = session.scalars(query.order_by(IncidentRow.id)).all()
        return [to_incident(row) for row in rows]

    def open_counts(self) -> dict[str, int]:
        """Count the open incidents of every model that has one."""
        query = (
            select(IncidentRow.model, func.count())
            .where(IncidentRow.open_key.is_not(None))
            .group_by(IncidentRow.model)
        )
        with self._database.session() as session:
            return dict(session.execute(query).all())

    def history(
        self,
        model: str | None = None,
        *,
        limit: int | None = None,
        since: datetime | None = None,
        only_open: bool = False,
    ) -> Sequence[Incident]:
        """Give incidents, open and closed, of one model or of all, newest first.

        Args:
            model: The model; None: all.
            limit: At most that many.
            since: Only those that were open at or after this moment.
            only_open: Only those that are open now.
        """
        query = select(IncidentRow).order_by(IncidentRow.id.desc()).limit(limit)
        if model is not None:
            query = query.where(IncidentRow.model == model)
        if only_open:
            query = query.where(IncidentRow.open_key.is_not(None))
        if since is not None:
            query = query.where((IncidentRow.closed_at >= since) | IncidentRow.closed_at.is_(None))
        with self._database.session() as session:
            rows = session.scalars(query).all()
        return [to_incident(row) for row in rows]

    def _for_person(self, session: Session, incident_id: int, reason: str) -> IncidentRow:
        row = _locked(session, incident_id, self._database.name)
        if row.closed_at is not None:
            raise RequestError(f"incident {incident_id} is over: {row.resolution}")
        if not reason.strip():
            raise RequestError("a reason is needed; it is kept with your name")
        return row


def _name(alert: Alert, row: IncidentRow | None) -> str:
    """Name the one message of a standing condition in an incident; empty before there is one."""
    return "" if row is None else f"{alert.incident}:{row.id}"


def _open_row(session: Session, key: str) -> IncidentRow | None:
    query = select(IncidentRow).where(IncidentRow.open_key == key).with_for_update()
    return session.scalars(query).one_or_none()


def _locked(session: Session, incident_id: int, ledger: str) -> IncidentRow:
    row = session.get(IncidentRow, incident_id, with_for_update=True)
    if row is None:
        raise LedgerError(f"no incident {incident_id} in ledger {ledger}")
    return row
