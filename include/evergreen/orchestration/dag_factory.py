"""What DAG files need to build one DAG per model: the specs, and the settings all DAGs share."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, get_parsing_context

from evergreen import dag_ids
from evergreen.errors import SpecError
from evergreen.orchestration.callbacks import alert_failure, tell_skip, tell_success
from evergreen.settings import read_settings
from evergreen.spec.loader import SpecCatalogue, load_specs
from evergreen.spec.model import ModelSpec

START = datetime(2024, 1, 1, tzinfo=UTC)
STEP_TIMEOUT = timedelta(minutes=30)
RETRIES = 2
RETRY_DELAY = timedelta(seconds=20)
MAX_RETRY_DELAY = timedelta(minutes=10)
RETRY_FACTOR = 2.0


def models_for(kind: str) -> list[ModelSpec]:
    """Return the specs to build DAGs of one kind for.

    While one task runs, Airflow parses the file for that one DAG: then only its model is given.
    Broken specs are left out here; ``dags/spec_problems.py`` shows them as an import error.
    """
    wanted = get_parsing_context().dag_id
    if wanted is None:
        return [loaded.spec for loaded in _catalogue().loaded]
    if dag_ids.kind_of(wanted) != kind:
        return []
    return [loaded.spec for loaded in _catalogue(only=dag_ids.model_of(wanted)).loaded]


def raise_spec_problems() -> None:
    """Fail the parsing of a DAG file with all that is wrong with any model's spec.

    Raises:
        SpecError: At least one spec is broken; the text names file, key and remedy of each.
    """
    problems = _catalogue().problems
    if problems:
        raise SpecError("\n\n".join(problem.text for problem in problems))


def shared(kind: str, spec: ModelSpec) -> dict[str, Any]:
    """Return the DAG arguments that all kinds share for one model."""
    return {
        "dag_id": dag_ids.dag_id(kind, spec.name),
        "dag_display_name": f"{kind.replace('_', ' ')} · {spec.name}",
        "description": spec.description.strip().split("\n")[0],
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["evergreen", kind, spec.name],
        "default_args": default_args(spec.owner),
    }


def suite(name: str) -> dict[str, Any]:
    """Return the DAG arguments of the DAGs that look after all models together."""
    return {
        "dag_id": name,
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["evergreen", "suite"],
        "default_args": default_args("evergreen"),
    }


def training_resources(spec: ModelSpec) -> dict[str, Any]:
    """Return where a challenger of this model is trained, and for how long at most."""
    training = spec.training
    return {
        "pool": training.pool,
        "pool_slots": training.pool_slots,
        "queue": training.queue,
        "execution_timeout": timedelta(minutes=training.time_limit_minutes) + STEP_TIMEOUT,
    }


def anew_run(spec: ModelSpec) -> dict[str, Any]:
    """Return how a release starts the run that decides anew: once per run, however often tried."""
    return {
        "trigger_dag_id": dag_ids.dag_id(dag_ids.CONTINUAL_TRAINING, spec.name),
        "trigger_run_id": "anew__{{ run_id }}",
        "logical_date": None,
        "skip_when_already_exists": True,
    }


def default_args(owner: str) -> dict[str, Any]:
    """Return the task arguments that all tasks share."""
    return {
        "owner": owner,
        "retries": RETRIES,
        "retry_delay": RETRY_DELAY,
        "retry_exponential_backoff": RETRY_FACTOR,
        "max_retry_delay": MAX_RETRY_DELAY,
        "execution_timeout": STEP_TIMEOUT,
        "on_failure_callback": alert_failure,
        "on_success_callback": tell_success,
        "on_skipped_callback": tell_skip,
    }


def schedule_of(spec: ModelSpec) -> Any:
    """Return the schedule of the DAGs that wait for deliveries."""
    if spec.schedule == "@continuous":
        return spec.schedule
    return CronTriggerTimetable(spec.schedule, timezone=spec.timezone)


def _catalogue(*, only: str | None = None) -> SpecCatalogue:
    settings = read_settings()
    return load_specs(settings.models_dir, home=settings.home, only=only)
