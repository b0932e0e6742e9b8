"""Who may still promote: the newest try of a run that nobody has ended or overtaken."""

from collections.abc import Callable
from datetime import UTC, datetime

from evergreen.errors import NothingToDo, PromotionError, StaleTokenError
from evergreen.failpoints import failpoint
from evergreen.ledger.ledger import Ledger
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_state import RunInfo, newer_batch

SECONDS_PER_HOUR = 3600.0
# None: a task that Airflow has not told us about, as where it was cleared a moment ago; the token
# of its next try then counts.
ALIVE = (None, "running")


def begin_retrain(context: ModelContext, run: DecisionRun) -> None:
    """Take the lane where a retrain begins: what an earlier run still holds is stale from here."""
    may_promote = (
        not _has_begun(context.spec, context.ledger, run)
        and newer_batch(context.ledger, context.spec.name, run.batch) is None
    )
    if may_promote and not run.request.dry_run:
        context.ledger.promotions.take_lane(context.spec.name, run.decision_id)


def claim_lane(context: ModelContext, run: DecisionRun) -> int | None:
    """Take the lane for this try of the promotion; an earlier try that stalled is stale from here.

    Returns:
        The token; None where the promotion has begun already: finishing it needs no right.

    Raises:
        NothingToDo: A newer batch was accepted; looked for before, so that its run keeps
            the lane, and after, because it may have come in between.
    """
    _skip_if_outdated(context.spec, context.ledger, run)
    if _has_begun(context.spec, context.ledger, run):
        return None
    token = context.ledger.promotions.take_lane(context.spec.name, run.decision_id)
    failpoint("after_lane")
    _skip_if_outdated(context.spec, context.ledger, run)
    return token


def last_look(
    context: ModelContext, run: DecisionRun, info: RunInfo, state_of: Callable[[], str | None]
) -> None:
    """Look once more whether this run may go on, when all that takes its time is done.

    Raises:
        NothingToDo: A newer batch was accepted meanwhile.
        StaleTokenError: Airflow has ended this task while its process lives on.
    """
    _skip_if_outdated(context.spec, context.ledger, run)
    check_not_ended(info, state_of())


def check_not_ended(info: RunInfo, state: str | None) -> None:
    """Refuse where a task was ended while its process lives on.

    Args:
        info: The run and the task.
        state: The state of the task now; None where it is not known.

    Raises:
        StaleTokenError: It was set to failed, cancelled, timed out, or given up as lost.
    """
    if state not in ALIVE:
        raise StaleTokenError(
            f"{info.task_id} of run {info.run_id} is {state} in Airflow while its process lives on:"
            " it may no longer promote; nothing was changed: clear the task to try again"
        )


def check_age(
    spec: ModelSpec, ledger: Ledger, run: DecisionRun, evaluated_at: datetime | None
) -> None:
    """Refuse to begin a promotion on an evaluation that is older than the spec allows.

    Raises:
        PromotionError: It is; both models have to be scored again.
    """
    if _has_begun(spec, ledger, run):
        return
    if evaluated_at is None:
        raise PromotionError(
            f"the evaluation of {spec.name} {run.batch} does not say when it was made;"
            " nothing was changed: clear evaluate_challenger, downstream too"
        )
    limit = spec.promotion.max_evaluation_age_hours
    age = datetime.now(UTC) - evaluated_at
    hours = age.total_seconds() / SECONDS_PER_HOUR
    if hours > limit:
        raise PromotionError(
            f"the evaluation of {spec.name} {run.batch} is {hours:.0f} h old, at most"
            f" {limit:g} h are allowed (promotion.max_evaluation_age_hours); nothing was changed:"
            " clear evaluate_challenger, downstream too"
        )


def outdated_by(spec: ModelSpec, ledger: Ledger, run: DecisionRun) -> str | None:
    """The batch that was accepted since the evaluation, so that nothing may be moved any more.

    None also where this run's promotion has begun: what was begun is finished. None, too, where
    somebody was asked and approved: while a person thinks, batches go on arriving, and each would
    undo the answer; the champion and the age of the evaluation are still checked.
    """
    answer = ledger.approvals.get(run.decision_id)
    if _has_begun(spec, ledger, run) or (answer is not None and answer.is_granted):
        return None
    return newer_batch(ledger, spec.name, run.batch)


def _has_begun(spec: ModelSpec, ledger: Ledger, run: DecisionRun) -> bool:
    promotions = ledger.promotions
    return promotions.by_decision(spec.name, run.decision_id) is not None


def _skip_if_outdated(spec: ModelSpec, ledger: Ledger, run: DecisionRun) -> None:
    newer = outdated_by(spec, ledger, run)
    if newer is not None:
        raise NothingToDo(f"batch {newer} was accepted meanwhile, nothing moved")
