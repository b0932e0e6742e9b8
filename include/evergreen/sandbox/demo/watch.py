"""Somebody who watches: waits for what must follow, shows alerts as they come, and says why not."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from evergreen import dag_ids
from evergreen.errors import ServiceError
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.demo.screen import Screen
from evergreen.sandbox.demo.trouble import explain_failure, explain_stuck
from evergreen.sandbox.services.airflow_api import DagRun
from evergreen.sandbox.services.stack import Stack
from evergreen.slack.blocks import to_text

PATIENCE_SECONDS = 420.0
POLL_SECONDS = 0.5
LOOK_SECONDS = 2.0  # between two looks at Airflow, which costs more than one at the ledger

Found = TypeVar("Found")


class Watch:
    """Watches a running stack through its ledger and its REST API.

    Args:
        stack: Started.
        ledger: Of the stack.
        model: Name of the model.
        screen: Where alerts and what happens now are shown.
    """

    def __init__(self, stack: Stack, ledger: Ledger, model: str, screen: Screen) -> None:
        self._stack = stack
        self._ledger = ledger
        self._model = model
        self._screen = screen
        self._told: set[str] = set()
        self._looked = 0.0

    def until(self, find: Callable[[], Found | None], what: str) -> Found:
        """Wait until ``find`` gives something, and give that.

        Raises:
            ServiceError: A run failed, a service died, or nothing came in time; says where and why.
        """
        started = time.monotonic()
        while (found := find()) is None:
            self.show_alerts()
            self._look(what)
            waited = time.monotonic() - started
            if waited > PATIENCE_SECONDS:
                raise ServiceError(explain_stuck(self._stack.api, what, waited))
            time.sleep(POLL_SECONDS)
        self.show_alerts()
        return found

    def ended(self, kind: str) -> list[DagRun]:
        """Return the runs of one kind of DAG that have ended well."""
        return self._stack.api.runs(dag_ids.dag_id(kind, self._model), state="success")

    def about(self, kind: str, batch: str) -> list[DagRun]:
        """Return the runs of one kind of DAG that the assets started for a batch."""
        return [run for run in self.ended(kind) if run.partition_key == batch]

    def steps(self, runs: Sequence[DagRun]) -> dict[str, float]:
        """Return the seconds of each task of some runs, as ``<kind of DAG>.<task>``."""
        return {
            f"{dag_ids.kind_of(run.dag_id)}.{task.task_id}": round(task.seconds, 2)
            for run in runs
            for task in self._stack.api.task_instances(run.dag_id, run.run_id)
            if task.seconds is not None and task.state == "success"
        }

    def show_alerts(self) -> None:
        """Show what people were told since the last look; not what only changes a message."""
        for entry in self._ledger.alerts.history(self._model):
            if entry.role != "update" and entry.alert.message_key not in self._told:
                self._told.add(entry.alert.message_key)
                self._screen.alert(to_text(entry.alert))

    def _look(self, what: str) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        self._stack.require_running()
        for run in self._stack.api.runs(state="failed"):
            raise ServiceError(explain_failure(self._stack.api, run))
        active = [
            f"{dag_ids.kind_of(task.dag_id)} · {task.task_id}"
            + (f" (try {task.try_number})" if task.try_number > 1 else "")
            for task in self._stack.api.active_tasks()
        ]
        self._screen.now(f"{what}: {', '.join(active) or 'waiting'}")
