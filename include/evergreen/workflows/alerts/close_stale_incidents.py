"""Ending incidents whose cause has gone without anybody saying so: the watchdog looks at each."""

from datetime import UTC, datetime, timedelta

from evergreen.alerts import incident_rules
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Hold, Incident
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.incident_flow import end_incident
from evergreen.workflows.alerts.manual_action_alerts import question_is_over
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import holding

RELEASED = "released"
LEEWAY = timedelta(minutes=15)  # the run that asked tells the end of the time by itself


def end_what_is_over(context: ModelContext) -> list[str]:
    """End the open incidents about people's orders that do not hold any more; give their topics."""
    ended = []
    for incident in context.ledger.incidents.open_of(context.spec.name):
        if _end(context, incident):
            ended.append(incident.topic)
    return ended


def _end(context: ModelContext, incident: Incident) -> bool:
    if incident.topic in (incident_rules.HOLD, incident_rules.ROLLBACK_HELD):
        return _end_hold(context, incident)
    if incident.topic == incident_rules.APPROVAL:
        return _end_question(context, incident)
    return False


def _end_hold(context: ModelContext, incident: Incident) -> bool:
    """End what was held; a rollback is held by people only, a promotion by a freeze too."""
    is_promotion = incident.topic == incident_rules.HOLD
    open_holds = context.ledger.holds.in_force(context.spec.name)
    if open_holds or (is_promotion and holding(context) is not None):
        return False
    follows = "A new decision follows." if is_promotion else "The watch continues."
    return end_incident(
        context,
        incident.topic,
        resolution=RELEASED,
        sentence=f"{_how_released(context.spec, context.ledger, incident)} {follows}",
    )


def _how_released(spec: ModelSpec, ledger: Ledger, incident: Incident) -> str:
    released = [
        hold
        for scope in (spec.name, "*")
        for hold in ledger.holds.history(scope)
        if hold.released_at is not None and hold.released_at >= incident.opened_at
    ]
    if not released:
        return "Nothing holds promotions any more."
    newest = max(released, key=_ended_at)
    return f"Released by {newest.released_by or 'somebody'}: {newest.release_reason}."


def _ended_at(hold: Hold) -> datetime:
    return hold.released_at or hold.held_at


def _end_question(context: ModelContext, incident: Incident) -> bool:
    """End a question that was answered, or whose time to answer is long over."""
    if context.ledger.approvals.waiting(context.spec.name, at=datetime.now(UTC) - LEEWAY):
        return False
    asked = context.ledger.approvals.newest(context.spec.name)
    if asked is None:
        return False
    question_is_over(context, asked)
    return True
