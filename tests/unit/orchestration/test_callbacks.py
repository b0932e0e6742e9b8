from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, TriggerRule
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout

from drivers.runs import DagRun, Run, training_run
from drivers.telling import incidents
from evergreen import dag_ids
from evergreen.errors import StorageError
from evergreen.orchestration.callbacks import (
    alert_failure,
    alert_no_data,
    tell_skip,
    tell_success,
)
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.workflows.model_context import ModelContext


def a_run(context: ModelContext, kind: str = "ingest") -> Run:
    return Run(DagRun(f"{kind}__{context.spec.name}", "scheduled__1", run_type="scheduled"))


def told(context: ModelContext) -> list[tuple[str, str]]:
    entries = context.ledger.alerts.history(context.spec.name)
    return [(entry.alert.kind, entry.alert.text) for entry in entries]


def test_a_failed_task_is_told_with_its_error(context: ModelContext) -> None:
    alert_failure(a_run(context).context("take_snapshot", ValueError("no space left")))

    ((kind, text),) = told(context)
    assert kind == "failed"
    assert "no space left" in text


def test_a_task_that_was_killed_is_told_too(context: ModelContext) -> None:
    alert_failure(a_run(context).context("take_snapshot"))

    assert [kind for kind, _ in told(context)] == ["failed"]


def test_however_many_tasks_of_a_run_fail_it_is_told_once(context: ModelContext) -> None:
    run = a_run(context)

    for task_id in ("take_snapshot", "check_quality"):
        alert_failure(run.context(task_id, ValueError("no")))

    assert len(told(context)) == 1


@pytest.mark.parametrize(
    ("exception", "try_number", "n_told"),
    [
        pytest.param(ValueError("no"), 1, 0, id="a try is left"),
        pytest.param(ValueError("no"), 2, 0, id="the last try is left"),
        pytest.param(ValueError("no"), 3, 1, id="all tries are used"),
        pytest.param(AirflowFailException("no"), 1, 1, id="no retry helps"),
    ],
)
def test_a_task_is_told_only_when_it_is_not_tried_again(
    context: ModelContext, exception: Exception, try_number: int, n_told: int
) -> None:
    airflow_context = a_run(context).context("take_snapshot", exception)
    airflow_context["ti"].try_number, airflow_context["ti"].max_tries = try_number, 2

    alert_failure(airflow_context)

    assert len(told(context)) == n_told


def test_a_refused_request_wakes_nobody(context: ModelContext) -> None:
    alert_failure(a_run(context).context("check_request", RequestRefused("unknown key")))

    assert told(context) == []


@pytest.mark.parametrize(
    ("kind", "task_id", "found", "says"),
    [
        pytest.param("ingest", "wait_for_batch", {"batch": "2024-02-05"}, "No data", id="data"),
        pytest.param("labels", "wait_for_labels", {"batch": None}, "No labels", id="labels"),
        pytest.param("ingest", "wait_for_batch", None, "(the first)", id="first of all"),
    ],
)
def test_a_wait_that_ran_out_is_told_as_no_data(
    context: ModelContext, kind: str, task_id: str, found: Any, says: str
) -> None:
    run = a_run(context, kind)
    run.returned["find_next_batch"] = found

    alert_no_data(run.context(task_id, AirflowSensorTimeout("60 s")))

    ((told_kind, text),) = told(context)
    assert told_kind == "no_data"
    assert says in text


def test_a_wait_that_broke_is_told_as_a_failure(context: ModelContext) -> None:
    alert_no_data(a_run(context).context("wait_for_batch", StorageError("Permission denied")))

    assert [kind for kind, _ in told(context)] == ["failed"]


def test_a_callback_never_fails(
    context: ModelContext, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    airflow_context = a_run(context).context("take_snapshot", ValueError("no"))
    (context.loaded.folder / "model.yaml").write_text("name: [")

    alert_failure(airflow_context)

    assert "could not be told" in caplog.text


def test_the_dags_of_the_whole_suite_have_no_model(caplog: pytest.LogCaptureFixture) -> None:
    alert_failure(Run(DagRun("watchdog")).context("check_decisions", ValueError("no")))

    assert "watchdog failed" in caplog.text


@pytest.mark.parametrize(
    ("dag_id", "model"),
    [
        ("continual_training__flights", "flights"),
        ("score__a__b", "a__b"),
        ("watchdog", None),
    ],
)
def test_a_dag_id_names_its_model(dag_id: str, model: str | None) -> None:
    assert dag_ids.model_of(dag_id) == model


def test_a_dag_works_again_when_the_last_task_of_a_later_run_goes_through(
    context: ModelContext, name: str
) -> None:
    sick, later = training_run(name, "2024-02-05"), training_run(name, "2024-02-12")
    alert_failure(sick.context("measure_drift", ValueError("no")))
    dag_id = f"continual_training__{name}"

    later.states = {"check_request": "success"}
    tell_success(later.context("check_request"))
    half_way = incidents(context)
    tell_success(later.context("record_decision"))
    tell_success(later.context("record_decision"))

    assert half_way == [("failed", dag_id, "")]
    assert incidents(context) == [("failed", dag_id, "recovered")]
    assert len(told(context)) == 2


def test_a_last_task_that_follows_a_failure_says_nothing(context: ModelContext, name: str) -> None:
    run = training_run(name, "2024-02-05")
    alert_failure(run.context("train_challenger", ValueError("no")))

    run.states = {"train_challenger": "failed", "promote": "upstream_failed"}
    tell_success(run.context("record_decision"))

    assert len(told(context)) == 1


def test_a_report_that_is_drawn_again_ends_only_what_was_told_of_it(
    context: ModelContext, name: str
) -> None:
    run = training_run(name, "2024-02-05")
    for task_id in ("write_drift_report", "measure_drift"):
        alert_failure(run.context(task_id, ValueError("no")))

    tell_success(run.context("write_drift_report"))

    dag_id = f"continual_training__{name}"
    ended = {subject: resolution for _, subject, resolution in incidents(context)}
    assert ended == {f"{dag_id}.write_drift_report": "recovered", dag_id: ""}


def test_the_success_of_a_dag_of_all_models_is_nobodys_incident() -> None:
    tell_success(Run(DagRun("watchdog")).context("deliver_alerts"))


@pytest.mark.parametrize(
    ("rule", "resolution"),
    [
        pytest.param(TriggerRule.ALL_SUCCESS, "recovered", id="what follows is skipped too"),
        pytest.param(TriggerRule.ALL_DONE, "", id="something still runs"),
    ],
)
def test_a_run_that_has_nothing_to_do_works_as_well(
    context: ModelContext, rule: TriggerRule, resolution: str
) -> None:
    run = a_run(context, "watch_champion")
    with DAG(run.dag_run.dag_id, schedule=None):
        first = BaseOperator(task_id="compare_with_former")
        first >> BaseOperator(task_id="roll_back_if_worse", trigger_rule=rule)
    alert_failure(run.context("compare_with_former", ValueError("no")))

    tell_skip({**run.context("compare_with_former"), "task": first})

    assert incidents(context) == [("failed", run.dag_run.dag_id, resolution)]
