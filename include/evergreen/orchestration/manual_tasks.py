"""Tasks by which people hold, release and force promotions."""

import logging
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)

Payload = dict[str, Any]


@task
def change_hold(model: str) -> str:
    """Hold or release promotions of a model, with the reason and the name of who asked."""
    from evergreen.workflows.alerts.close_stale_incidents import end_what_is_over
    from evergreen.workflows.promote.holds import change_hold as change

    run = get_current_context()["dag_run"]
    with no_retry_helps(), open_model_context(model) as context:
        sentence = change(context, run.conf, requested_by=run.triggering_user_name or "")
        end_what_is_over(context)
    log.info("%s: %s", model, sentence)
    return sentence


@task
def find_held(model: str, sentence: str) -> Payload:
    """Return the conf by which what was held is decided anew; skipped where nothing is owed."""
    from evergreen.workflows.promote.holds import anew

    with no_retry_helps(), open_model_context(model) as context:
        conf = anew(context, sentence)
    if conf is None:
        raise AirflowSkipException(f"nothing of {model} is to be decided anew now")
    return conf


@task
def force_promote(model: str) -> Payload:
    """Make the version that the conf names champion, exactly once, with one message."""
    from evergreen.workflows.alerts.manual_action_alerts import tell_forced
    from evergreen.workflows.promote.force_promotion import force_by_conf

    airflow_context = get_current_context()
    run = airflow_context["dag_run"]
    with no_retry_helps(), open_model_context(model) as context:
        promotion = force_by_conf(
            context, run.conf, run_id=run.run_id, requested_by=run.triggering_user_name or ""
        )
        tell_forced(context, promotion, airflow_context)
    log.info("%s: v%s is champion by force (epoch %d)", model, promotion.version, promotion.epoch)
    return promotion.to_json()
