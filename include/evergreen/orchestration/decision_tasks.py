"""Tasks of ``continual_training`` that measure, decide, and record what came of it."""

import logging
from typing import Any

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from evergreen.orchestration.dag_runs import batch_of_run, decision_of_run, result_of, states_of
from evergreen.orchestration.retry_rules import RequestRefused, no_retry_helps
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)

Payload = dict[str, Any]


@task
def check_request(model: str) -> Payload:
    """Refuse a conf that is wrong, and a batch that is decided already, before anything is done."""
    from evergreen.orchestration.dag_runs import accepted_batches
    from evergreen.workflows.run_config import check_request as check

    airflow_context = get_current_context()
    run = airflow_context["dag_run"]
    with no_retry_helps(), open_model_context(model) as context:
        request = check(
            run.conf,
            known_batches=accepted_batches(context),
            requested_by=run.triggering_user_name or "",
        )
        batch = batch_of_run(airflow_context, context, asked=request.batch)
        identity = decision_of_run(airflow_context, model, batch)
        others = [d for d in context.ledger.decisions.of_batch(model, batch) if d.id != identity]
    is_asked_for = request.force_retrain or request.dry_run or request.batch is not None
    if others and not is_asked_for:
        raise AirflowSkipException(
            f"batch already decided: {batch} in run {others[-1].run_id} ({others[-1].verdict});"
            " name the batch in the conf to decide again"
        )
    log.info("deciding about batch %s of %s: %s", batch, model, request.to_json())
    return {"batch": batch, "decision": identity, "request": request.to_json()}


@task
def measure_drift(model: str) -> Payload:
    """Measure the drift of every feature against the champion's reference profile."""
    from evergreen.workflows.decide.measure import measure_batch_drift

    asked = result_of("check_request")
    with no_retry_helps(), open_model_context(model) as context:
        measured = measure_batch_drift(context, asked)
    log.info("drift of %s %s: %s", model, asked["batch"], measured["sentence"])
    return measured


@task
def measure_decay(model: str) -> Payload:
    """Measure how much worse the champion does on matured labels than when it was promoted."""
    from evergreen.workflows.decide.measure import measure_champion_decay

    asked = result_of("check_request")
    with no_retry_helps(), open_model_context(model) as context:
        measurement = measure_champion_decay(context, asked)
    log.info("decay of %s %s: %s", model, asked["batch"], measurement.sentence)
    return measurement.to_json()


@task.branch
def decide(model: str) -> list[str]:
    """Put drift and decay before the policy; go on to stand down or to train."""
    from evergreen.workflows.alerts.decision_alerts import alert_opening
    from evergreen.workflows.decide.decide import decide_batch, wants_report

    airflow_context = get_current_context()
    asked, drift = result_of("check_request"), result_of("measure_drift")
    decay = result_of("measure_decay")
    with no_retry_helps(), open_model_context(model) as context:
        decision, signals = decide_batch(
            context, asked, drift, decay, airflow_context["dag_run"].run_id
        )
        if not signals.request.dry_run:
            alert_opening(context, airflow_context, decision, signals)
        report = ["write_drift_report"] if wants_report(context, signals) else []
    log.info(
        "decision on %s %s: %s (%s)", model, asked["batch"], decision.verdict, decision.sentence
    )
    path = "stand_down" if decision.verdict == "stand_down" else "train_challenger"
    return [path, *report]


@task(retries=1)
def write_drift_report(model: str) -> Payload:
    """Draw Evidently's report over the same numbers that decided."""
    from evergreen.workflows.decide.decide import draw_drift_report

    asked, drift = result_of("check_request"), result_of("measure_drift")
    with no_retry_helps(), open_model_context(model) as context:
        uri = draw_drift_report(context, asked, drift)
    log.info("drift report of %s %s: %s", model, asked["batch"], uri)
    return {"uri": uri}


@task(trigger_rule=TriggerRule.ALL_DONE)
def record_decision(model: str) -> Payload:
    """Close the decision in the ledger with one message, whichever way the run went."""
    from evergreen.workflows.decide.close_decision import record_outcome

    airflow_context = get_current_context()
    asked = airflow_context["ti"].xcom_pull(task_ids="check_request")
    states = states_of(airflow_context)
    if asked is None:
        if states.get("check_request") == "skipped":
            raise AirflowSkipException("nothing to record: the batch was decided before")
        raise RequestRefused("nothing to record: the request was not taken up, see check_request")
    with no_retry_helps(), open_model_context(model) as context:
        outcome = record_outcome(context, airflow_context, asked, states)
    log.info("%s %s: %s", model, asked["batch"], outcome["sentence"])
    if outcome["outcome"] == "failed":
        raise AirflowFailException(
            f"{outcome['sentence']}; clear the failed task with its downstream"
        )
    return outcome
