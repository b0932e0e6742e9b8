"""Raising the alerts about what people say: approval wanted, and its reminder; forced."""

from datetime import datetime

from evergreen import dag_ids
from evergreen.alerts import catalogue, incident_rules
from evergreen.ledger.records import Approval
from evergreen.records import Promotion
from evergreen.settings import Settings
from evergreen.workflows.alerts.incident_flow import end_incident, raise_alert, tell_move
from evergreen.workflows.alerts.run_alerts import links
from evergreen.workflows.decision_run import Evaluated
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_blocks import SECONDS_PER_HOUR, tell_answer
from evergreen.workflows.run_state import RunInfo


def alert_wanted(
    context: ModelContext, run: RunInfo, approval: Approval, batch: str, evaluated: Evaluated
) -> None:
    """Ask in the batch's thread, with the page in Airflow on which it is answered."""
    evaluation = evaluated.evaluation
    raise_alert(
        context,
        catalogue.approval_wanted(
            context.spec.name,
            batch,
            version=approval.version,
            champion_version=evaluation.champion_version,
            evaluation=evaluation,
            sentence=evaluated.verdict.sentence,
            due_at=approval.due_at,
            on_timeout=context.spec.promotion.approval_on_timeout,
            approvers=context.spec.promotion.approvers,
            occurrence=_occurrence(approval),
            since=approval.asked_at,
            links=(
                *_answer_link(context.settings, run),
                *links(
                    context.spec,
                    context.settings,
                    "approval_wanted",
                    run,
                    batch=batch,
                    decision=approval.decision_id,
                ),
            ),
        ),
    )


def remind(context: ModelContext, approval: Approval, batch: str, *, now: datetime) -> None:
    """Remind of a question in the thread in which it was asked."""
    asked = context.ledger.alerts.get(
        f"approval_wanted:{context.spec.name}:{batch}:{_occurrence(approval)}"
    )
    if asked is None:
        return
    reminder = catalogue.approval_reminder(
        asked.alert,
        waited_hours=(now - approval.asked_at).total_seconds() / SECONDS_PER_HOUR,
        left_hours=(approval.due_at - now).total_seconds() / SECONDS_PER_HOUR,
    )
    raise_alert(context, reminder)


def question_is_over(context: ModelContext, approval: Approval) -> None:
    """Tell in the thread of a question how it was answered, or that nobody answered."""
    who = approval.answered_by or "somebody"
    resolution = {
        "open": "nobody answered in time",
        "approved": f"approved by {who}",
        "refused": f"refused by {who}",
        "timed_out_keep": "nobody answered in time",
        "timed_out_promote": "nobody answered in time",
    }[approval.answer]
    answer = tell_answer(approval)
    sentence = f"{answer[:1].upper()}{answer[1:]}."
    end_incident(context, incident_rules.APPROVAL, resolution=resolution, sentence=sentence)


def tell_forced(context: ModelContext, promotion: Promotion, run: RunInfo | None = None) -> bool:
    """Tell that a person made a version champion; False when it was told before.

    Without a context, from outside a run, it is stored for the watchdog to send.
    """
    alert = catalogue.forced(
        context.spec.name,
        epoch=promotion.epoch,
        version=promotion.version,
        previous_version=promotion.previous_version,
        reason=promotion.reason,
        requested_by=promotion.requested_by,
        links=links(context.spec, context.settings, "forced", run),
    )
    return tell_move(
        context,
        alert,
        version=promotion.version,
        moved_at=promotion.promoted_at,
        is_sent_now=run is not None,
    )


def _answer_link(settings: Settings, run: RunInfo) -> tuple[tuple[str, str], ...]:
    url = run.url(settings.airflow_url)
    return (("answer", f"{url}/tasks/{dag_ids.APPROVE}/required_actions"),) if url else ()


def _occurrence(approval: Approval) -> str:
    """Tell a question about a newer evaluation of the same decision from the one before."""
    return f"{approval.decision_id}:{approval.asked_at:%Y%m%dT%H%M%S}"
