"""What Airflow tells of a run: who it is, what its tasks returned, and how they ended."""

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from evergreen import dag_ids
from evergreen.records import Record
from evergreen.workflows.decision_run import Stay
from evergreen.workflows.run_state import RunInfo

R = TypeVar("R", bound=Record)
STAY = "stay"


def run_info(airflow_context: Any) -> RunInfo:
    """Return what the steps need to know of the run of an Airflow context."""
    run, ti = airflow_context["dag_run"], airflow_context.get("ti")
    return RunInfo(
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id="" if ti is None else ti.task_id,
        n_tries=1 if ti is None else ti.try_number,
        n_cleared=getattr(run, "clear_number", 0) or 0,
        partition_key=None if run.partition_key is None else str(run.partition_key),
        conf=run.conf,
        requested_by=getattr(run, "triggering_user_name", None) or "",
    )


def this_run() -> RunInfo:
    """Return the run of the task that is running."""
    from airflow.sdk import get_current_context

    return run_info(get_current_context())


def result_of(task_id: str, kind: type[R]) -> R:
    """Return what an earlier task of this run returned, as a record.

    Tasks ask for it by name instead of taking it as an argument, because every argument is one more
    line in the graph that people read; the order of tasks is wired in the DAG file.

    Raises:
        AirflowFailException: It returned nothing in this run, or what an older version returned.
    """
    from airflow.sdk import get_current_context
    from airflow.sdk.exceptions import AirflowFailException

    found = get_current_context()["ti"].xcom_pull(task_ids=task_id)
    if found is None:
        raise AirflowFailException(
            f"{task_id} left no result in this run; clear it, downstream too"
        )
    return read_result(task_id, kind, found)


def read_result(task_id: str, kind: type[R], found: Any) -> R:
    """Return the result of a task as a record.

    Raises:
        AirflowFailException: It was left by another version of Evergreen.
    """
    from airflow.sdk.exceptions import AirflowFailException

    try:
        return kind.from_json(found)
    except ValidationError as err:
        raise AirflowFailException(
            f"the result of {task_id} in this run was left by another version of Evergreen"
            f" ({err.error_count()} fields of {kind.__name__} do not fit); clear {task_id} with its"
            " downstream"
        ) from err


def states_of(airflow_context: Any) -> dict[str, str]:
    """Return the state of every task of this run by task id."""
    run = airflow_context["dag_run"]
    states = airflow_context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
    return dict(states.get(run.run_id, {}))


def stay_here(stay: Stay) -> NoReturn:
    """Leave word for ``record_decision`` and skip what would move the champion.

    Raises:
        AirflowSkipException: Always.
    """
    from airflow.sdk import get_current_context
    from airflow.sdk.exceptions import AirflowSkipException

    get_current_context()["ti"].xcom_push(key=STAY, value=stay.to_json())
    raise AirflowSkipException(stay.sentence)


def stay_of(airflow_context: Any, states: Mapping[str, str]) -> Stay | None:
    """Return the word that this round of the run left, of whichever step was the first to skip."""
    first = dag_ids.APPROVE if states.get(dag_ids.APPROVE) == "skipped" else dag_ids.PROMOTE
    if states.get(first) != "skipped":
        return None
    left = airflow_context["ti"].xcom_pull(task_ids=first, key=STAY)
    return None if left is None else read_result(first, Stay, left)
