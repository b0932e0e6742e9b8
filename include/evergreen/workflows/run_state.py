"""What a step needs to know of the run that it belongs to, and of the batches there are."""

from typing import Any

from pydantic import Field

from evergreen.errors import DataError, RequestError
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.ledger import Ledger
from evergreen.records import Record
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_config import batch_of, check_keys


class RunInfo(Record):
    """One run of a DAG, as the steps see it.

    Attributes:
        dag_id: Of the DAG.
        run_id: Of the run.
        task_id: The task that asks; empty outside a task.
        n_tries: Which try of the task it is, from 1.
        n_cleared: How often the run was cleared.
        partition_key: The batch that an asset announced; None for a run by hand.
        conf: What a person handed in, unchecked.
        requested_by: User name of who started it; empty for nobody.
    """

    dag_id: str
    run_id: str
    task_id: str = ""
    n_tries: int = Field(1, ge=0)
    n_cleared: int = 0
    partition_key: str | None = None
    conf: Any = None
    requested_by: str = ""

    def url(self, airflow_url: str) -> str:
        """Return the address of the run in Airflow's UI; empty where the UI's is unknown."""
        return f"{airflow_url}/dags/{self.dag_id}/runs/{self.run_id}" if airflow_url else ""

    def decision_id(self, model: str, batch: str) -> str:
        """Return the id of the decision that this run makes, the same however often it reruns."""
        return decision_id(model, batch, self.run_id)


def accepted_batches(ledger: Ledger, model: str) -> tuple[str, ...]:
    """Return the ids of the accepted batches of a model, oldest first."""
    found = ledger.batches.deliveries(model, "data", status="accepted")
    return tuple(delivery.batch for delivery in found)


def newer_batch(ledger: Ledger, model: str, batch: str) -> str | None:
    """Return the newest accepted batch where it is newer than this one, else None."""
    known = accepted_batches(ledger, model)
    return known[-1] if known and known[-1] > batch else None


def batch_of_run(run: RunInfo, context: ModelContext, *, asked: str | None = None) -> str:
    """Return the batch of a run: asked for by conf, else announced by the asset, else the newest.

    Raises:
        RequestError: There is no accepted batch, or the conf names one that is not accepted.
        DataError: The batch that was announced is not accepted any more.
    """
    model = context.spec.name
    known = accepted_batches(context.ledger, model)
    if asked is None and run.conf and "batch" in run.conf:
        asked = batch_of(check_keys(run.conf, allowed=tuple(run.conf)), known=known)
    if asked:
        return asked
    if run.partition_key:
        return _still_accepted(context.ledger, model, run.partition_key, known)
    if not known:
        raise RequestError(
            f"no batch of {model} has been accepted yet; land one and let ingest run"
        )
    return known[-1]


def _still_accepted(ledger: Ledger, model: str, batch: str, known: tuple[str, ...]) -> str:
    if batch not in known:
        delivery = ledger.batches.delivery(model, "data", batch)
        state = "not known" if delivery is None else delivery.status
        raise DataError(
            f"batch {batch} of {model} was announced, but is {state} now; when it is"
            " accepted again, clear this task"
        )
    return batch
