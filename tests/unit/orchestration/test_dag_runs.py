from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import set_current_context

from drivers.history import REJECTED, accept, take
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.errors import DataError, RequestError
from evergreen.orchestration.dag_runs import result_of, run_info, states_of
from evergreen.records import Window
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_state import RunInfo, accepted_batches, batch_of_run, newer_batch

FIRST, SECOND = "2024-01-01", "2024-01-08"
WEEK = Window.ending(datetime(2024, 1, 8, tzinfo=UTC), days=7)


def info_of(**fields: Any) -> RunInfo:
    return run_info(Run(DagRun("score__tiny", **fields)).context("score_batch"))


@pytest.fixture
def two_batches(context: ModelContext, upstream: Upstream) -> None:
    accept(context, upstream, 0)
    accept(context, upstream, 1)
    take(context, upstream.deliver(2), result=REJECTED)


@pytest.mark.usefixtures("two_batches")
@pytest.mark.parametrize(
    ("fields", "batch"),
    [
        pytest.param({"partition_key": FIRST}, FIRST, id="announced"),
        pytest.param({}, SECOND, id="by hand: the newest"),
        pytest.param({"conf": {"batch": FIRST}}, FIRST, id="by hand: named"),
        pytest.param({"conf": {"batch": None}}, SECOND, id="by hand: form left empty"),
        pytest.param({"partition_key": SECOND, "conf": {"batch": FIRST}}, FIRST, id="both"),
    ],
)
def test_the_batch_of_a_run(context: ModelContext, fields: Any, batch: str) -> None:
    assert batch_of_run(info_of(**fields), context) == batch


@pytest.mark.usefixtures("two_batches")
@pytest.mark.parametrize("batch", ["2024-01-15", "2024-02-30", "2030-01-01"])
def test_a_batch_that_was_not_accepted_cannot_be_run_about(
    context: ModelContext, batch: str
) -> None:
    with pytest.raises(RequestError):
        batch_of_run(info_of(conf={"batch": batch}), context)


@pytest.mark.usefixtures("two_batches")
@pytest.mark.parametrize(("batch", "state"), [("2024-01-15", "rejected"), ("x/../y", "not known")])
def test_a_batch_that_was_announced_and_is_not_accepted_is_a_data_error(
    context: ModelContext, batch: str, state: str
) -> None:
    with pytest.raises(DataError, match=f"is {state} now"):
        batch_of_run(info_of(partition_key=batch), context)


def test_without_any_batch_a_run_by_hand_is_refused(context: ModelContext) -> None:
    with pytest.raises(RequestError, match=r"no batch .* has been accepted yet"):
        batch_of_run(info_of(), context)


@pytest.mark.usefixtures("two_batches")
def test_only_accepted_batches_count_as_newer(context: ModelContext) -> None:
    assert accepted_batches(context.ledger, context.spec.name) == (FIRST, SECOND)
    assert newer_batch(context.ledger, context.spec.name, FIRST) == SECOND
    assert newer_batch(context.ledger, context.spec.name, SECOND) is None


def test_without_batches_none_is_newer(context: ModelContext) -> None:
    assert newer_batch(context.ledger, context.spec.name, FIRST) is None


def test_a_decision_has_one_id_however_often_its_tasks_run() -> None:
    first = info_of(run_id="a").decision_id("tiny", FIRST)
    again = info_of(run_id="a", clear_number=3).decision_id("tiny", FIRST)
    other = info_of(run_id="b").decision_id("tiny", FIRST)

    assert first == again != other


def test_a_run_has_an_address_where_that_of_airflow_is_known() -> None:
    run = info_of(run_id="manual__1")

    assert run.url("http://a") == "http://a/dags/score__tiny/runs/manual__1"
    assert run.url("") == ""


def test_the_states_of_a_run_come_by_task() -> None:
    run = Run(DagRun("score__tiny"), states={"score_batch": "failed"})

    assert states_of(run.context("x")) == {"score_batch": "failed"}


def test_a_result_that_an_earlier_task_left_is_found_by_name() -> None:
    run = Run(DagRun("continual_training__tiny"), returned={"a_task": WEEK.to_json()})

    with set_current_context(run.context("promote")):
        assert result_of("a_task", Window) == WEEK


def test_a_missing_result_says_which_task_to_clear(context: ModelContext) -> None:
    run = Run(DagRun(f"continual_training__{context.spec.name}"))

    with (
        set_current_context(run.context("promote")),
        pytest.raises(AirflowFailException, match="train_challenger left no result"),
    ):
        result_of("train_challenger", Window)


@pytest.mark.parametrize(
    "left",
    [
        pytest.param({"batch": FIRST, "decision": "1234", "request": {}}, id="of before"),
        pytest.param("a text", id="no object"),
        pytest.param({}, id="empty"),
    ],
)
def test_a_result_of_another_version_says_which_task_to_clear(left: object) -> None:
    run = Run(DagRun("continual_training__tiny"), returned={"check_request": left})

    with (
        set_current_context(run.context("decide")),
        pytest.raises(AirflowFailException, match=r"another version .* clear check_request with"),
    ):
        result_of("check_request", DecisionRun)
