"""Asking people whether a challenger may become champion, keeping the answer, and reminding."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from evergreen.ledger.records import Answer, Approval, Decision
from evergreen.records import Record
from evergreen.settings import Settings
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.manual_action_alerts import alert_wanted, question_is_over, remind
from evergreen.workflows.alerts.run_alerts import links
from evergreen.workflows.decision_run import DecisionRun, Evaluated, Stay, Trained
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_blocks import (
    standing_answer,
    tell_answer,
    why_not_asked,
)
from evergreen.workflows.run_state import RunInfo

LEAST = timedelta(seconds=1)


@dataclass(frozen=True)
class Question:
    """What is shown to people in Airflow, and for how long."""

    subject: str
    body: str
    on_timeout: Literal["keep", "promote"]
    time_left: timedelta


class Answered(Record):
    """The answer to a question, or that nobody needs to be asked."""

    answer: Answer | Literal["not asked"]
    by: str = ""
    sentence: str = ""


def open_question(
    context: ModelContext,
    run: DecisionRun,
    info: RunInfo,
    trained: Trained,
    evaluated: Evaluated,
) -> Question | Answered | Stay:
    """Ask about this evaluation, once.

    A retry goes on with the question that is open, without more time.

    Returns:
        The question; or the answer that is there already, which also says where the spec asks
        nobody; or why the champion stays without a question.
    """
    stay = why_not_asked(context, run, evaluated)
    if stay is not None:
        return stay
    if context.spec.promotion.approval == "none":
        return Answered(answer="not asked")
    found = standing_answer(context.ledger, run, trained, evaluated)
    if found is not None and found.answer != "open":
        question_is_over(context, found)
        return _acted_upon(found)
    now = datetime.now(UTC)
    if found is None or found.due_at <= now:
        due = now + timedelta(hours=context.spec.promotion.approval_timeout_hours)
        found = context.ledger.approvals.ask(
            run.decision_id, model=context.spec.name, version=trained.version or "", due_at=due
        )
    alert_wanted(context, info, found, run.batch, evaluated)
    decision = context.ledger.decisions.get(run.decision_id)
    return _question(context.spec, context.settings, info, found, evaluated, decision=decision)


def may_answer(context: ModelContext, user: Mapping[str, str | None]) -> bool:
    """Return whether a user may answer: one of the spec's approvers, or anybody if it names none.

    Args:
        context: The model's spec and adapters.
        user: ``name`` and ``id`` of who answered.
    """
    approvers = context.spec.promotion.approvers
    return not approvers or bool({user.get("name"), user.get("id")} & set(approvers))


def keep_answer(
    context: ModelContext,
    run: DecisionRun,
    *,
    is_granted: bool,
    answered_by: str,
    is_late: bool,
    comment: str,
) -> Answered | Stay:
    """Keep an answer, or that nobody gave one, in the ledger; the first one stands.

    Returns:
        The answer; or, where it is no, why the champion stays.
    """
    answer: Answer = "approved" if is_granted else "refused"
    if is_late:
        answer = "timed_out_promote" if is_granted else "timed_out_keep"
    kept = context.ledger.approvals.answer(
        run.decision_id, answer, answered_by=answered_by, comment=" ".join(comment.split())
    )
    question_is_over(context, kept)
    return _acted_upon(kept)


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


def _acted_upon(approval: Approval) -> Answered | Stay:
    sentence = tell_answer(approval)
    if not approval.is_granted:
        return Stay(outcome="refused", sentence=sentence)
    return Answered(answer=approval.answer, by=approval.answered_by or "", sentence=sentence)


def _question(
    spec: ModelSpec,
    settings: Settings,
    info: RunInfo,
    approval: Approval,
    evaluated: Evaluated,
    *,
    decision: Decision,
) -> Question:
    from evergreen.alerts.approval_question import body_of, subject_of

    evaluation = evaluated.evaluation
    rule = spec.promotion
    return Question(
        subject=subject_of(spec.name, approval.version),
        body=body_of(
            version=approval.version,
            champion_version=evaluation.champion_version,
            batch=decision.batch,
            decision=decision.sentence,
            verdict=evaluated.verdict.sentence,
            evaluation=evaluation,
            due_at=approval.due_at,
            on_timeout=rule.approval_on_timeout,
            approvers=rule.approvers,
            links=links(
                spec,
                settings,
                "approval_wanted",
                info,
                batch=decision.batch,
                decision=approval.decision_id,
            ),
        ),
        on_timeout=rule.approval_on_timeout,
        time_left=max(LEAST, approval.due_at - datetime.now(UTC)),
    )
