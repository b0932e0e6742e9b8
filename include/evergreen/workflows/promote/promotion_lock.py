"""Who may still promote: the newest try of a run that nobody has ended or overtaken."""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from evergreen.errors import PromotionError, StaleTokenError
from evergreen.failpoints import failpoint
from evergreen.orchestration.dag_runs import newer_batch, states_of
from evergreen.workflows.model_context import ModelContext

Payload = dict[str, Any]
SECONDS_PER_HOUR = 3600.0
# None: a task that Airflow has not told us about, as where it was cleared a moment ago; the token
# of its next try then counts.
ALIVE = (None, "running")


def begin_retrain(context: ModelContext, asked: Payload) -> None:
    """Take the lane where a retrain begins: what an earlier run still holds is stale from here."""
    may_promote = not _has_begun(context, asked) and newer_batch(context, asked["batch"]) is None
    if may_promote and not asked["request"]["dry_run"]:
        context.ledger.promotions.take_lane(context.spec.name, asked["decision"])


def claim_lane(context: ModelContext, asked: Payload) -> int | None:
    """Take the lane for this try of the promotion; an earlier try that stalled is stale from here.

    Returns:
        The token; None where the promotion has begun already: finishing it needs no right.

    Raises:
        AirflowSkipException: A newer batch was accepted; looked for before, so that its run keeps
            the lane, and after, because it may have come in between.
    """
    _skip_if_outdated(context, asked)
    if _has_begun(context, asked):
        return None
    token = context.ledger.promotions.take_lane(context.spec.name, asked["decision"])
    failpoint("after_lane")
    _skip_if_outdated(context, asked)
    return token


def last_look(context: ModelContext, asked: Payload, airflow_context: Any) -> None:
    """Look once more whether this run may go on, when all that takes its time is done.

    Raises:
        AirflowSkipException: A newer batch was accepted meanwhile.
        StaleTokenError: Airflow has ended this task while its process lives on.
    """
    _skip_if_outdated(context, asked)
    check_not_ended(airflow_context)


def check_not_ended(airflow_context: Any) -> None:
    """Refuse where Airflow has ended this task while its process lives on.

    Raises:
        StaleTokenError: It was set to failed, cancelled, timed out, or given up as lost.
    """
    task_id = airflow_context["ti"].task_id
    state = states_of(airflow_context).get(task_id)
    if state not in ALIVE:
        raise StaleTokenError(
            f"{task_id} of run {airflow_context['dag_run'].run_id} is {state} in Airflow"
            " while its process lives on: it may no longer promote; nothing was changed: clear the"
            " task to try again"
        )


def check_age(context: ModelContext, asked: Payload, evaluated_at: str | None) -> None:
    """Refuse to begin a promotion on an evaluation that is older than the spec allows.

    Raises:
        PromotionError: It is; both models have to be scored again.
    """
    if _has_begun(context, asked):
        return
    if evaluated_at is None:
        raise PromotionError(
            f"the evaluation of {context.spec.name} {asked['batch']} does not say when it was made;"
            " nothing was changed: clear evaluate_challenger, downstream too"
        )
    limit = context.spec.promotion.max_evaluation_age_hours
    age = datetime.now(UTC) - datetime.fromisoformat(evaluated_at)
    hours = age.total_seconds() / SECONDS_PER_HOUR
    if hours > limit:
        raise PromotionError(
            f"the evaluation of {context.spec.name} {asked['batch']} is {hours:.0f} h old, at most"
            f" {limit:g} h are allowed (promotion.max_evaluation_age_hours); nothing was changed:"
            " clear evaluate_challenger, downstream too"
        )


def outdated_by(context: ModelContext, asked: Payload) -> str | None:
    """The batch that was accepted since the evaluation, so that nothing may be moved any more.

    None also where this run's promotion has begun: what was begun is finished. None, too, where
    somebody was asked and approved: while a person thinks, batches go on arriving, and each would
    undo the answer; the champion and the age of the evaluation are still checked.
    """
    answer = context.ledger.approvals.get(asked["decision"])
    if _has_begun(context, asked) or (answer is not None and answer.is_granted):
        return None
    return newer_batch(context, asked["batch"])


def _has_begun(context: ModelContext, asked: Payload) -> bool:
    promotions = context.ledger.promotions
    return promotions.by_decision(context.spec.name, asked["decision"]) is not None


def _skip_if_outdated(context: ModelContext, asked: Payload) -> None:
    newer = outdated_by(context, asked)
    if newer is not None:
        raise AirflowSkipException(f"batch {newer} was accepted meanwhile, nothing moved")
