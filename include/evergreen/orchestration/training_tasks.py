"""Tasks that train, evaluate and promote."""

import logging
from functools import partial
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen.failpoints import failpoint
from evergreen.orchestration.dag_runs import result_of, scratch_folder
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)

Payload = dict[str, Any]


@task
def train_challenger(model: str) -> Payload:
    """Fit a challenger in a process of its own and register it, once per batch and spec."""
    from evergreen.workflows.decide.decide import decision_of
    from evergreen.workflows.promote.promotion_lock import begin_retrain
    from evergreen.workflows.train.train import train

    airflow_context, asked = get_current_context(), result_of("check_request")
    with no_retry_helps(), open_model_context(model) as context:
        begin_retrain(context, asked)
        decision = decision_of(context, asked)
        trained = train(
            context,
            asked,
            scratch=scratch_folder(airflow_context, model, asked["batch"]),
            fraction=decision.fraction,
            reinstate=decision.version,
        )
    failpoint("after_challenger_alias")
    log.info(
        "challenger of %s %s: v%s, %d rows, device %s (%s)",
        model,
        asked["batch"],
        trained["version"],
        trained["trained"]["n_rows"],
        trained["trained"]["device"],
        trained["trained"]["device_reason"],
    )
    return trained


@task
def evaluate_challenger(model: str) -> Payload:
    """Score champion and challenger anew on the same newest labelled rows and apply the rule."""
    from evergreen.workflows.train.train import evaluate

    asked, trained = result_of("check_request"), result_of("train_challenger")
    with no_retry_helps(), open_model_context(model) as context:
        evaluation, verdict = evaluate(context, asked, trained)
    failpoint("after_evaluation")
    log.info("evaluation of %s %s: %s", model, asked["batch"], verdict.sentence)
    return {"evaluation": evaluation.to_json(), "verdict": verdict.to_json()}


@task
def promote(model: str) -> Payload:
    """Make the challenger champion, exactly once; skipped when it did not win, or may not now."""
    from evergreen.workflows.promote.promote import promote_challenger
    from evergreen.workflows.promote.promotion_blocks import stay_here, why_not_now
    from evergreen.workflows.promote.promotion_lock import claim_lane, last_look

    airflow_context = get_current_context()
    asked, trained = result_of("check_request"), result_of("train_challenger")
    evaluated = result_of("evaluate_challenger")
    if evaluated["verdict"]["verdict"] != "promote":
        raise AirflowSkipException(f"kept the champion: {evaluated['verdict']['sentence']}")
    if asked["request"]["dry_run"]:
        raise AirflowSkipException(f"dry run, nothing moved: {evaluated['verdict']['sentence']}")
    with no_retry_helps(), open_model_context(model) as context:
        token = claim_lane(context, asked)
        stay = why_not_now(context, asked, trained, evaluated)
        if stay is not None:
            stay_here(airflow_context, stay)
        look = partial(last_look, context, asked, airflow_context)
        promotion = promote_challenger(
            context, asked, trained, evaluated, token=token, last_look=look
        )
    log.info("%s: v%s is champion (epoch %d)", model, promotion.version, promotion.epoch)
    return promotion.to_json()
