"""Raising the alerts about what people say: approval wanted, and its reminder; forced."""

from datetime import datetime
from typing import Any

from evergreen.alerts import catalogue, incident_rules
from evergreen.ledger.records import Approval
from evergreen.orchestration.dag_runs import run_url
from evergreen.records import Evaluation, Promotion
from evergreen.workflows.alerts.incident_flow import end_incident, raise_alert, tell_move
from evergreen.workflows.alerts.run_alerts import links
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_blocks import SECONDS_PER_HOUR, tell_answer

Payload = dict[str, Any]


def alert_wanted(
    context: ModelContext, airflow_context: Any, approval: Approval, batch: str, evaluated: Payload
) -> None:
    """Ask in the batch's thread, with the page in Airflow on which it is answered."""
    evaluation = Evaluation.from_json(evaluated["evaluation"])
    raise_alert(
        context,
        catalogue.approval_wanted(
            context.spec.name,
            batch,
            version=approval.version,
            champion_version=evaluation.champion_version,
            evaluation=evaluation,
            sentence=evaluated["verdict"]["sentence"],
            due_at=approval.due_at,
            on_timeout=context.spec.promotion.approval_on_timeout,
            approvers=context.spec.promotion.approvers,
            occurrence=_occurrence(approval),
            since=approval.asked_at,
            links=(
                *_answer_link(context, airflow_context),
                *links(
                    context,
                    "approval_wanted",
                    airflow_context,
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


def tell_forced(context: ModelContext, promotion: Promotion, airflow_context: Any = None) -> bool:
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
        links=links(context, "forced", airflow_context),
    )
    return tell_move(
        context,
        alert,
        version=promotion.version,
        moved_at=promotion.promoted_at,
        is_sent_now=airflow_context is not None,
    )


def _answer_link(context: ModelContext, airflow_context: Any) -> tuple[tuple[str, str], ...]:
    run = run_url(context.settings.airflow_url, airflow_context)
    return (("answer", f"{run}/tasks/approve/required_actions"),) if run else ()


def _occurrence(approval: Approval) -> str:
    """Tell a question about a newer evaluation of the same decision from the one before."""
    return f"{approval.decision_id}:{approval.asked_at:%Y%m%dT%H%M%S}"
