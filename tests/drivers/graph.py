"""The graph of a DAG, read from its file as Airflow parses it."""

import os
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evergreen import dag_ids

PROJECT = Path(__file__).resolve().parents[2]
MODEL = "flights"


@cache
def upstream_of(kind: str) -> dict[str, tuple[str, ...]]:
    """Return for each task of one kind of DAG the tasks right before it, in an order to run them.

    It is the graph of the model that is shipped, whose spec asks nobody for approval.
    """
    from airflow.dag_processing.dagbag import DagBag

    with patch.dict(os.environ, EVERGREEN_MODELS_DIR=str(PROJECT / "include" / "models")):
        bag = DagBag(dag_folder=PROJECT / "dags" / f"{kind}.py")
    assert bag.import_errors == {}
    dag = bag.dags[dag_ids.dag_id(kind, MODEL)]
    ordered: list[Any] = dag.topological_sort()  # type: ignore[no-untyped-call]  # in Airflow
    return {task.task_id: tuple(sorted(task.upstream_task_ids)) for task in ordered}
