"""How long the steps took, as Airflow's own database knows it: the newest success of each task.

Airflow's table of task instances has no index by time, so only the newest runs are looked at, and
not at every scrape: the cost stays the same however long the history is.
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
    """How long a task of one of a model's DAGs took when it last succeeded."""

    model: str
    dag: str
    step: str
    seconds: float


class StepShelf:
    """The durations of the steps of all models, read anew after a while; safe to share.

    Args:
        read: Gives them.
        kept_seconds: How long they are kept.
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
    """Read the newest successful duration of every task of our DAGs from Airflow's database.

    A database that does not answer gives none: the ledger's figures are told all the same.
    """
    try:
        with create_session(scoped=False) as session:
            rows = session.execute(_query()).all()
    except SQLAlchemyError as err:
        log.error("no durations of steps: %s", str(err).splitlines()[0])  # noqa: TRY400 - said all
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
