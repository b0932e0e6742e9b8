"""The task of the DAG ``score``."""

import logging
from typing import Any

from airflow.sdk import task

from evergreen.orchestration import assets
from evergreen.orchestration.dag_runs import this_run
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.records import Json
from evergreen.workflows.model_context import open_model_context
from evergreen.workflows.run_state import batch_of_run

log = logging.getLogger(__name__)


@task
def score_batch(model: str, *, outlet_events: Any = None) -> Json:
    """Let the champion score the batch; announce the batch also when there is no champion yet."""
    from evergreen.workflows.decide.score import score_and_log

    with no_retry_helps(), open_model_context(model) as context:
        batch = batch_of_run(this_run(), context)
        scored = score_and_log(context, batch)
    outlet_events[assets.predictions(model)].add_partitions(batch)
    if scored is None:
        log.info("batch %s of %s: no champion yet, nothing scored", batch, model)
        return {"batch": batch, "version": None, "n_rows": 0}
    log.info("batch %s of %s: %d rows scored by v%s", batch, model, scored.n_rows, scored.version)
    return {"batch": batch, "version": scored.version, "n_rows": scored.n_rows}
