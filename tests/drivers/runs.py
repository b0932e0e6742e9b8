"""Plays a run of ``continual_training`` through the functions under its tasks, without Airflow.

What Airflow would give them, and what it would do after them, is stood in for here: the context,
XComs and states, branching and trigger rules, failure callbacks, clearing. All else is real.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import set_current_context

from drivers.graph import upstream_of
from evergreen import dag_ids
from evergreen.orchestration import decision_tasks, training_tasks
from evergreen.orchestration.callbacks import alert_failure, tell_success

NOT_PLAYED = (dag_ids.WRITE_MODEL_CARD,)  # it comes last and holds up nothing


def training_graph() -> dict[str, tuple[str, ...]]:
    """Return the tasks of ``continual_training`` that are played, each with those before it."""
    graph = upstream_of(dag_ids.CONTINUAL_TRAINING)
    return {task: before for task, before in graph.items() if task not in NOT_PLAYED}


@dataclass
class DagRun:
    """The fields of Airflow's DAG run that are read."""

    dag_id: str
    run_id: str = "asset_triggered__2024-02-05"
    partition_key: str | None = None
    conf: Any = None
    clear_number: int = 0
    triggering_user_name: str | None = None
    run_type: str = "asset_triggered"


@dataclass(frozen=True)
class Task:
    """The field of Airflow's task that is read."""

    downstream_task_ids: frozenset[str] = frozenset()


@dataclass
class TaskInstance:
    """The task instance in a context: gives XComs and states of its run."""

    run: "Run"
    task_id: str
    try_number: int = 1
    max_tries: int = 0

    def xcom_pull(self, *, task_ids: str, key: str = "") -> Any:
        """Return what a task of the run returned last, or left under a key."""
        return self.run.left.get((task_ids, key)) if key else self.run.returned.get(task_ids)

    def xcom_push(self, *, key: str, value: Any) -> None:
        """Leave a value under a key."""
        self.run.left[self.task_id, key] = value

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        """Return the states of the run's tasks, as Airflow answers."""
        assert (dag_id, run_ids) == (self.run.dag_run.dag_id, [self.run.dag_run.run_id])
        return {run_ids[0]: dict(self.run.states)}


@dataclass
class Run:
    """One DAG run: what its tasks returned and how they ended."""

    dag_run: DagRun
    returned: dict[str, Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    left: dict[tuple[str, str], Any] = field(default_factory=dict)

    def context(self, task_id: str, exception: Exception | None = None) -> Any:
        """Return the context of one of the run's tasks."""
        return {
            "dag_run": self.dag_run,
            "ti": TaskInstance(self, task_id),
            "task": Task(self.downstream(task_id)),
            "exception": exception,
        }

    def downstream(self, task_id: str) -> frozenset[str]:
        """Return the tasks that come after a task; a run of no known DAG has only last tasks."""
        return frozenset()

    def forget(self, task_id: str) -> None:
        """Drop what a task left in an earlier try, as Airflow does when it starts again."""
        self.returned.pop(task_id, None)
        self.left = {place: value for place, value in self.left.items() if place[0] != task_id}

    def call(self, task: Any, *arguments: Any, **named: Any) -> Any:
        """Do what a worker does with a task: call its function, keep result and state."""
        name = task.function.__name__
        self.forget(name)
        with set_current_context(self.context(name)):
            try:
                result = task.function(*arguments, **named)
            except AirflowSkipException:
                self.states[name] = "skipped"
                raise
            except Exception as err:
                self.states[name] = "failed"
                self.errors[name] = err
                raise
        self.states[name] = "success"
        self.returned[name] = result
        return result


@dataclass
class TrainingRun(Run):
    """A run of ``continual_training``.

    Attributes:
        before: Called with a task's id just before it runs; may break things.
    """

    before: Callable[[str], None] = lambda _task_id: None

    @property
    def model(self) -> str:
        """The run's model."""
        return str(dag_ids.model_of(self.dag_run.dag_id))

    def downstream(self, task_id: str) -> frozenset[str]:
        """Return the tasks that come after a task."""
        return frozenset(name for name, before in training_graph().items() if task_id in before)

    def play(self) -> dict[str, Any] | None:
        """Run what has no state yet; give what ``record_decision`` returned."""
        for task_id, upstream in training_graph().items():
            if task_id not in self.states:
                self._run(task_id, [self.states[name] for name in upstream])
        outcome: dict[str, Any] | None = None
        if self.states["record_decision"] == "success":
            outcome = self.returned["record_decision"]
        return outcome

    def clear(self, task_id: str) -> "TrainingRun":
        """Clear a task with all that comes after it, as a person does."""
        cleared = {task_id}
        for name, upstream in training_graph().items():
            if cleared & set(upstream):
                cleared.add(name)
        for name in cleared:
            self.states.pop(name, None)
            self.errors.pop(name, None)
        self.dag_run.clear_number += 1
        return self

    def _run(self, task_id: str, upstream: list[str]) -> None:
        is_recording = task_id == "record_decision"
        if not is_recording and {"failed", "upstream_failed"} & set(upstream):
            self.states[task_id] = "upstream_failed"
        elif not is_recording and "skipped" in upstream:
            self.states[task_id] = "skipped"
        elif task_id == "stand_down":
            self.states[task_id] = "success"
        else:
            self._work(task_id)

    def _work(self, task_id: str) -> None:
        room = decision_tasks if hasattr(decision_tasks, task_id) else training_tasks
        task = getattr(room, task_id)
        try:
            self.before(task_id)
            followed = self.call(task, self.model)
        except AirflowSkipException:
            return
        except Exception as err:
            self.states[task_id] = "failed"
            self.errors[task_id] = err
            callback = task.kwargs.get("on_failure_callback", alert_failure)
            if callback is not None:
                callback(self.context(task_id, err))
            return
        tell_success(self.context(task_id))
        if task_id == "decide":
            branches = self.downstream(dag_ids.DECIDE)
            self.states |= {name: "skipped" for name in branches if name not in followed}


def training_run(
    model: str,
    batch: str | None,
    *,
    run_id: str = "",
    conf: Any = None,
    user: str | None = None,
) -> TrainingRun:
    """Return a run about a batch: announced by the asset, or by hand where a conf is given."""
    is_manual = conf is not None or batch is None
    return TrainingRun(
        DagRun(
            dag_id=dag_ids.dag_id(dag_ids.CONTINUAL_TRAINING, model),
            run_id=run_id or f"{'manual' if is_manual else 'asset_triggered'}__{batch}",
            partition_key=None if is_manual else batch,
            conf=conf,
            triggering_user_name=user,
            run_type="manual" if is_manual else "asset_triggered",
        )
    )
