"""The rows of an incident and of its messages, inside a transaction of the caller."""

from datetime import UTC, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from evergreen.errors import LedgerError
from evergreen.ledger.records import AlertRole, AlertState, Incident
from evergreen.ledger.tables import AlertRow, IncidentRow
from evergreen.records import Alert, Severity

FIELDS = tuple(Incident.model_fields)
RANK: dict[str, int] = {"info": 0, "warning": 1, "critical": 2}
GRAVEST: tuple[Severity, ...] = ("info", "warning", "critical")


def key_of(model: str, topic: str, subject: str) -> str:
    """Return what at most one open incident may be about."""
    return f"{model}:{topic}:{subject}"


def open_row(session: Session, key: str) -> IncidentRow | None:
    """Return the open incident of a key, locked until the transaction ends."""
    query = select(IncidentRow).where(IncidentRow.open_key == key).with_for_update()
    return session.scalars(query).one_or_none()


def locked_row(session: Session, incident_id: int, ledger: str) -> IncidentRow:
    """Return an incident by its number, locked until the transaction ends.

    Raises:
        LedgerError: There is none with that number.
    """
    row = session.get(IncidentRow, incident_id, with_for_update=True)
    if row is None:
        raise LedgerError(f"no incident {incident_id} in ledger {ledger}")
    return row


def is_told(session: Session, name: str) -> bool:
    """Return whether a message of that name is stored."""
    return session.get(AlertRow, name) is not None


def new_row(alert: Alert, *, topic: str, subject: str, channel: str) -> IncidentRow:
    """Return the row of an incident that an alert opens."""
    now = datetime.now(UTC)
    return IncidentRow(
        open_key=key_of(alert.model, topic, subject),
        model=alert.model,
        topic=topic,
        subject=subject,
        kind=alert.kind,
        severity=alert.severity,
        title=alert.title,
        sentence=alert.text.split("\n")[0],
        must_act=alert.must_act,
        opened_at=now,
        updated_at=now,
        closed_at=None,
        resolution="",
        n_events=1,
        n_calm=0,
        channel=channel,
        message_ts=None,
    )


def update_row(row: IncidentRow, alert: Alert) -> None:
    """Add one event to an open incident; its severity never falls."""
    row.n_events += 1
    row.n_calm = 0
    row.sentence = alert.text.split("\n")[0]
    row.severity = GRAVEST[max(RANK[row.severity], RANK[alert.severity])]
    row.must_act = alert.must_act
    row.updated_at = datetime.now(UTC)


def close_row(row: IncidentRow, resolution: str) -> None:
    """Close an incident; its key is free for the next one."""
    row.open_key = None
    row.closed_at = row.updated_at = datetime.now(UTC)
    row.resolution = resolution
    row.must_act = False


def add_message(
    session: Session, row: IncidentRow, alert: Alert, *, state: AlertState, is_step: bool
) -> None:
    """Store the message about an alert; the first that is sent opens the thread of its incident.

    A message without a thread is only logged: the end or a change of an incident that was not sent.
    """
    role, state = _place(session, row, state, is_step=is_step)
    session.add(
        AlertRow(
            incident=alert.message_key,
            model=alert.model,
            kind=alert.kind,
            thread=f"incident:{row.id}",
            alert=alert.model_copy(update={"thread": f"incident:{row.id}"}).to_json(),
            state=state,
            attempts=0,
            last_error="",
            raised_at=datetime.now(UTC),
            incident_id=row.id,
            role=role,
        )
    )


def has_messages(session: Session, row: IncidentRow) -> bool:
    """Return whether anything was stored about an incident."""
    return session.scalars(_messages(row).limit(1)).first() is not None


def to_incident(row: IncidentRow) -> Incident:
    """Return the record of a row."""
    return Incident.model_validate({name: getattr(row, name) for name in FIELDS})


def add_marker(session: Session, row: IncidentRow, mark: str) -> None:
    """Update the first message for a change that is not an event, if one was or will be sent."""
    newest = session.scalars(_messages(row).order_by(AlertRow.raised_at.desc()).limit(1)).first()
    if newest is None:
        return
    name = f"incident:{row.id}:{mark}:{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    alert = Alert.from_json(newest.alert).model_copy(update={"message_key": name})
    add_message(session, row, alert, state="pending", is_step=False)


def _place(
    session: Session, row: IncidentRow, state: AlertState, *, is_step: bool
) -> tuple[AlertRole, AlertState]:
    if not has_messages(session, row):
        return "opening", state
    is_over = row.closed_at is not None
    opening = _messages(row).where(AlertRow.role == "opening", AlertRow.state != "logged")
    if session.scalars(opening.limit(1)).first() is None and state != "logged":
        if is_step and not is_over:
            return "opening", state
        state = "logged"
    if is_over:
        return "closing", state
    return "note" if is_step else "update", state


def _messages(row: IncidentRow) -> Select[AlertRow]:
    return select(AlertRow).where(AlertRow.incident_id == row.id)
