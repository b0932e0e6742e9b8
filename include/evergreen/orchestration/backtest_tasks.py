"""Tasks of ``backtest``: check what is asked, then replay the policies on the model's history."""

import logging
from datetime import timedelta

from airflow.sdk import task

from evergreen import dag_ids
from evergreen.orchestration.dag_runs import result_of, this_run
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.records import Json
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)


REPLAY_TIMEOUT = timedelta(hours=2)


@task
def check_request(model: str) -> Json:
    """Refuse unknown keys and wrong values, and a replay of a model that has none."""
    from evergreen.workflows.backtest.run_backtest import check_backtest

    with no_retry_helps():
        asked = check_backtest(model, this_run().conf)
    log.info("back-test of %s: %s", model, asked)
    return asked.to_json()


@task(execution_timeout=REPLAY_TIMEOUT)
def replay_policies(model: str) -> Json:
    """Replay the policies on the model's history; keep a page and the numbers in the store."""
    from evergreen.workflows.backtest.run_backtest import BacktestRequest, back_test

    asked = result_of(dag_ids.CHECK_REQUEST, BacktestRequest)
    with no_retry_helps(), open_model_context(model) as context:
        told = back_test(context, asked, run_id=this_run().run_id)
    log.info("back-test of %s: %s %s", model, told["verdict"], told["html"])
    return told
