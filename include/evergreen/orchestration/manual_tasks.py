"""Tasks by which people hold, release and force promotions."""

import logging

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen.orchestration.dag_runs import this_run
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.records import Json
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)


@task
def change_hold(model: str) -> str:
    """Hold or release promotions of a model, with the reason and the name of who asked."""
    from evergreen.workflows.alerts.close_stale_incidents import end_what_is_over
    from evergreen.workflows.promote.holds import change_hold as change

    run = this_run()
    with no_retry_helps(), open_model_context(model) as context:
        sentence = change(context, run.conf, requested_by=run.requested_by)
        end_what_is_over(context)
    log.info("%s: %s", model, sentence)
    return sentence


@task
def find_held(model: str, sentence: str) -> Json:
    """Return the conf of the run that decides about a held promotion; skipped where none is due."""
    from evergreen.workflows.promote.holds import anew

    with no_retry_helps(), open_model_context(model) as context:
        conf = anew(context, sentence)
    if conf is None:
        raise AirflowSkipException(f"no held promotion of {model} needs a new decision")
    return dict(conf)


@task
def force_promote(model: str) -> Json:
    """Make the version that the conf names champion, exactly once, with one message."""
    from evergreen.workflows.alerts.manual_action_alerts import tell_forced
    from evergreen.workflows.promote.force_promotion import force_by_conf

    run = this_run()
    with no_retry_helps(), open_model_context(model) as context:
        promotion = force_by_conf(
            context, run.conf, run_id=run.run_id, requested_by=run.requested_by
        )
        tell_forced(context, promotion, run)
    log.info("%s: v%s is champion by force (epoch %d)", model, promotion.version, promotion.epoch)
    return promotion.to_json()
