"""Tasks that train, evaluate, promote and roll back."""

import logging
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen.failpoints import failpoint
from evergreen.orchestration.failures import no_retry_helps
from evergreen.orchestration.runs import result_of, scratch_folder
from evergreen.orchestration.workbench import open_workbench

log = logging.getLogger(__name__)

Payload = dict[str, Any]


@task
def train_challenger(model: str) -> Payload:
    """Fit a challenger in a process of its own and register it, once per batch and spec."""
    from evergreen.orchestration.deciding import decision_of
    from evergreen.orchestration.fencing import begin_retrain
    from evergreen.orchestration.retraining import train

    context, asked = get_current_context(), result_of("check_request")
    with no_retry_helps(), open_workbench(model) as bench:
        begin_retrain(bench, asked)
        decision = decision_of(bench, asked)
        trained = train(
            bench,
            asked,
            scratch=scratch_folder(context, model, asked["batch"]),
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
    from evergreen.orchestration.retraining import evaluate

    asked, trained = result_of("check_request"), result_of("train_challenger")
    with no_retry_helps(), open_workbench(model) as bench:
        evaluation, verdict = evaluate(bench, asked, trained)
    failpoint("after_evaluation")
    log.info("evaluation of %s %s: %s", model, asked["batch"], verdict.sentence)
    return {"evaluation": evaluation.to_json(), "verdict": verdict.to_json()}


@task
def promote(model: str) -> Payload:
    """Make the challenger champion, exactly once; skipped when it did not beat the champion."""
    from evergreen.orchestration.fencing import check_not_ended, claim_lane
    from evergreen.orchestration.promoting import promote_challenger

    asked, trained = result_of("check_request"), result_of("train_challenger")
    evaluated = result_of("evaluate_challenger")
    if evaluated["verdict"]["verdict"] != "promote":
        raise AirflowSkipException(f"kept the champion: {evaluated['verdict']['sentence']}")
    if asked["request"]["dry_run"]:
        raise AirflowSkipException(f"dry run, nothing moved: {evaluated['verdict']['sentence']}")
    with no_retry_helps(), open_workbench(model) as bench:
        token = claim_lane(bench, asked)
        check_not_ended(get_current_context())
        promotion = promote_challenger(bench, asked, trained, evaluated, token=token)
    log.info("%s: v%s is champion (epoch %d)", model, promotion.version, promotion.epoch)
    return promotion.to_json()


@task
def roll_back(model: str) -> Payload:
    """Move the champion back through the same protocol as any promotion."""
    from evergreen.orchestration.alerting import alert_rolled_back
    from evergreen.orchestration.promoting import roll_back_champion

    context = get_current_context()
    run = context["dag_run"]
    with no_retry_helps(), open_workbench(model) as bench:
        promotion = roll_back_champion(
            bench, run.conf, run_id=run.run_id, requested_by=run.triggering_user_name or ""
        )
        alert_rolled_back(bench, context, promotion)
    log.info("%s: rolled back to v%s (epoch %d)", model, promotion.version, promotion.epoch)
    return promotion.to_json()
