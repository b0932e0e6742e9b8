"""What the watchdog looks for in one model."""

from datetime import UTC, datetime, timedelta

from evergreen.alerts import incident_rules
from evergreen.records import Promotion
from evergreen.workflows.alerts.incident_flow import RECOVERED, end_incident
from evergreen.workflows.alerts.manual_action_alerts import tell_forced
from evergreen.workflows.alerts.run_alerts import alert_late, alert_mismatch
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.rollback import tell_rollback


def alert_late_decisions(context: ModelContext) -> list[str]:
    """Alert for accepted batches without a closed decision in time; give their ids.

    Nothing is late while a person is asked about a challenger: the model's runs wait for the
    answer, and people were told.
    """
    limit = timedelta(hours=context.spec.arrivals.decide_within_hours)
    now = datetime.now(UTC)
    if context.ledger.approvals.waiting(context.spec.name, at=now):
        return []
    decided = context.ledger.decisions.decided_batches(context.spec.name)
    late = [
        delivery
        for delivery in context.ledger.batches.deliveries(
            context.spec.name, "data", status="accepted"
        )
        if delivery.batch not in decided and now - delivery.taken_at > limit
    ]
    for delivery in late:
        alert_late(context, delivery, waited=now - delivery.taken_at)
    if not late:
        everyone = "Every accepted batch has its decision, or time left for it."
        end_incident(context, incident_rules.LATE, resolution=RECOVERED, sentence=everyone)
    return [delivery.batch for delivery in late]


def reconcile_champion(context: ModelContext) -> str:
    """Finish a promotion whose alias has not followed; alert when somebody else moved the alias.

    A rollback or a forced promotion that nobody could tell of, because its process died, is told
    now.
    """
    from evergreen.promotion.projection import reconcile

    found = reconcile(context.ledger.promotions, context.registry, context.spec.name)
    if found.verdict == "mismatch":
        alert_mismatch(context, sentence=found.sentence)
    else:
        settled = f"{found.sentence[:1].upper()}{found.sentence[1:]}."
        end_incident(context, incident_rules.MISMATCH, resolution=RECOVERED, sentence=settled)
    latest = context.ledger.promotions.latest(context.spec.name)
    if latest is not None and latest.state == "committed":
        _tell_again(context, latest)
    return found.sentence


def _tell_again(context: ModelContext, latest: Promotion) -> None:
    """Tell what a person's order moved; what was told before stays as it is."""
    if latest.kind == "rollback":
        tell_rollback(context, latest)
    elif latest.kind == "forced":
        tell_forced(context, latest)
