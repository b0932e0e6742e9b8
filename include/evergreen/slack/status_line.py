"""How the incident of a message stands, and the one line that says so."""

from datetime import datetime

from evergreen.presentation.escaping import escape, neutralise, one_line
from evergreen.presentation.formatting import duration, moment
from evergreen.records import Alert, Record

MARKERS = {"critical": "\u25a0 Critical", "warning": "\u25b2 Warning", "info": "\u25cb Info"}
OVER = "\u2713"
SECONDS_PER_HOUR = 3600.0
MAX_WORDS = 80


class IncidentStatus(Record):
    """What has become of an incident since it was opened; what is not known stays empty.

    Attributes:
        opened_at: When it was opened.
        resolution: How it ended, such as ``recovered`` or ``resolved by promotion of v7``; empty
            while it is open.
        closed_at: When it ended; None while it is open.
        acknowledged_by: Who looks after it.
        snoozed_until: Nothing but its end is told before then.
        snoozed_by: Who asked for that.
        n_events: Alerts that belong to it, the first one counted.
    """

    opened_at: datetime | None = None
    resolution: str = ""
    closed_at: datetime | None = None
    acknowledged_by: str = ""
    snoozed_until: datetime | None = None
    snoozed_by: str = ""
    n_events: int = 1

    @property
    def is_over(self) -> bool:
        """Whether the incident has ended."""
        return self.closed_at is not None or bool(self.resolution)

    @property
    def ending(self) -> str:
        """How it ended, as the first words of a sentence."""
        text = one_line(self.resolution) or "over"
        return f"{text[:1].upper()}{text[1:]}"


def status_of(alert: Alert, status: IncidentStatus | None = None) -> str:
    """Severity, whether to act, since when, and what people have said: one line of mrkdwn."""
    if status is not None and status.is_over:
        return _joined(f"{OVER} *{_safe(status.ending)}*", *_end(status), "No action needed")
    return _joined(
        MARKERS[alert.severity],
        "*Action needed*" if alert.must_act else "No action needed",
        _began(alert, status),
        *(_people(status) if status else ()),
    )


def _began(alert: Alert, status: IncidentStatus | None) -> str:
    """Since when it lasts; what only tells that something was done does not last."""
    began = alert.since or (status.opened_at if status else None)
    if began is None:
        return ""
    lasts = alert.must_act or alert.severity != "info"
    return f"since {moment(began)}" if lasts else moment(began)


def _end(status: IncidentStatus) -> tuple[str, ...]:
    if status.closed_at is None:
        return ()
    if status.opened_at is None:
        return (moment(status.closed_at),)
    lasted = (status.closed_at - status.opened_at).total_seconds() / SECONDS_PER_HOUR
    return (moment(status.closed_at), f"after {duration(max(lasted, 0))}")


def _people(status: IncidentStatus) -> tuple[str, ...]:
    told = f"told {status.n_events} times" if status.n_events > 1 else ""
    seen = f"acknowledged by {_safe(status.acknowledged_by)}" if status.acknowledged_by else ""
    snoozed = ""
    if status.snoozed_until is not None:
        who = f" by {_safe(status.snoozed_by)}" if status.snoozed_by else ""
        snoozed = f"snoozed until {moment(status.snoozed_until)}{who}"
    return told, seen, snoozed


def _safe(text: str) -> str:
    return escape(neutralise(one_line(text)), limit=MAX_WORDS)


def _joined(*parts: str) -> str:
    return " \u00b7 ".join(part for part in parts if part)
