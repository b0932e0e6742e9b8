"""Durations of the steps, from Airflow's own database: the newest successful run of each task.

Airflow's table of task instances has no index by time. So only the newest runs are read, and not at
every scrape: the cost does not grow with the history.
"""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import Executable, and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from evergreen import dag_ids

log = logging.getLogger(__name__)

KINDS = (
    *(dag_ids.INGEST, dag_ids.SCORE, dag_ids.LABELS),
    *(dag_ids.CONTINUAL_TRAINING, dag_ids.WATCH_CHAMPION),
)
NEWEST_RUNS = 10_000
KEPT_SECONDS = 300.0


class StepDuration(NamedTuple):
    """The duration of the newest successful run of a task of a model's DAG."""

    model: str
    dag: str
    step: str
    seconds: float


class StepShelf:
    """The durations of the steps of all models, kept for a while; safe to share between threads.

    Args:
        read: Returns them.
        kept_seconds: Seconds until they are read again.
    """

    def __init__(
        self,
        read: Callable[[], tuple[StepDuration, ...]],
        *,
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        self._read = read
        self._kept_seconds = kept_seconds
        self._lock = Lock()
        self._kept: tuple[StepDuration, ...] = ()
        self._read_at: float | None = None

    def of(self, models: frozenset[str]) -> tuple[StepDuration, ...]:
        """Return the durations of the steps of some models."""
        with self._lock:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at >= self._kept_seconds:
                self._kept, self._read_at = self._read(), now
            return tuple(step for step in self._kept if step.model in models)


def read_durations() -> tuple[StepDuration, ...]:
    """Return the duration of the newest successful run of every task of our DAGs.

    If Airflow's database does not answer, none: the ledger's metrics are exported anyway.
    """
    try:
        with create_session(scoped=False) as session:
            rows = session.execute(_query()).all()
    except SQLAlchemyError as err:
        why = str(err).splitlines()[0]
        log.error("no durations of steps, no answer of Airflow's database: %s", why)  # noqa: TRY400 - said all
        return ()
    return tuple(
        StepDuration(model, dag, step, seconds)
        for dag_id, step, seconds in rows
        for dag, model in [(dag_ids.kind_of(dag_id), dag_ids.model_of(dag_id) or "")]
    )


def _query() -> Executable:
    place = func.row_number().over(
        partition_by=(TaskInstance.dag_id, TaskInstance.task_id),
        order_by=TaskInstance.end_date.desc(),
    )
    prefixes = [dag_ids.dag_id(kind, "") for kind in KINDS]
    newest = select(func.max(DagRun.id)).scalar_subquery() - NEWEST_RUNS
    ranked = (
        select(
            TaskInstance.dag_id,
            TaskInstance.task_id,
            TaskInstance.duration,
            place.label("place"),
        )
        .join(
            DagRun,
            and_(DagRun.dag_id == TaskInstance.dag_id, DagRun.run_id == TaskInstance.run_id),
        )
        .where(
            DagRun.id > newest,
            or_(*(DagRun.dag_id.startswith(prefix, autoescape=True) for prefix in prefixes)),
            TaskInstance.state == TaskInstanceState.SUCCESS,
            TaskInstance.duration.is_not(None),
        )
        .subquery()
    )
    query = select(ranked.c.dag_id, ranked.c.task_id, ranked.c.duration).where(ranked.c.place == 1)
    return query.order_by(ranked.c.dag_id, ranked.c.task_id)
