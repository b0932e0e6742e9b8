"""The rows of an incident and of its messages, inside a transaction of the caller."""

from datetime import UTC, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from evergreen.ledger.entries import AlertRole, AlertState, Incident
from evergreen.ledger.tables import AlertRow, IncidentRow
from evergreen.records import Alert, Severity

FIELDS = tuple(Incident.model_fields)
RANK: dict[str, int] = {"info": 0, "warning": 1, "critical": 2}
GRAVEST: tuple[Severity, ...] = ("info", "warning", "critical")


def key_of(model: str, topic: str, subject: str) -> str:
    """Give what at most one open incident may be about."""
    return f"{model}:{topic}:{subject}"


def is_told(session: Session, name: str) -> bool:
    """Tell whether a message of that name is stored."""
    return session.get(AlertRow, name) is not None


def new_row(alert: Alert, *, topic: str, subject: str, channel: str) -> IncidentRow:
    """Give the row of an incident that an alert opens."""
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
    """Take one more event into an open incident; it stays as grave as it ever was."""
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
    """Store the message about an alert; the first of an incident opens its thread."""
    session.add(
        AlertRow(
            incident=alert.incident,
            model=alert.model,
            kind=alert.kind,
            thread=f"incident:{row.id}",
            alert=alert.model_copy(update={"thread": f"incident:{row.id}"}).to_json(),
            state=state,
            attempts=0,
            last_error="",
            raised_at=datetime.now(UTC),
            incident_id=row.id,
            role=_role(session, row, is_step=is_step),
        )
    )


def to_incident(row: IncidentRow) -> Incident:
    """Give the record of a row."""
    return Incident.model_validate({name: getattr(row, name) for name in FIELDS})


def add_marker(session: Session, row: IncidentRow, mark: str) -> None:
    """Let the first message show a change that is no event; where it was sent, or is to be."""
    opening = _opening(session, row)
    if opening is None or opening.state == "logged":
        return
    now = datetime.now(UTC)
    newest = session.scalars(_messages(row).order_by(AlertRow.raised_at.desc()).limit(1)).one()
    alert = Alert.from_json(newest.alert)
    name = f"incident:{row.id}:{mark}:{now:%Y%m%dT%H%M%S%f}"
    named = alert.model_copy(update={"incident": name})
    add_message(session, row, named, state="pending", is_step=False)


def _role(session: Session, row: IncidentRow, *, is_step: bool) -> AlertRole:
    if _opening(session, row) is None:
        return "opening"
    if row.closed_at is not None:
        return "closing"
    return "note" if is_step else "update"


def _opening(session: Session, row: IncidentRow) -> AlertRow | None:
    return session.scalars(_messages(row).where(AlertRow.role == "opening")).one_or_none()


def _messages(row: IncidentRow) -> Select[AlertRow]:
    return select(AlertRow).where(AlertRow.incident_id == row.id)
