"""What Airflow calls when a task failed for good, or went through.

A callback only reports, and never fails.
"""

import logging
from collections.abc import Callable
from typing import Any

from evergreen import dag_ids
from evergreen.ledger.records import DeliveryKind
from evergreen.orchestration.dag_runs import run_info, states_of
from evergreen.workflows.model_context import ModelContext, open_model_context

log = logging.getLogger(__name__)

BROKEN = ("failed", "upstream_failed")
WAITS: dict[str, DeliveryKind] = {
    dag_ids.WAIT_FOR_BATCH: "data",
    dag_ids.WAIT_FOR_LABELS: "labels",
}


def alert_failure(airflow_context: Any) -> None:
    """Tell that a task failed for good; a refused request is told only to who made it."""
    from evergreen.orchestration.retry_rules import RequestRefused

    if isinstance(airflow_context.get("exception"), RequestRefused) or _is_tried_again(
        airflow_context
    ):
        return

    def tell(context: ModelContext) -> None:
        from evergreen.workflows.alerts.run_alerts import alert_failed

        alert_failed(
            context,
            run_info(airflow_context),
            error=str(airflow_context.get("exception") or "see the task's log"),
        )

    _report(airflow_context["dag_run"].dag_id, tell)


def alert_no_data(airflow_context: Any) -> None:
    """Tell that a wait for a delivery ended without one, or that waiting itself failed."""
    from airflow.sdk.exceptions import AirflowSensorTimeout, TaskDeferralTimeout

    error = airflow_context.get("exception")
    if not isinstance(error, AirflowSensorTimeout | TaskDeferralTimeout):
        alert_failure(airflow_context)
        return

    def tell(context: ModelContext) -> None:
        from evergreen.workflows.alerts.run_alerts import alert_no_data as alert

        found = airflow_context["ti"].xcom_pull(task_ids=dag_ids.FIND_NEXT_BATCH) or {}
        run = run_info(airflow_context)
        alert(context, run, WAITS[run.task_id], found.get("batch"))

    _report(airflow_context["dag_run"].dag_id, tell)


def tell_success(airflow_context: Any) -> None:
    """Tell that a DAG works again, once the last task of a run of it has gone through.

    Where no failure is told, it costs one look into the ledger.
    """
    _tell_works(airflow_context, is_last=not airflow_context["task"].downstream_task_ids)


def tell_skip(airflow_context: Any) -> None:
    """Tell that a DAG works again, where a run has nothing left to do: what follows is skipped."""
    _tell_works(airflow_context, is_last=_ends_here(airflow_context["task"]))


def _ends_here(task: Any) -> bool:
    """Return whether all that comes after a skipped task is skipped with it."""
    following = [task.dag.get_task(name) for name in task.downstream_task_ids]
    return all(one.trigger_rule == "all_success" and _ends_here(one) for one in following)


def _tell_works(airflow_context: Any, *, is_last: bool) -> None:
    from evergreen.workflows.alerts.run_alerts import ASIDE, failed_subject, failure_is_over

    run, task_id = airflow_context["dag_run"], airflow_context["ti"].task_id
    is_aside = task_id in ASIDE
    if dag_ids.model_of(run.dag_id) is None or not (is_aside or is_last):
        return

    def tell(context: ModelContext) -> None:
        subject = failed_subject(run.dag_id, task_id)
        told = context.ledger.incidents.open_for(context.spec.name, "failed", subject)
        if told is None:
            return
        states = {} if is_aside else states_of(airflow_context)
        red = [t for t, s in states.items() if s in BROKEN and t not in (*ASIDE, task_id)]
        if not red:
            failure_is_over(context, run_info(airflow_context), subject)

    _report(run.dag_id, tell)


def _is_tried_again(airflow_context: Any) -> bool:
    """Return whether Airflow will run the task again by itself.

    LocalExecutor now and then takes the end of a task for a failure while it is queued again; the
    scheduler then calls this callback for a task that still has tries left.
    """
    from airflow.sdk.exceptions import AirflowFailException

    is_final = isinstance(airflow_context.get("exception"), AirflowFailException)
    return not is_final and airflow_context["ti"].try_number <= airflow_context["ti"].max_tries


def _report(dag_id: str, tell: Callable[[ModelContext], None]) -> None:
    model = dag_ids.model_of(dag_id)
    if model is None:
        log.error("%s failed; its next run tries again", dag_id)
        return
    try:
        with open_model_context(model) as context:
            tell(context)
    except Exception:  # a callback that raises would hide how the task ended
        log.exception("what happened to %s could not be told", dag_id)
