"""Drives the suite under the real scheduler: delivers, waits for what follows, tells why not."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from drivers.tiny import Upstream
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, Delivery
from evergreen.registry.client import ModelRegistry
from evergreen.sandbox.services.airflow_api import DagRun
from evergreen.sandbox.services.stack import Stack

PROJECT = Path(__file__).resolve().parents[2]
KINDS = (
    "ingest",
    "score",
    "labels",
    "redelivery",
    "continual_training",
    "rollback",
    "watch_champion",
    "backtest",
)
# DAG files do not change while a story is told: each is parsed once.
PARSED_ONCE = {"AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "7200"}
PATIENCE_SECONDS = 600.0  # two stories at once, on a machine that may be busy
LOG_TAIL = 4000


def dag_ids(model: str) -> list[str]:
    """Return the DAGs that the loop of one model needs."""
    return [*(f"{kind}__{model}" for kind in KINDS), "watchdog"]


def migrate(stack: Stack) -> None:
    """Make the ledger's tables before Airflow starts."""
    with Ledger(stack.ledger_url) as ledger:
        ledger.migrate()


@dataclass(frozen=True)
class Loop:
    """A running stack with its ledger and its upstream system."""

    stack: Stack
    ledger: Ledger
    upstream: Upstream

    @property
    def model(self) -> str:
        """Name of the model that is driven."""
        return self.upstream.loaded.spec.name

    @property
    def registry(self) -> ModelRegistry:
        """The MLflow registry, as an outsider sees it."""
        return ModelRegistry(self.stack.environment["MLFLOW_TRACKING_URI"])

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so; else fail with the state of every run and the red logs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if is_so():
                return
            time.sleep(0.5)
        raise AssertionError(f"waited in vain for {what}\n{self.explain()}")

    def links(self, decision: Decision) -> dict[str, dict[str, str]]:
        """Return the buttons of each task of a decision's run, as Airflow's UI gets them."""
        api, dag_id = self.stack.api, f"continual_training__{decision.model}"
        tasks = api.task_instances(dag_id, decision.run_id)
        return {task.task_id: api.links(task) for task in tasks}

    def decided(self, batch: str, *, n_decisions: int = 1) -> Decision:
        """Wait for a closed decision about a batch and the end of its run; give the newest.

        A decision is closed before its last alert is told, so only the run's end ends the story.
        """

        def is_closed() -> bool:
            found = self.ledger.decisions.of_batch(self.model, batch)
            return len(found) >= n_decisions and found[-1].closed_at is not None

        self.wait_until(is_closed, f"decision {n_decisions} about {batch}")
        decision = self.ledger.decisions.of_batch(self.model, batch)[-1]
        self.stack.api.wait_for_run(
            f"continual_training__{self.model}", decision.run_id, timeout_seconds=PATIENCE_SECONDS
        )
        return decision

    def gated(self, batch: str, *statuses: str) -> Delivery:
        """Wait until the gate has spoken about a batch."""

        def is_gated() -> bool:
            found = self.ledger.batches.delivery(self.model, "data", batch)
            return found is not None and found.status in statuses

        self.wait_until(is_gated, f"batch {batch} to be {' or '.join(statuses)}")
        found = self.ledger.batches.delivery(self.model, "data", batch)
        assert found is not None
        return found

    def label(self, week: int, *, n_weeks: int = 1, is_flipped: bool = False) -> None:
        """Deliver the labels of a week and wait until they are joined."""
        before = len(self.ended("labels"))
        batch = self.upstream.deliver(week, "labels", n_weeks=n_weeks, is_flipped=is_flipped)
        self.wait_until(lambda: len(self.ended("labels")) > before, f"labels of {batch}")

    def ended(self, kind: str) -> Sequence[DagRun]:
        """Return the runs of one kind of DAG that have ended."""
        return [run for run in self.stack.api.runs(f"{kind}__{self.model}") if run.has_ended]

    def run_of(self, kind: str, batch: str) -> DagRun:
        """Wait for the run that an asset event about a batch has started."""
        dag_id = f"{kind}__{self.model}"

        def found() -> list[DagRun]:
            return [run for run in self.stack.api.runs(dag_id) if run.partition_key == batch]

        self.wait_until(lambda: bool(found()), f"a run of {dag_id} for {batch}")
        return found()[0]

    def run_to_end(self, kind: str, conf: dict[str, object]) -> DagRun:
        """Trigger a DAG by hand and wait for its end."""
        dag_id = f"{kind}__{self.model}"
        run = self.stack.api.trigger(dag_id, conf)
        return self.stack.api.wait_for_run(dag_id, run.run_id, timeout_seconds=PATIENCE_SECONDS)

    def explain(self, dags: str = "") -> str:
        """Tell the state of every run of DAGs like these, and the end of each log not green."""
        lines = []
        for run in (run for run in self.stack.api.runs() if run.dag_id.endswith(dags)):
            lines.append(f"{run.dag_id} {run.run_id}: {run.state}")
            if run.state == "success":
                continue
            for task in self.stack.api.task_instances(run.dag_id, run.run_id):
                lines.append(f"    {task.task_id}: {task.state} (try {task.try_number})")
                if task.state in ("failed", "up_for_retry", "running"):
                    lines.append(self.stack.api.log(task)[-LOG_TAIL:])
        return "\n".join(lines)


def broken_invariants(loop: Loop) -> list[str]:
    """Return which of the promises about champion and ledger do not hold; empty when all do."""
    model = loop.model
    history = loop.ledger.promotions.history(model)
    alias = loop.registry.get_alias(model, "champion")
    named = None if alias is None else (alias.version, alias.sha256, alias.is_ready)
    wanted = (history[-1].version, history[-1].sha256, True) if history else None
    decisions = [row.decision_id for row in history]
    keys = [version.idempotency_key for version in loop.registry.list_versions(model)]
    promises = {
        f"the alias {named} is the ledger's champion {wanted}": named == wanted,
        "epochs have no gaps": [r.epoch for r in history] == list(range(1, len(history) + 1)),
        "every promotion is finished": all(row.state == "committed" for row in history),
        "every promotion follows the one before": all(
            after.previous_version == before.version for before, after in pairwise(history)
        ),
        "no decision promoted twice": len(set(decisions)) == len(decisions),
        f"no key has two versions: {keys}": len(set(keys)) == len(keys),
    }
    return [promise for promise, is_kept in promises.items() if not is_kept]
