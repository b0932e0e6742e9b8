"""The buttons of our tasks lead to what the task is about; other people's tasks have none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperatorLink, task
from airflow.serialization.definitions.operatorlink import XComOperatorLink
from airflow.serialization.serialized_objects import DagSerialization

from evergreen.orchestration import task_links
from evergreen.orchestration.task_links import (
    DecisionLink,
    DocsLink,
    ReportLink,
    RunbookLink,
    VersionLink,
    link_tasks,
)

ASKED = {"batch": "2013-03-05", "decision_id": "bf992aaf8d27882a", "request": {"dry_run": False}}


@dataclass
class Ended:
    """A task instance at its end, as the worker hands it to a link."""

    results: Mapping[str, Any] = field(default_factory=dict)
    dag_id: str = "continual_training__flights"
    task_id: str = "decide"
    state: str = "success"

    def xcom_pull(self, *, task_ids: str) -> Any:
        return self.results.get(task_ids)


def address(link: BaseOperatorLink, ended: Ended) -> str:
    return link.get_link(ended, ti_key=ended)  # type: ignore[arg-type]  # of both, what is read


@pytest.fixture
def dag() -> DAG:
    with DAG(dag_id="continual_training__flights", schedule=None) as made:
        for name in ("decide", "train_challenger", "record_decision"):
            task(task_id=name)(lambda: None)()
    return made


def test_links_reach_the_ui_by_the_name_of_their_xcom(dag: DAG) -> None:
    link_tasks(dag)

    shown = DagSerialization.from_dict(DagSerialization.to_dict(dag))

    links = {name: shown.get_task(name).operator_extra_links for name in shown.task_ids}
    assert {name: [link.name for link in found] for name, found in links.items()} == {
        "decide": ["Runbook", "Decision"],
        "train_challenger": ["Runbook", "Decision", "MLflow version"],
        "record_decision": ["Runbook", "Decision", "Drift report", "MLflow version"],
    }
    assert all(isinstance(link, XComOperatorLink) for found in links.values() for link in found)


def test_a_task_of_somebody_else_has_no_link_of_ours(dag: DAG) -> None:
    shown = DagSerialization.from_dict(DagSerialization.to_dict(dag))

    assert [shown.get_task(name).extra_links for name in shown.task_ids] == [[], [], []]


def test_links_that_an_operator_brings_along_stay() -> None:
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

    with DAG(dag_id="hold__flights", schedule=None) as dag:
        TriggerDagRunOperator(task_id="decide_anew", trigger_dag_id="x")

    link_tasks(dag)

    names = [link.name for link in dag.get_task("decide_anew").operator_extra_links]
    assert names == ["Triggered DAG", "Runbook"]


def test_a_decision_is_linked_by_the_id_that_the_run_decides_under() -> None:
    ended = Ended({"check_request": ASKED})

    assert address(DecisionLink(), ended) == "/evergreen/decisions/bf992aaf8d27882a"


@pytest.mark.parametrize(
    "results",
    [
        pytest.param({}, id="refused request"),
        pytest.param({"check_request": {**ASKED, "request": {"dry_run": True}}}, id="dry run"),
    ],
)
@pytest.mark.parametrize("link", [DecisionLink(), ReportLink()], ids=lambda link: link.name)
def test_a_run_without_a_decision_has_no_link(
    link: BaseOperatorLink, results: dict[str, Any]
) -> None:
    assert address(link, Ended({"write_drift_report": {"uri": "x"}, **results})) == ""


def test_a_report_is_linked_where_one_was_drawn() -> None:
    drawn = Ended({"check_request": ASKED, "write_drift_report": {"uri": "x"}})

    assert address(ReportLink(), drawn) == "/evergreen/reports/bf992aaf8d27882a"
    assert address(ReportLink(), Ended({"check_request": ASKED})) == ""


def test_a_version_is_linked_at_mlflow_without_its_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@mlflow.example:5000")
    trained = Ended({"train_challenger": {"version": "7"}})

    assert (
        address(VersionLink(), trained) == "http://mlflow.example:5000/#/models/flights/versions/7"
    )
    assert address(VersionLink(), Ended()) == ""
    assert address(VersionLink(), Ended({"train_challenger": {"version": None}})) == ""


def test_data_docs_are_linked_by_the_batch() -> None:
    taken = Ended({"take_snapshot": {"batch": "2013-03-05"}}, dag_id="ingest__flights")

    assert address(DocsLink(), taken) == "/evergreen/data-docs/flights/2013-03-05"
    assert address(DocsLink(), Ended()) == ""


@pytest.mark.parametrize(
    ("task_id", "state", "runbook"),
    [
        ("decide", "success", "retrain_started"),
        ("decide", "failed", "failed"),
        ("promote", "skipped", "promotion_held"),
        ("train_challenger", "success", "failed"),
        ("wait_for_batch", "failed", "no_data"),
        ("wait_for_batch", "up_for_retry", "no_data"),
        ("check_quality", "up_for_retry", "failed"),
    ],
)
def test_the_runbook_is_of_what_may_have_happened(task_id: str, state: str, runbook: str) -> None:
    ended = Ended(task_id=task_id, state=state)

    assert address(RunbookLink(), ended) == f"/evergreen/runbooks/{runbook}?model=flights"


def test_links_stay_under_the_path_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.org/airflow/")
    task_links._root.cache_clear()
    try:
        assert address(RunbookLink(), Ended()).startswith("/airflow/evergreen/runbooks/")
    finally:
        task_links._root.cache_clear()
