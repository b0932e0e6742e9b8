"""Where the spec asks a person, the graph has a step for the answer."""

import shutil
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from evergreen.orchestration.dag_factory import STEP_TIMEOUT

PROJECT = Path(__file__).resolve().parents[2]
DAGS = PROJECT / "dags"


@pytest.fixture
def bag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DagBag:
    folder = tmp_path / "models" / "flights"
    shutil.copytree(PROJECT / "include" / "models" / "flights", folder)
    spec = folder / "model.yaml"
    text = spec.read_text()
    assert "  approval: none" in text
    spec.write_text(text.replace("  approval: none", "  approval: required", 1))
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(folder.parent))
    return DagBag(dag_folder=DAGS)


def test_the_answer_stands_between_evaluation_and_promotion(bag: DagBag) -> None:
    assert bag.import_errors == {}
    dag = bag.dags["continual_training__flights"]

    approve, promote = dag.get_task("approve"), dag.get_task("promote")

    assert approve.upstream_task_ids == {"evaluate_challenger"}
    assert promote.upstream_task_ids == {"approve"}
    assert approve.downstream_task_ids == {"promote"}


def test_the_answer_may_hold_a_comment_and_nothing_of_the_runs_form(bag: DagBag) -> None:
    approve = bag.dags["continual_training__flights"].get_task("approve")

    assert set(approve.params) == {"comment"}


def test_asking_is_retried_and_bounded_and_a_failure_is_told(bag: DagBag) -> None:
    approve = bag.dags["continual_training__flights"].get_task("approve")

    assert (approve.retries or 0) >= 1
    assert approve.execution_timeout == STEP_TIMEOUT
    assert approve.has_on_failure_callback
