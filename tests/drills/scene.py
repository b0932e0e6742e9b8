"""The place of one drill: its model on the stage that all drills share."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drills.stage import Stage
from drivers.history import accept, begin, label, reign
from drivers.loop import Loop, broken_invariants
from drivers.tiny import Upstream
from evergreen.ledger.records import Decision
from evergreen.records import ModelVersion, Promotion
from evergreen.sandbox.services.airflow_api import DagRun, TaskInstance
from evergreen.workflows.model_context import ModelContext

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 900.0  # many drills at once, on a machine that may be busy
FORCE = {"force_retrain": True, "reason": "a drill"}


@dataclass(frozen=True)
class Scene:
    """One model with its past, its deliveries and its runs."""

    stage: Stage
    context: ModelContext
    upstream: Upstream

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.context.spec.name

    def seed_settled(self) -> None:
        """Return the model a champion of a world that stays as it is."""
        with self.stage.one_at_a_time:
            begin(self.context, self.upstream)
            self.reign()

    def seed_turned(self) -> None:
        """Return the model a champion of a world that has turned since: every challenger wins."""
        with self.stage.one_at_a_time:
            begin(self.context, self.upstream)
            self.reign()
            for week in (5, 6):
                if week > 5:
                    accept(self.context, self.upstream, week, is_flipped=True)
                label(self.context, self.upstream, week, is_flipped=True)
            accept(self.context, self.upstream, 7, is_flipped=True)

    def reign(self, *, is_wrong: bool = False) -> ModelVersion:
        """Make a fitted model champion, one that has learnt the opposite where it is wrong."""
        return reign(self.context, self.stage.wrong_model if is_wrong else self.stage.right_model)

    def start(self, kind: str, conf: Mapping[str, Any] | None = None) -> DagRun:
        """Start a DAG of the model by hand."""
        return self.stage.stack.api.trigger(f"{kind}__{self.model}", conf)

    def let_wait(self, kind: str) -> None:
        """Unpause a DAG that waits for deliveries: its schedule starts one run, which waits."""
        dag_id, api = f"{kind}__{self.model}", self.stage.stack.api
        self.wait_until(lambda: dag_id in api.dag_ids(), f"{dag_id} to be parsed")
        api.unpause(dag_id)
        self.wait_until(lambda: bool(self.runs(kind)), f"a run of {dag_id}")

    def runs(self, kind: str) -> list[DagRun]:
        """Return the runs of one kind of DAG, oldest first."""
        return self.stage.stack.api.runs(f"{kind}__{self.model}")

    def task(self, run: DagRun, task_id: str) -> TaskInstance:
        """Return a task of a run."""
        tasks = self.stage.stack.api.task_instances(run.dag_id, run.run_id)
        return next(task for task in tasks if task.task_id == task_id)

    def decisions(self) -> list[Decision]:
        """Return the decisions that are closed, oldest first."""
        found = self.stage.ledger.decisions.history(self.model)
        return [decision for decision in found if decision.closed_at is not None]

    def decided(self, n_decisions: int) -> Decision:
        """Wait for so many closed decisions and the end of the newest one's run; give it."""
        self.wait_until(lambda: len(self.decisions()) >= n_decisions, f"decision {n_decisions}")
        decision = self.decisions()[-1]
        self.stage.stack.api.wait_for_run(
            f"continual_training__{self.model}",
            decision.run_id,
            timeout_seconds=PATIENCE_SECONDS,
        )
        return decision

    def require_decided(self, *batches: str) -> None:
        """Fail unless just these batches were decided about, once each, in this order."""
        found = [decision.batch for decision in self.decisions()]
        assert found == list(batches), self.decisions()

    @property
    def champion(self) -> Promotion | None:
        """The newest row of the promotions."""
        return self.stage.ledger.promotions.latest(self.model)

    def require_champion(self, version: str, kind: str) -> None:
        """Fail unless this version is champion by a promotion of this kind, and all agree."""
        row = self.champion
        assert row is not None
        assert (row.version, row.kind, row.state) == (version, kind, "committed")
        loop = Loop(self.stage.stack, self.stage.ledger, self.upstream)
        broken = broken_invariants(loop)
        assert broken == [], broken

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so; else fail with the runs of the model."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > deadline or self.stage.is_closing.is_set():
                raise AssertionError(f"{self.model}: waited in vain for {what}\n{self.explain()}")
            time.sleep(POLL_SECONDS)

    def explain(self) -> str:
        """Tell the state of the model's runs, with the logs of what is red, and its alerts."""
        loop = Loop(self.stage.stack, self.stage.ledger, self.upstream)
        alerts = [
            f"alert {entry.alert.message_key}: {entry.state} {entry.last_error}"
            for entry in self.stage.ledger.alerts.history(self.model)
        ]
        return "\n".join([loop.explain(f"__{self.model}"), *alerts])
