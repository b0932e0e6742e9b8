"""Delivering what is in the outbox: each incident in its own thread, its first message kept true.

Slack being down changes nothing but when people hear of it. What no retry can deliver is given up
and stays visible until a person lets it be sent again.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evergreen.alerts import incident_rules
from evergreen.errors import NotifyError
from evergreen.failpoints import failpoint
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Incident, OutboxEntry
from evergreen.records import Alert
from evergreen.settings import Settings
from evergreen.slack.status_line import IncidentStatus
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.page_urls import incident_url
from evergreen.workflows.alerts.thread_chart import show_picture
from evergreen.workflows.connections import connections
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.slack.sender import Posted, SlackSender

log = logging.getLogger(__name__)
MAY_BE_LEFT_OUT = ("note", "update")


def deliver_pending(context: ModelContext) -> dict[str, int]:
    """Send what waits in the model's outbox, oldest first.

    Returns:
        How many were ``delivered`` and how many still wait or never will be (``undelivered``).
    """
    wake_snoozed(context.spec, context.ledger)
    pending = context.ledger.alerts.pending(context.spec.name)
    waiting = [entry for entry in pending if not _is_left_out(context.ledger, entry)]
    delivered, sender = 0, None
    for n_tried, entry in enumerate(waiting):
        try:
            sender = sender or _sender(context.spec)
            _deliver(
                context.spec,
                context.ledger,
                context.settings,
                sender,
                entry,
                later=waiting[n_tried + 1 :],
            )
            delivered += 1
        except NotifyError as err:
            context.ledger.alerts.record_failure(
                entry.alert.message_key, str(err), is_permanent=err.is_permanent
            )
            log.error("alert %s not delivered: %s", entry.alert.message_key, err)  # noqa: TRY400
            if not err.is_permanent:
                break  # Slack is down; the rest would only wait as well
    return {"delivered": delivered, "undelivered": len(waiting) - delivered}


def wake_snoozed(spec: ModelSpec, ledger: Ledger) -> None:
    """Sum up, in one reply each, what was left out of incidents whose snooze has ended."""
    left_out: dict[int, list[OutboxEntry]] = {}
    for entry in ledger.alerts.snoozed(spec.name):
        left_out.setdefault(entry.incident_id or 0, []).append(entry)
    for incident_id, entries in left_out.items():
        incident = ledger.incidents.get(incident_id)
        if _is_snoozed(incident):
            continue
        if incident.is_open:
            name = f"incident:{incident_id}:woken:{entries[-1].raised_at:%Y%m%dT%H%M%S%f}"
            summary = incident_rules.summed_up(incident.title, name, [e.alert for e in entries])
            ledger.incidents.note(incident_id, summary)
        ledger.alerts.set_state([entry.alert.message_key for entry in entries], "logged")


def _is_left_out(ledger: Ledger, entry: OutboxEntry) -> bool:
    """Put a message aside while its incident is snoozed; its beginning and its end are told."""
    if entry.incident_id is None or entry.role not in MAY_BE_LEFT_OUT:
        return False
    if not _is_snoozed(ledger.incidents.get(entry.incident_id)):
        return False
    ledger.alerts.set_state([entry.alert.message_key], "snoozed")
    return True


def _is_snoozed(incident: Incident) -> bool:
    until = incident.snoozed_until
    return incident.is_open and until is not None and datetime.now(UTC) < until


def _deliver(
    spec: ModelSpec,
    ledger: Ledger,
    settings: Settings,
    sender: "SlackSender",
    entry: OutboxEntry,
    *,
    later: Sequence[OutboxEntry],
) -> None:
    name = entry.alert.message_key
    if entry.incident_id is None:
        channel = entry.channel or incident_rules.channel_for(spec.alerts, entry.alert)
        ledger.alerts.record_delivered(name, sender.send(channel, entry.alert).ts)
        return
    incident = ledger.incidents.get(entry.incident_id)
    if entry.role == "opening":
        root = _open_thread(spec, ledger, settings, sender, entry, incident=incident)
        ledger.alerts.record_delivered(name, root.ts)
        _show_picture(spec, ledger, sender, entry, root)
        return
    is_newest = all(other.incident_id != incident.id for other in later)
    message_ts = _go_on(ledger, settings, sender, entry, incident, is_newest=is_newest)
    ledger.alerts.record_delivered(name, message_ts)


def _show_picture(
    spec: ModelSpec, ledger: Ledger, sender: "SlackSender", entry: OutboxEntry, root: "Posted"
) -> None:
    """Draw the newest batches into the thread; a message without a picture is a message too."""
    try:
        show_picture(spec, ledger, sender, entry.alert.kind, root)
    except Exception:  # of whatever kind: the message has been delivered
        log.exception("no picture for %s", entry.alert.message_key)


def _open_thread(
    spec: ModelSpec,
    ledger: Ledger,
    settings: Settings,
    sender: "SlackSender",
    entry: OutboxEntry,
    *,
    incident: Incident,
) -> "Posted":
    channel = incident_rules.channel_for(spec.alerts, entry.alert)
    shown = _with_page(settings, entry.alert, incident)
    posted = _send(sender, channel, shown, status=_status(incident))
    ledger.incidents.record_posted(incident.id, channel=posted.channel, message_ts=posted.ts)
    return posted


def _go_on(
    ledger: Ledger,
    settings: Settings,
    sender: "SlackSender",
    entry: OutboxEntry,
    incident: Incident,
    *,
    is_newest: bool,
) -> str:
    """Change the first message of a thread, and reply in it where there is something to read."""
    if incident.message_ts is None:
        raise NotifyError(
            f"the first message of incident {incident.id} was not delivered; fix the cause,"
            " then send both again: evergreen alerts --resend",
            is_permanent=True,
        )
    if is_newest:
        opening = ledger.alerts.opening(incident.id) or entry
        shown = incident_rules.first_message(opening.alert, entry.alert, role=entry.role)
        shown = _with_page(settings, shown, incident)
        sender.update(incident.channel, incident.message_ts, shown, status=_status(incident))
    if entry.role == "update":
        return incident.message_ts
    return _send(sender, incident.channel, entry.alert, thread_ts=incident.message_ts).ts


def _send(
    sender: "SlackSender",
    channel: str,
    alert: Alert,
    *,
    thread_ts: str | None = None,
    status: IncidentStatus | None = None,
) -> "Posted":
    """Post a message; what comes after may be lost, and the message is then sent once more."""
    posted = sender.send(channel, alert, thread_ts=thread_ts, status=status)
    failpoint("after_alert_sent")
    return posted


def _with_page(settings: Settings, alert: Alert, incident: Incident) -> Alert:
    """Return the alert with a link to its incident's page, where it is acknowledged and snoozed."""
    page = incident_url(settings, incident.id)
    links = (*alert.links, ("incident", page)) if page else alert.links
    return alert.model_copy(update={"links": links})


def _status(incident: Incident) -> IncidentStatus:
    is_once = incident.closed_at == incident.opened_at
    return IncidentStatus(
        opened_at=incident.opened_at,
        resolution="" if is_once else incident.resolution,
        closed_at=None if is_once else incident.closed_at,
        acknowledged_by=incident.acknowledged_by or "",
        snoozed_until=incident.snoozed_until,
        snoozed_by=incident.snoozed_by or "",
        n_events=incident.n_events,
    )


def _sender(spec: ModelSpec) -> "SlackSender":
    from evergreen.slack.sender import SlackSender

    access = connections().slack(spec.alerts.slack_connection_id)
    return SlackSender(access.token, base_url=access.base_url)
