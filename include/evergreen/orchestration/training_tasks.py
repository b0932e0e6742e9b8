"""Tasks that train, evaluate and promote."""

import logging

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen import dag_ids
from evergreen.failpoints import failpoint
from evergreen.orchestration.dag_runs import result_of, states_of, stay_here, this_run
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.records import Json
from evergreen.workflows.decision_run import DecisionRun, Evaluated, Trained
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)


@task
def train_challenger(model: str) -> Json:
    """Fit a challenger in a process of its own and register it, once per batch and spec."""
    from evergreen.workflows.decide.decide import decision_of
    from evergreen.workflows.promote.promotion_lock import begin_retrain
    from evergreen.workflows.train.train import train

    run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        begin_retrain(context, run)
        decision = decision_of(context, run)
        trained = train(context, run, fraction=decision.fraction, reinstate=decision.version)
    failpoint("after_challenger_alias")
    log.info(
        "challenger of %s %s: v%s, %d rows, device %s (%s)",
        model,
        run.batch,
        trained.version,
        trained.model.n_rows,
        trained.model.device,
        trained.model.device_reason,
    )
    return trained.to_json()


@task
def evaluate_challenger(model: str) -> Json:
    """Score champion and challenger anew on the same newest labelled rows and apply the rule."""
    from evergreen.workflows.train.evaluate import evaluate

    run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
    trained = result_of(dag_ids.TRAIN_CHALLENGER, Trained)
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        evaluated = evaluate(context, run, trained)
    failpoint("after_evaluation")
    log.info("evaluation of %s %s: %s", model, run.batch, evaluated.verdict.sentence)
    return evaluated.to_json()


@task
def promote(model: str) -> Json:
    """Make the challenger champion, exactly once; skipped when it did not win, or may not now."""
    from evergreen.workflows.promote.promote import promote_challenger
    from evergreen.workflows.promote.promotion_blocks import why_not_now
    from evergreen.workflows.promote.promotion_lock import claim_lane, last_look

    airflow_context, info = get_current_context(), this_run()
    run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
    trained = result_of(dag_ids.TRAIN_CHALLENGER, Trained)
    evaluated = result_of(dag_ids.EVALUATE_CHALLENGER, Evaluated)
    sentence = evaluated.verdict.sentence
    if not evaluated.has_won:
        raise AirflowSkipException(f"kept the champion: {sentence}")
    if run.request.dry_run:
        raise AirflowSkipException(f"dry run, nothing moved: {sentence}")
    with no_retry_helps(), open_model_context(model, run.spec_hash) as context:
        token = claim_lane(context, run)
        stay = why_not_now(context, run, trained, evaluated)
        if stay is not None:
            stay_here(stay)
        promotion = promote_challenger(
            context,
            run,
            trained,
            evaluated,
            token=token,
            last_look=lambda: last_look(
                context, run, info, lambda: states_of(airflow_context).get(info.task_id)
            ),
        )
    log.info("%s: v%s is champion (epoch %d)", model, promotion.version, promotion.epoch)
    return promotion.to_json()
