"""Asking people whether a challenger may become champion, keeping the answer, and reminding."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from evergreen.ledger.records import Answer, Approval
from evergreen.records import Evaluation
from evergreen.workflows.alerts.manual_action_alerts import alert_wanted, question_is_over, remind
from evergreen.workflows.alerts.run_alerts import links
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import Stay
from evergreen.workflows.promote.promotion_blocks import (
    standing_answer,
    stay_here,
    tell_answer,
    why_not_asked,
)

Payload = dict[str, Any]
LEAST = timedelta(seconds=1)


@dataclass(frozen=True)
class Question:
    """What is shown to people in Airflow, and for how long."""

    subject: str
    body: str
    on_timeout: Literal["keep", "promote"]
    time_left: timedelta


def open_question(
    context: ModelContext,
    airflow_context: Any,
    asked: Payload,
    trained: Payload,
    evaluated: Payload,
) -> Question | Payload:
    """Ask about this evaluation, once; give the question, or the answer that is there already.

    A retry goes on with the question that is open, without more time. Where the spec asks nobody
    any more, the answer says so.

    Raises:
        AirflowSkipException: Nobody needs to be asked, or it was refused before.
    """
    stay = why_not_asked(context, asked, evaluated)
    if stay is not None:
        stay_here(airflow_context, stay)
    if context.spec.promotion.approval == "none":
        return {"answer": "not asked"}
    found = standing_answer(context, asked, trained, evaluated)
    if found is not None and found.answer != "open":
        question_is_over(context, found)
        return _acted_upon(airflow_context, found)
    now = datetime.now(UTC)
    if found is None or found.due_at <= now:
        due = now + timedelta(hours=context.spec.promotion.approval_timeout_hours)
        found = context.ledger.approvals.ask(
            asked["decision"], model=context.spec.name, version=trained["version"], due_at=due
        )
    alert_wanted(context, airflow_context, found, asked["batch"], evaluated)
    return _question(context, airflow_context, found, asked["batch"], evaluated)


def may_answer(context: ModelContext, user: Payload) -> bool:
    """Return whether an Airflow user is among the spec's approvers; with none named, all are."""
    approvers = context.spec.promotion.approvers
    return not approvers or bool({user.get("name"), user.get("id")} & set(approvers))


def keep_answer(
    context: ModelContext,
    airflow_context: Any,
    asked: Payload,
    *,
    is_granted: bool,
    answered_by: str,
    is_late: bool,
    comment: str,
) -> Payload:
    """Keep an answer, or that nobody gave one, in the ledger; the first one stands.

    Raises:
        AirflowSkipException: It is no; ``promote`` is skipped with it.
    """
    answer: Answer = "approved" if is_granted else "refused"
    if is_late:
        answer = "timed_out_promote" if is_granted else "timed_out_keep"
    kept = context.ledger.approvals.answer(
        asked["decision"], answer, answered_by=answered_by, comment=" ".join(comment.split())
    )
    question_is_over(context, kept)
    return _acted_upon(airflow_context, kept)


def remind_of_approvals(context: ModelContext) -> list[str]:
    """Remind, once per question, of what nobody has answered for long; give the decisions."""
    now, after = datetime.now(UTC), context.spec.promotion.approval_reminder_hours
    due = [
        approval
        for approval in context.ledger.approvals.waiting(context.spec.name, at=now)
        if approval.reminded_at is None and now - approval.asked_at >= timedelta(hours=after)
    ]
    for approval in due:
        batch = context.ledger.decisions.get(approval.decision_id).batch
        remind(context, approval, batch, now=now)
        context.ledger.approvals.record_reminded(approval.decision_id)
    return [approval.decision_id for approval in due]


def _acted_upon(airflow_context: Any, approval: Approval) -> Payload:
    sentence = tell_answer(approval)
    if not approval.is_granted:
        stay_here(airflow_context, Stay("refused", sentence))
    return {"answer": approval.answer, "by": approval.answered_by, "sentence": sentence}


def _question(
    context: ModelContext, airflow_context: Any, approval: Approval, batch: str, evaluated: Payload
) -> Question:
    from evergreen.alerts.approval_question import body_of, subject_of

    evaluation = Evaluation.from_json(evaluated["evaluation"])
    decision = context.ledger.decisions.get(approval.decision_id)
    rule = context.spec.promotion
    return Question(
        subject=subject_of(context.spec.name, approval.version),
        body=body_of(
            version=approval.version,
            champion_version=evaluation.champion_version,
            batch=batch,
            decision=decision.sentence,
            verdict=evaluated["verdict"]["sentence"],
            evaluation=evaluation,
            due_at=approval.due_at,
            on_timeout=rule.approval_on_timeout,
            approvers=rule.approvers,
            links=links(
                context,
                "approval_wanted",
                airflow_context,
                batch=batch,
                decision=approval.decision_id,
            ),
        ),
        on_timeout=rule.approval_on_timeout,
        time_left=max(LEAST, approval.due_at - datetime.now(UTC)),
    )
