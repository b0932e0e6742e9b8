"""What must hold for every DAG of the suite, whatever it does."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

from evergreen.orchestration import assets
from evergreen.orchestration.backtest_tasks import REPLAY_TIMEOUT
from evergreen.orchestration.dag_factory import STEP_TIMEOUT
from evergreen.orchestration.task_links import RUNBOOKS

PROJECT = Path(__file__).resolve().parents[2]
DAGS = PROJECT / "dags"
HEAVY = ("pandas", "numpy", "pyarrow", "sklearn", "lightgbm", "mlflow", "evidently", "boto3")
KINDS = (
    "ingest",
    "score",
    "labels",
    "redelivery",
    "continual_training",
    "rollback",
    "watch_champion",
    "hold",
    "force_promote",
    "backtest",
)
EXPECTED = {f"{kind}__flights" for kind in KINDS} | {"watchdog", "housekeeping"}
MAX_LINES = 120


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(dag_folder=DAGS)


@pytest.fixture(scope="module", params=sorted(EXPECTED))
def dag(request: pytest.FixtureRequest, bag: DagBag) -> DAG:
    found = bag.dags[request.param]
    assert isinstance(found, DAG)
    return found


def test_every_dag_file_parses_to_the_expected_dags(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == EXPECTED


def test_every_dag_tells_what_to_do_when_it_fails(dag: DAG) -> None:
    assert dag.doc_md is not None
    for part in ("**When:**", "**Writes:**", "**When it fails:**"):
        assert part in dag.doc_md


def test_every_task_has_a_button_to_its_runbook(dag: DAG) -> None:
    for task in dag.tasks:
        assert "Runbook" in [link.name for link in task.operator_extra_links]


def test_a_runbook_is_named_for_tasks_that_are_there(bag: DagBag) -> None:
    tasks = {task.task_id for dag in bag.dags.values() for task in dag.tasks}

    assert set(RUNBOOKS) - tasks == {"approve"}  # where the spec asks for an approval


def test_every_dag_has_an_owner_tags_and_one_run_at_a_time(dag: DAG) -> None:
    assert "evergreen" in dag.tags
    assert dag.owner not in ("", "airflow")
    assert dag.max_active_runs == 1
    assert dag.catchup is False


def test_every_task_is_retried_with_backoff_and_bounded_in_time(dag: DAG) -> None:
    waiting = {"wait_for_batch", "wait_for_labels"}
    for task in dag.tasks:
        assert (task.retries or 0) >= 1, task.task_id
        assert task.retry_exponential_backoff, task.task_id
        assert task.execution_timeout is not None or task.task_id in waiting, task.task_id


def test_the_training_task_has_the_pool_and_queue_of_the_spec(bag: DagBag) -> None:
    train = bag.dags["continual_training__flights"].get_task("train_challenger")

    assert (train.pool, train.queue) == ("gpu", "gpu")


def test_a_model_card_comes_last_and_only_where_a_model_was_trained(bag: DagBag) -> None:
    dag = bag.dags["continual_training__flights"]

    card = dag.get_task("write_model_card")

    assert card.upstream_task_ids == {"record_decision", "train_challenger"}
    assert card.downstream_task_ids == set()
    assert card.trigger_rule == "all_success"  # skipped without a process where train was skipped


def test_a_back_test_starts_by_hand_only_and_may_take_longer_than_a_step(bag: DagBag) -> None:
    dag = bag.dags["backtest__flights"]

    replay = dag.get_task("replay_policies")

    assert dag.timetable.can_be_scheduled is False
    assert replay.upstream_task_ids == {"check_request"}
    assert replay.pool == "default_pool"
    assert replay.execution_timeout == REPLAY_TIMEOUT > STEP_TIMEOUT


def test_the_way_of_one_batch_is_the_one_that_is_documented(bag: DagBag) -> None:
    dag = bag.dags["continual_training__flights"]

    edges = {
        (task.task_id, follower) for task in dag.tasks for follower in task.downstream_task_ids
    }

    for edge in (
        ("measure_drift", "decide"),
        ("measure_decay", "decide"),
        ("decide", "stand_down"),
        ("decide", "train_challenger"),
        ("train_challenger", "evaluate_challenger"),
        ("evaluate_challenger", "promote"),
        ("promote", "record_decision"),
        ("stand_down", "record_decision"),
    ):
        assert edge in edges


def test_no_one_is_asked_unless_the_spec_says_so(bag: DagBag) -> None:
    promote = bag.dags["continual_training__flights"].get_task("promote")

    assert promote.upstream_task_ids == {"evaluate_challenger"}


def test_a_release_decides_anew_once_and_takes_no_words_for_templates(bag: DagBag) -> None:
    anew = bag.dags["hold__flights"].get_task("decide_anew")

    assert isinstance(anew, TriggerDagRunOperator)
    assert anew.upstream_task_ids == {"find_held"}
    assert anew.trigger_dag_id == "continual_training__flights"
    assert anew.skip_when_already_exists is True
    assert not isinstance(anew.conf, str | dict)


@pytest.mark.parametrize("kind", ["hold", "force_promote"])
def test_what_people_order_starts_by_hand_only(bag: DagBag, kind: str) -> None:
    assert bag.dags[f"{kind}__flights"].timetable.can_be_scheduled is False


def test_a_new_champion_is_watched_on_each_labelled_batch(bag: DagBag) -> None:
    dag = bag.dags["watch_champion__flights"]

    compare, back = dag.get_task("compare_with_former"), dag.get_task("roll_back_if_worse")

    assert dag.timetable.asset_condition == assets.labelled("flights")
    assert back.upstream_task_ids == {compare.task_id}
    assert [outlet.name for outlet in back.outlets] == ["champion/flights"]
    assert compare.outlets == []


@pytest.mark.parametrize("file", sorted(DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_a_dag_file_is_wiring_only(file: Path) -> None:
    tree = ast.parse(file.read_text())
    imported = {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    imported |= {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }

    assert len(file.read_text().splitlines()) <= MAX_LINES
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.If | ast.Try)]
    assert imported <= {"airflow", "evergreen", "datetime"}


def test_parsing_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag(dag_folder={str(DAGS)!r})\n"
        "assert not bag.import_errors, bag.import_errors\n"
        f"print([m for m in {(*HEAVY, 'great_expectations')!r} if m in sys.modules])\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
