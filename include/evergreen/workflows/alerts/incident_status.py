"""The status of an incident in words, the same in the terminal and on the pages."""

from dataclasses import dataclass
from datetime import datetime

from evergreen.ledger.records import Incident
from evergreen.presentation.formatting import age, moment

NO_REASON = "no reason given"
SINGLE_EVENT = "reported; a single event"


@dataclass(frozen=True)
class IncidentStatus:
    """How an incident stands; a text is empty if it does not apply.

    Attributes:
        ending: How it ended; empty while it is open.
        acknowledged: Who works on it, since when and why.
        snoozed: Who snoozed it, until when and why; empty once that time has passed.
    """

    ending: str
    acknowledged: str
    snoozed: str


def status_of(incident: Incident, now: datetime) -> IncidentStatus:
    """Return the status of an incident at a time, in UTC."""
    return IncidentStatus(_ending(incident), _acknowledged(incident, now), _snoozed(incident, now))


def _ending(incident: Incident) -> str:
    if incident.is_open:
        return ""
    return SINGLE_EVENT if incident.resolution == "told" else incident.resolution


def _acknowledged(incident: Incident, now: datetime) -> str:
    if not incident.acknowledged_by:
        return ""
    since = age(incident.acknowledged_at, now)
    who = f"acknowledged by {incident.acknowledged_by} {since}".rstrip()
    return f"{who}: {incident.acknowledge_reason or NO_REASON}"


def _snoozed(incident: Incident, now: datetime) -> str:
    until = incident.snoozed_until
    if not incident.is_open or until is None or until <= now:
        return ""
    who = f" by {incident.snoozed_by}" if incident.snoozed_by else ""
    return f"snoozed{who} until {moment(until)}: {incident.snooze_reason or NO_REASON}"
