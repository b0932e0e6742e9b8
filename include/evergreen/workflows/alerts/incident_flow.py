"""Telling people: an alert is stored in its incident, shown in the log, and sent at once if it can.

One transaction keeps the incident and its message; sending comes after, and what cannot be sent
waits for the watchdog.
"""

import logging
from datetime import datetime

from evergreen.alerts import incident_rules
from evergreen.failpoints import failpoint
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import AlertState, Incident
from evergreen.records import Alert
from evergreen.slack.blocks import to_text
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.model_context import ModelContext

log = logging.getLogger(__name__)
RECOVERED = "recovered"


def raise_alert(
    context: ModelContext,
    alert: Alert,
    *,
    subject: str = "",
    is_step: bool | None = None,
    is_sent_now: bool = True,
) -> bool:
    """Tell of an alert: it opens an incident, goes on with one, or is told by itself.

    Outside a run of Airflow, where its connections are not at hand, the watchdog is left to send
    it: ``is_sent_now`` is False.

    Args:
        context: The model's spec and adapters.
        alert: What happened; ``incident`` names it, and is told once.
        subject: What tells two incidents of its topic apart, such as a DAG.
        is_step: In an open incident: worth a reply; None: as its kind says.
        is_sent_now: Try to deliver it at once.

    Returns:
        False when it was told before.
    """
    state: AlertState = (
        "pending" if incident_rules.is_sent(context.spec.alerts, alert) else "logged"
    )
    is_new = _store(context.spec, context.ledger, alert, subject, is_step=is_step, state=state)
    if is_new:
        _follow(context, alert, is_sent_now=is_sent_now)
    return is_new


def tell_move(
    context: ModelContext,
    alert: Alert,
    *,
    version: str | None,
    moved_at: datetime | None = None,
    is_sent_now: bool = True,
) -> bool:
    """Tell what came of a contest, or of an order, and end the incidents that are over by it.

    A promotion that ends the trouble which asked for it is the last message of that thread.

    Args:
        context: The model's spec and adapters.
        alert: What happened.
        version: The champion from now on.
        moved_at: When; incidents that were opened later stay open. None: now.
        is_sent_now: Try to deliver it at once.

    Returns:
        False when it was told before.
    """
    if context.ledger.alerts.get(alert.message_key) is not None:
        return False
    resolution = incident_rules.ENDINGS[alert.kind].format(version=version or "?")
    is_new = _ends_its_cause(context, alert, resolution, is_sent_now=is_sent_now)
    for topic in incident_rules.ENDS[alert.kind]:
        end_incident(
            context,
            topic,
            resolution=resolution,
            sentence=f"{alert.title}.",
            opened_before=moved_at,
            is_sent_now=is_sent_now,
        )
    return is_new or raise_alert(context, alert, is_sent_now=is_sent_now)


def end_incident(
    context: ModelContext,
    topic: str,
    *,
    subject: str = "",
    resolution: str,
    sentence: str,
    opened_before: datetime | None = None,
    is_sent_now: bool = True,
) -> bool:
    """End the open incident of a topic with one message; False when there is none.

    Where people were never told of it, because it healed by itself in time, nothing is told.
    """
    incident = context.ledger.incidents.open_for(context.spec.name, topic, subject)
    if incident is None or (opened_before is not None and incident.opened_at > opened_before):
        return False
    last = _last_message(context.ledger, incident, resolution, sentence)
    if context.ledger.incidents.close(incident.id, resolution=resolution, alert=last) is None:
        return False
    if last is not None:
        _follow(context, last, is_sent_now=is_sent_now)
    return True


def count_calm(
    context: ModelContext,
    batch: str,
    *,
    topic: str = incident_rules.QUALITY,
    subject: str = "",
    finding: str = "",
) -> None:
    """Take a batch without trouble into the open incident of a topic; enough of them end it.

    Args:
        context: The model's spec and adapters.
        batch: The batch; it is counted once.
        topic: What the incident is about.
        subject: What tells two incidents of the topic apart.
        finding: What was found, as the beginning of a sentence; empty: under all limits.
    """
    incident = context.ledger.incidents.open_for(context.spec.name, topic, subject)
    opening = None if incident is None else opening_of(context.ledger, incident)
    if incident is None or opening is None:
        return
    needed = context.spec.alerts.calm_batches
    said = finding or f"batch {batch} was under all limits"
    shown = incident_rules.calm(opening, said, n_calm=incident.n_calm + 1, n_needed=needed)
    named = shown.model_copy(update={"message_key": f"incident:{incident.id}:calm:{batch}"})
    if context.ledger.incidents.calm(incident.id, named) >= needed:
        last = shown.text.split("\n")[0]
        end_incident(context, topic, subject=subject, resolution=RECOVERED, sentence=last)
    else:
        _send(context, named)


