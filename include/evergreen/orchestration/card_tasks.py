"""The task that writes model cards: it comes last and holds up nothing."""

import logging

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen import dag_ids
from evergreen.orchestration.dag_runs import result_of
from evergreen.records import Json
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)


@task
def write_model_card(model: str) -> Json:
    """Write the card of the version that this run made; where that fails, the run stays green.

    To write it again, clear this task.
    """
    run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
    if run.request.dry_run:
        raise AirflowSkipException("dry run: no version was kept, so there is no card")
    try:
        with open_model_context(model, run.spec_hash) as context:
            from evergreen.workflows.train.model_card import write_card

            path = write_card(context, context.ledger.decisions.get(run.decision_id))
    except Exception as err:
        log.warning("no model card of %s %s: %s", model, run.batch, err, exc_info=True)
        raise AirflowSkipException(f"no model card, clear this task to try again: {err}") from err
    if path is None:
        raise AirflowSkipException("the decision kept no version, so there is no card")
    log.info("model card of %s %s: %s", model, run.batch, path)
    return {"path": path}
