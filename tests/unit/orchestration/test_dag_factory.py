from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk import CronTriggerTimetable
from airflow.sdk.definitions.context import _AIRFLOW_PARSING_CONTEXT_DAG_ID

from drivers.tiny import write_spec
from evergreen.errors import SpecError
from evergreen.orchestration import dag_factory
from evergreen.orchestration.callbacks import alert_failure
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.spec.model import ModelSpec


@pytest.fixture
def models(home: Path) -> Path:
    """The folder of the specs, with three sound ones in it."""
    folder = read_settings().models_dir
    for name in ("alpha", "beta"):
        write_spec(folder, name=name)
    return folder


@pytest.fixture
def spec(home: Path, name: str) -> ModelSpec:
    return load_spec(read_settings().models_dir / name, home=home).spec


def names(kind: str = "score") -> list[str]:
    return [spec.name for spec in dag_factory.models_for(kind)]


@pytest.mark.usefixtures("models")
def test_every_sound_model_gets_its_dags(name: str) -> None:
    assert names() == ["alpha", "beta", name]


@pytest.mark.parametrize(
    ("dag_id", "given"),
    [
        ("score__alpha", ["alpha"]),
        ("ingest__alpha", []),
        ("score__unknown", []),
        ("watchdog", []),
    ],
)
@pytest.mark.usefixtures("models")
def test_while_one_task_runs_only_its_model_is_read(
    monkeypatch: pytest.MonkeyPatch, dag_id: str, given: list[str]
) -> None:
    monkeypatch.setenv(_AIRFLOW_PARSING_CONTEXT_DAG_ID, dag_id)

    assert names() == given


def test_a_broken_spec_leaves_the_others_alone_and_is_named(models: Path, name: str) -> None:
    (models / "beta" / "model.yaml").write_text("name: beta\nowner: me\nschedul: '@daily'\n")

    with pytest.raises(SpecError, match=r"(?s)beta/model\.yaml.*schedule"):
        dag_factory.raise_spec_problems()

    assert names() == ["alpha", name]


@pytest.mark.usefixtures("models")
def test_sound_specs_raise_nothing() -> None:
    dag_factory.raise_spec_problems()


def test_what_all_dags_of_a_model_share(spec: ModelSpec) -> None:
    arguments = dag_factory.shared("continual_training", spec)

    assert arguments["dag_id"] == f"continual_training__{spec.name}"
    assert (arguments["catchup"], arguments["max_active_runs"]) == (False, 1)
    assert arguments["tags"] == ["evergreen", "continual_training", spec.name]


def test_every_task_is_retried_bounded_and_told_of() -> None:
    arguments = dag_factory.suite("watchdog")["default_args"]

    assert arguments["retries"] == 2
    assert arguments["execution_timeout"] == timedelta(minutes=30)
    assert arguments["on_failure_callback"] is alert_failure


def test_training_has_the_pool_queue_and_time_of_the_spec(spec: ModelSpec) -> None:
    training = spec.training.model_copy(
        update={"pool": "big", "queue": "cuda", "pool_slots": 2, "time_limit_minutes": 10.0}
    )

    given = dag_factory.training_resources(spec.model_copy(update={"training": training}))

    assert given == {
        "pool": "big",
        "pool_slots": 2,
        "queue": "cuda",
        "execution_timeout": timedelta(minutes=40),
    }


def test_a_schedule_is_kept_in_the_models_timezone(spec: ModelSpec) -> None:
    weekly = spec.model_copy(update={"schedule": "0 6 * * 1", "timezone": "America/New_York"})

    timetable = dag_factory.schedule_of(weekly)

    assert dag_factory.schedule_of(spec) == "@continuous"
    assert isinstance(timetable, CronTriggerTimetable)
    assert str(timetable.timezone) == "America/New_York"
