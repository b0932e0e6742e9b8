"""What a run is about: its batch, its decision id, and how its tasks ended."""

from typing import Any

from evergreen.errors import DataError, RequestError
from evergreen.ledger.decisions import decision_id
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_config import batch_of, check_keys


def accepted_batches(context: ModelContext) -> tuple[str, ...]:
    """Return the ids of the accepted batches, oldest first."""
    found = context.ledger.batches.deliveries(context.spec.name, "data", status="accepted")
    return tuple(delivery.batch for delivery in found)


def newer_batch(context: ModelContext, batch: str) -> str | None:
    """Return the newest accepted batch where it is newer than this one, else None."""
    known = accepted_batches(context)
    return known[-1] if known and known[-1] > batch else None


def batch_of_run(airflow_context: Any, context: ModelContext, *, asked: str | None = None) -> str:
    """Return the batch of a run: asked for by conf, else announced by the asset, else the newest.

    Raises:
        RequestError: There is no accepted batch, or the conf names one that is not accepted.
        DataError: The batch that was announced is not accepted any more.
    """
    run = airflow_context["dag_run"]
    known = accepted_batches(context)
    if asked is None and run.conf and "batch" in run.conf:
        asked = batch_of(check_keys(run.conf, allowed=tuple(run.conf)), known=known)
    if asked:
        return asked
    if run.partition_key:
        return _still_accepted(context, str(run.partition_key), known)
    if not known:
        raise RequestError(
            f"no batch of {context.spec.name} has been accepted yet; land one and let ingest run"
        )
    return known[-1]


def _still_accepted(context: ModelContext, batch: str, known: tuple[str, ...]) -> str:
    if batch not in known:
        delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
        state = "not known" if delivery is None else delivery.status
        raise DataError(
            f"batch {batch} of {context.spec.name} was announced, but is {state} now; when it is"
            " accepted again, clear this task"
        )
    return batch


def result_of(task_id: str) -> dict[str, Any]:
    """Return what an earlier task of this run returned.

    Tasks ask for it by name instead of taking it as an argument, because every argument is one more
    line in the graph that people read; the order of tasks is wired in the DAG file.

    Raises:
        AirflowFailException: It returned nothing in this run.
    """
    from airflow.sdk import get_current_context
    from airflow.sdk.exceptions import AirflowFailException

    found: dict[str, Any] | None = get_current_context()["ti"].xcom_pull(task_ids=task_id)
    if found is None:
        raise AirflowFailException(
            f"{task_id} left no result in this run; clear it, downstream too"
        )
    return found


def decision_of_run(airflow_context: Any, model: str, batch: str) -> str:
    """Return the id of the decision that this run makes, the same however often tasks rerun."""
    return decision_id(model, batch, airflow_context["dag_run"].run_id)


def scratch_folder(airflow_context: Any, model: str, batch: str) -> str:
    """Return the folder (in the store) for what only this run needs."""
    return f"scratch/{model}/{decision_of_run(airflow_context, model, batch)}"


def run_url(airflow_url: str, airflow_context: Any) -> str:
    """Return the address of the run in Airflow's UI; empty where the UI's address is unknown."""
    if not airflow_url:
        return ""
    run = airflow_context["dag_run"]
    return f"{airflow_url}/dags/{run.dag_id}/runs/{run.run_id}"


def states_of(airflow_context: Any) -> dict[str, str]:
    """Return the state of every task of this run by task id."""
    run = airflow_context["dag_run"]
    states = airflow_context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
    return dict(states.get(run.run_id, {}))