def opening_of(ledger: Ledger, incident: Incident) -> Alert | None:
    """Return how an incident was first told; None where it was not, not even in the log."""
    entry = ledger.alerts.opening(incident.id)
    return None if entry is None else entry.alert


def _store(
    spec: ModelSpec,
    ledger: Ledger,
    alert: Alert,
    subject: str,
    *,
    is_step: bool | None,
    state: AlertState,
) -> bool:
    rows, channel = ledger.incidents, incident_rules.channel_for(spec.alerts, alert)
    topic = incident_rules.topic_of(alert)
    if topic is None:
        return ledger.alerts.raise_once(alert, state=state, channel=channel)
    open_incident = rows.open_for(alert.model, topic.name, subject)
    if open_incident is None and topic.alone == "silent":
        return ledger.alerts.raise_once(alert, state="logged")
    if open_incident is None and topic.alone == "once":
        kept = rows.tell_once(alert, topic=incident_rules.CHAMPION, channel=channel, state=state)
        return kept is not None
    if is_step is None and open_incident is not None:
        told = [entry.alert.kind for entry in ledger.alerts.of_incident(open_incident.id)]
        is_step = incident_rules.is_worth_a_reply(alert, topic, told)
    kept = rows.open_or_update(
        alert,
        topic=topic.name,
        subject=subject,
        channel=channel,
        state=state,
        is_step=is_step is not False,
        is_repeated=topic.is_repeated,
        told_from=topic.told_from,
    )
    if kept is not None and open_incident is not None:
        _escalate(spec, ledger, alert, open_incident, state)
    return kept is not None and kept.n_events >= topic.told_from


def _escalate(
    spec: ModelSpec, ledger: Ledger, alert: Alert, open_incident: Incident, state: AlertState
) -> None:
    """Tell those as well who are told of graver alerts only, once an incident has become graver."""
    before = alert.model_copy(update={"severity": open_incident.severity})
    channel = incident_rules.channel_for(spec.alerts, alert)
    is_graver = incident_rules.RANK[alert.severity] > incident_rules.RANK[open_incident.severity]
    if is_graver and channel != incident_rules.channel_for(spec.alerts, before):
        named = alert.model_copy(update={"message_key": f"{alert.message_key}:escalated"})
        ledger.alerts.raise_once(named, state=state, channel=channel)


def _ends_its_cause(
    context: ModelContext, alert: Alert, resolution: str, *, is_sent_now: bool
) -> bool:
    """Let a promotion be the last message of the incident that asked for it, where there is one."""
    incident = context.ledger.incidents.open_for(context.spec.name, incident_rules.QUALITY)
    if alert.kind != "promoted" or incident is None:
        return False
    opening = context.ledger.alerts.opening(incident.id)
    if opening is None or opening.state == "logged":
        return False
    if context.ledger.incidents.close(incident.id, resolution=resolution, alert=alert) is None:
        return False
    _follow(context, alert, is_sent_now=is_sent_now)
    return True


def _last_message(
    ledger: Ledger, incident: Incident, resolution: str, sentence: str
) -> Alert | None:
    opening = opening_of(ledger, incident)
    if opening is None:
        return None
    messages = ledger.alerts.of_incident(incident.id)
    return incident_rules.closing(
        opening,
        incident.id,
        resolution=resolution,
        sentence=sentence,
        n_left_out=sum(entry.state == "snoozed" for entry in messages),
    )


def _follow(context: ModelContext, alert: Alert, *, is_sent_now: bool) -> None:
    failpoint("after_alert_stored")
    if is_sent_now:
        log.warning("%s", to_text(alert))
        _send(context, alert)


def _send(context: ModelContext, alert: Alert) -> None:
    """Deliver the outbox where the message of an alert waits there, whatever name it was given."""
    if context.ledger.alerts.pending(context.spec.name):
        deliver_pending(context)
