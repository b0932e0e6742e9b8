"""Tasks of ``continual_training`` that measure, decide, and record what came of it."""

import logging

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from evergreen import dag_ids
from evergreen.measurements import DecayMeasurement
from evergreen.orchestration.dag_runs import (
    R,
    read_result,
    result_of,
    run_info,
    states_of,
    stay_of,
    this_run,
)
from evergreen.orchestration.retry_rules import RequestRefused, no_retry_helps
from evergreen.records import Json
from evergreen.workflows.decision_run import DecisionRun, Evaluated, MeasuredDrift, Trained
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)


@task
def check_request(model: str) -> Json:
    """Refuse a conf that is wrong, and a batch that is decided already, before anything is done."""
    from evergreen.workflows.decide.begin import begin_decision

    with no_retry_helps(), open_model_context(model) as context:
        run = begin_decision(context, this_run())
    log.info(
        "deciding about batch %s of %s, spec %s: %s",
        run.batch,
        model,
        run.spec_hash[:12],
        run.request.to_json(),
    )
    return run.to_json()


@task
def measure_drift(model: str) -> Json:
    """Measure the drift of every feature against the champion's reference profile."""
    from evergreen.workflows.decide.measure import measure_batch_drift

    run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        measured = measure_batch_drift(context, run)
    log.info("drift of %s %s: %s", model, run.batch, measured.sentence)
    return measured.to_json()


@task
def measure_decay(model: str) -> Json:
    """Measure how much worse the champion does on matured labels than when it was promoted."""
    from evergreen.workflows.decide.measure import measure_champion_decay

    run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        measurement = measure_champion_decay(context, run)
    log.info("decay of %s %s: %s", model, run.batch, measurement.sentence)
    return measurement.to_json()


@task.branch
def decide(model: str) -> list[str]:
    """Put drift and decay before the policy; go on to stand down or to train."""
    from evergreen.workflows.alerts.decision_alerts import alert_opening
    from evergreen.workflows.decide.decide import decide_batch, wants_report

    run, info = result_of(dag_ids.CHECK_REQUEST, DecisionRun), this_run()
    drift = result_of(dag_ids.MEASURE_DRIFT, MeasuredDrift)
    decay = result_of(dag_ids.MEASURE_DECAY, DecayMeasurement)
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        decision, signals = decide_batch(context, run, drift, decay, run_id=info.run_id)
        if not run.request.dry_run:
            alert_opening(context, info, decision, signals)
        report = [dag_ids.WRITE_DRIFT_REPORT] if wants_report(context, signals) else []
    log.info("decision on %s %s: %s (%s)", model, run.batch, decision.verdict, decision.sentence)
    is_over = decision.verdict == "stand_down"
    return [dag_ids.STAND_DOWN if is_over else dag_ids.TRAIN_CHALLENGER, *report]


@task(retries=1)
def write_drift_report(model: str) -> Json:
    """Draw Evidently's report over the same numbers that decided."""
    from evergreen.workflows.decide.decide import draw_drift_report

    run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        uri = draw_drift_report(context, run)
    log.info("drift report of %s %s: %s", model, run.batch, uri)
    return {"uri": uri}


@task(trigger_rule=TriggerRule.ALL_DONE)
def record_decision(model: str) -> Json:
    """Close the decision in the ledger with one message, whichever way the run went."""
    from evergreen.workflows.decide.close_decision import record_outcome

    airflow_context = get_current_context()
    states = states_of(airflow_context)
    begun = airflow_context["ti"].xcom_pull(task_ids=dag_ids.CHECK_REQUEST)
    if begun is None:
        if states.get(dag_ids.CHECK_REQUEST) == "skipped":
            raise AirflowSkipException("nothing to record: the batch was decided before")
        raise RequestRefused("nothing to record: the request was not taken up, see check_request")
    run = read_result(dag_ids.CHECK_REQUEST, DecisionRun, begun)
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        closed = record_outcome(
            context,
            run,
            run_info(airflow_context),
            states,
            trained=_of_this_round(dag_ids.TRAIN_CHALLENGER, Trained, states),
            evaluated=_of_this_round(dag_ids.EVALUATE_CHALLENGER, Evaluated, states),
            stay=stay_of(airflow_context, states),
        )
    log.info("%s %s: %s", model, run.batch, closed.sentence)
    if closed.outcome == "failed":
        raise AirflowFailException(f"{closed.sentence}; clear the failed task with its downstream")
    return closed.to_json()


def _of_this_round(task_id: str, kind: type[R], states: dict[str, str]) -> R | None:
    """Return what a task returned in this round; a skipped one may hold a result of the last."""
    return result_of(task_id, kind) if states.get(task_id) == "success" else None
