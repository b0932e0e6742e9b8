"""Buttons on a task's page in Airflow: its decision, its report, MLflow's page, the runbook.

Airflow asks for them in the worker when a task has ended, well or not, and keeps the addresses as
XComs; the page shows those that are not empty. They belong to our tasks only, which a plugin's
global links would not.
"""

from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from airflow.sdk import DAG, BaseOperatorLink
from airflow.sdk.configuration import conf

from evergreen import dag_ids
from evergreen.records import AlertKind
from evergreen.registry.addresses import version_url
from evergreen.settings import read_settings
from evergreen.web_addresses import PREFIX

# What a task is about, where it is not simply that it may fail.
RUNBOOKS: dict[str, AlertKind] = {
    "wait_for_batch": "no_data",
    "wait_for_labels": "no_data",
    "check_quality": "data_rejected",
    "check_labels": "data_rejected",
    "check_delivery": "data_rejected",
    "quarantine_batch": "data_rejected",
    "reject_labels": "data_rejected",
    "write_data_docs": "data_rejected",
    "measure_drift": "drift",
    "write_drift_report": "drift",
    "measure_decay": "decay",
    "decide": "retrain_started",
    "approve": "approval_wanted",
    "remind_of_approvals": "approval_wanted",
    "promote": "promotion_held",
    "change_hold": "promotion_held",
    "find_held": "promotion_held",
    "force_promote": "forced",
    "roll_back": "rolled_back",
    "roll_back_if_worse": "auto_rolled_back",
    "check_decisions": "late_decision",
    "reconcile_champions": "alias_mismatch",
}
DECIDING = frozenset(
    {
        *("check_request", "measure_drift", "measure_decay", "decide", "write_drift_report"),
        *("train_challenger", "evaluate_challenger", "approve", "promote"),
        *("record_decision", "write_model_card"),
    }
)
DRAWING = frozenset({"write_drift_report", "record_decision"})
TRAINED = frozenset(
    {"train_challenger", "evaluate_challenger", "approve", "promote", "record_decision"}
)


class RunbookLink(BaseOperatorLink):
    """To what to do: when the task failed, else about what it is there for."""

    name = "Runbook"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address; in the worker, ``ti_key`` is the task instance itself."""
        kind = RUNBOOKS.get(operator.task_id, "failed")
        if str(ti_key.state) in ("failed", "up_for_retry") and kind != "no_data":
            kind = "failed"
        model = _model(ti_key.dag_id)
        return f"{pages()}/runbooks/{kind}" + (f"?model={quote(model, safe='')}" if model else "")


class DecisionLink(BaseOperatorLink):
    """To the decision that the run makes."""

    name = "Decision"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address; empty where the run makes none, as on a dry run."""
        decision = _decision(ti_key)
        return f"{pages()}/decisions/{decision}" if decision else ""


class ReportLink(BaseOperatorLink):
    """To Evidently's drift report of the decision."""

    name = "Drift report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address; empty where none was drawn."""
        decision, drawn = _decision(ti_key), ti_key.xcom_pull(task_ids="write_drift_report")
        return f"{pages()}/reports/{decision}" if decision and drawn else ""


class VersionLink(BaseOperatorLink):
    """To MLflow's page of the challenger's version."""

    name = "MLflow version"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address; empty where no version was kept, or no server is named."""
        trained = ti_key.xcom_pull(task_ids="train_challenger")
        if not trained or not trained["version"]:
            return ""
        return version_url(read_settings().mlflow_url, _model(ti_key.dag_id), trained["version"])


class DocsLink(BaseOperatorLink):
    """To the Data Docs of the batch."""

    name = "Data Docs"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address; empty where the batch is not known."""
        taken = ti_key.xcom_pull(task_ids="take_snapshot")
        batch = quote(taken["batch"], safe="") if taken else ""
        return f"{pages()}/data-docs/{_model(ti_key.dag_id)}/{batch}" if batch else ""


def link_tasks(dag: DAG) -> None:
    """Put the buttons on every task of a DAG, beside those that its operators bring along."""
    kind = dag_ids.kind_of(dag.dag_id)
    for task in dag.tasks:
        ours = _links_of(kind, task.task_id)
        task.operator_extra_links = (*task.operator_extra_links, *ours)


def pages() -> str:
    """Return the path of our pages under Airflow's own address."""
    return f"{_root()}{PREFIX}"


@cache
def _root() -> str:
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


def _links_of(kind: str, task_id: str) -> list[BaseOperatorLink]:
    links: list[BaseOperatorLink] = [RunbookLink()]
    if task_id == "write_data_docs":
        links.append(DocsLink())
    if kind != dag_ids.CONTINUAL_TRAINING:
        return links
    if task_id in DECIDING:
        links.append(DecisionLink())
    if task_id in DRAWING:
        links.append(ReportLink())
    if task_id in TRAINED:
        links.append(VersionLink())
    return links


def _decision(ti: Any) -> str:
    """Return the id of the decision that a run is kept under; empty for none."""
    begun = ti.xcom_pull(task_ids=dag_ids.CHECK_REQUEST)
    is_kept = bool(begun) and not begun["request"]["dry_run"]
    return str(begun.get("decision_id", "")) if is_kept else ""


def _model(dag_id: str) -> str:
    return dag_ids.model_of(dag_id) or ""
