"""Tasks of ``rollback`` and ``watch_champion``: back by hand, and back by itself."""

import logging

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen import dag_ids
from evergreen.orchestration.dag_runs import result_of, this_run
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.records import Json
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)


@task
def roll_back(model: str) -> Json:
    """Move the champion back through the same protocol as any promotion."""
    from evergreen.workflows.promote.rollback import roll_back_champion, tell_rollback

    run = this_run()
    with no_retry_helps(), open_model_context(model) as context:
        promotion = roll_back_champion(context, run)
        tell_rollback(context, promotion, run)
    log.info("%s: rolled back to v%s (epoch %d)", model, promotion.version, promotion.epoch)
    return promotion.to_json()


@task
def compare_with_former(model: str) -> Json:
    """Score champion and former champion on a labelled batch; skipped where nothing is watched."""
    from evergreen.workflows.promote.champion_watch import (
        labelled_batch,
        watch_batch,
        why_not_watched,
    )

    run = this_run()
    with no_retry_helps(), open_model_context(model) as context:
        labels = labelled_batch(context, run.partition_key)
        promotion = context.ledger.promotions.latest(model)
        why_not = why_not_watched(context, promotion, labels)
        if why_not or promotion is None:
            raise AirflowSkipException(why_not)
        watch = watch_batch(context, promotion, labels)
    log.info("watch of %s %s: %s, %s", model, watch.batch, watch.verdict, watch.sentence)
    return watch.to_json()


@task
def roll_back_if_worse(model: str) -> Json:
    """Go back to the former champion, once, where the watch found the new one worse."""
    from evergreen.ledger.records import Watch
    from evergreen.workflows.promote.rollback import tell_rollback, undo

    watch = result_of(dag_ids.COMPARE_WITH_FORMER, Watch)
    if watch.verdict != "worse":
        raise AirflowSkipException(f"the champion stays: {watch.sentence}")
    run = this_run()
    with no_retry_helps(), open_model_context(model) as context:
        done = undo(context, watch, run)
        if isinstance(done, str):
            raise AirflowSkipException(done)
        tell_rollback(context, done, run)
    log.info("%s: rolled back to v%s (epoch %d)", model, done.version, done.epoch)
    return done.to_json()
