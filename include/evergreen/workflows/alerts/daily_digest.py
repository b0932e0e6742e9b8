"""Sending the summary of the day: one message per channel for all models that ask for it there."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from evergreen.alerts.digest import ModelDay, digest
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Incident
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.model_context import ModelContext

DAY = timedelta(days=1)
SHOWN_DECISIONS = 1000


def send_digests(contexts: Sequence[ModelContext], *, now: datetime) -> list[str]:
    """Send the summaries that are due, each once a day however often this runs.

    Args:
        contexts: All models, on one ledger.
        now: The moment, in UTC.

    Returns:
        The channels that were told.
    """
    told = []
    for (connection, channel), members in _by_channel(contexts).items():
        if now.hour < min(context.spec.alerts.digest_hour for context in members):
            continue
        first = members[0]
        summary = digest(
            f"digest:{connection}:{channel}:{now:%Y-%m-%d}",
            now.date(),
            [_day_of(context.spec, context.ledger, now) for context in members],
        ).model_copy(update={"model": first.spec.name})
        if first.ledger.alerts.raise_once(summary, channel=channel):
            deliver_pending(first)
            told.append(channel)
    return told


def _by_channel(contexts: Sequence[ModelContext]) -> dict[tuple[str, str], list[ModelContext]]:
    channels: dict[tuple[str, str], list[ModelContext]] = {}
    for context in sorted(contexts, key=lambda one: one.spec.name):
        rules = context.spec.alerts
        if rules.digest == "daily":
            channels.setdefault((rules.slack_connection_id, rules.channel), []).append(context)
    return channels


def _day_of(spec: ModelSpec, ledger: Ledger, now: datetime) -> ModelDay:
    name, since = spec.name, now - DAY
    found = ledger.incidents.history(name, since=since)
    newest = ledger.decisions.newest(name, limit=SHOWN_DECISIONS)
    return ModelDay(
        model=name,
        must_act=tuple(_shown(one) for one in found if one.is_open and one.must_act),
        open=tuple(_shown(one) for one in found if one.is_open and not one.must_act),
        ended=tuple(_shown(one) for one in found if not one.is_open),
        n_decided=sum(decision.decided_at >= since for decision in newest),
    )


def _shown(incident: Incident) -> str:
    if incident.is_open:
        whose = f", {incident.acknowledged_by} looks" if incident.acknowledged_by else ""
        return f"{incident.title} (since {incident.opened_at:%Y-%m-%d %H:%M} UTC{whose})"
    is_once = incident.closed_at == incident.opened_at
    return incident.title if is_once else f"{incident.title} ({incident.resolution})"
