"""One model with all it needs, real parts throughout, between a fault and its invariants."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.history import accept, begin, label, reign
from drivers.killable import Conditions, KeptRun, ended, start
from drivers.runs import DagRun
from drivers.tiny import Upstream
from evergreen.ledger.ledger import Ledger
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.model_context import ModelContext
from faults.invariants import broken_invariants
from faults.table import Table
from standins.faulty_proxy import FaultyProxy
from standins.slack import SlackServer

FORCE = {"force_retrain": True, "reason": "a fault is tried", "training_window_days": 7}


@dataclass
class World:
    """A model on PostgreSQL, MLflow behind the faulty proxy, and Slack's stand-in.

    Attributes:
        context: The test's own context; it reaches MLflow beside the proxy.
        environment: What a process of the product sees; it reaches MLflow through the proxy.
        expected: Champion by what has happened so far; the invariants hold the world to it.
        by_hand: Where a person has moved the alias to, beside the product, while that lasts.
    """

    context: ModelContext
    upstream: Upstream
    proxy: FaultyProxy
    slack: SlackServer
    environment: Mapping[str, str]
    folder: Path
    case: str
    table: Table
    expected: str | None = None
    by_hand: str | None = None
    n_runs: int = 0

    @property
    def name(self) -> str:
        """The model."""
        return self.context.spec.name

    @property
    def ledger(self) -> Ledger:
        """The model's ledger."""
        return self.context.ledger

    def with_champion(self, model_file: Path) -> str:
        """Return the model a champion, then two weeks in which the world turns; give the batch."""
        begin(self.context, self.upstream)
        self.expected = reign(self.context, model_file).version
        label(self.context, self.upstream, 5, is_flipped=True)
        accept(self.context, self.upstream, 6, is_flipped=True)
        label(self.context, self.upstream, 6, is_flipped=True)
        return accept(self.context, self.upstream, 7, is_flipped=True)

    def without_champion(self) -> str:
        """Return the model its first labelled weeks; give the batch to decide about."""
        return begin(self.context, self.upstream)

    def run(self, batch: str, **conf: Any) -> KeptRun:
        """Return a run by hand that retrains about a batch."""
        self.n_runs += 1
        dag_run = DagRun(
            dag_id=f"continual_training__{self.name}",
            run_id=f"manual__{self.n_runs}",
            conf={**FORCE, "batch": batch, **conf},
            triggering_user_name="ada",
            run_type="manual",
        )
        run = KeptRun(dag_run, file=self.folder / f"run-{self.n_runs}.json")
        run.save()
        return run

    def play(self, run: KeptRun, failpoint: str = "", **conditions: Any) -> int:
        """Play a run on in a process of its own; give the exit code."""
        return ended(self.begin(run, failpoint, **conditions))

    def begin(self, run: KeptRun, failpoint: str = "", **conditions: Any) -> Any:
        """Start a process that plays a run on."""
        return start(run.file, dict(self.environment), Conditions(failpoint, **conditions))

    def read(self, run: KeptRun) -> KeptRun:
        """Return a run as its processes left it."""
        return KeptRun.load(run.file)

    def clear(self, run: KeptRun, task_id: str) -> KeptRun:
        """Clear a task of a run, with all that comes after it."""
        cleared = self.read(run)
        cleared.clear(task_id)
        cleared.save()
        return cleared

    def champion(self) -> str | None:
        """Return the version that the champion alias names."""
        bearer = self.context.registry.get_alias(self.name, "champion")
        return None if bearer is None else bearer.version

    def kinds(self) -> list[str]:
        """Return the kinds of the alerts that were raised, in order; not what incidents add."""
        told = [entry.alert for entry in self.ledger.alerts.history(self.name)]
        return [alert.kind for alert in told if not alert.message_key.startswith("incident:")]

    def hold(self, outcome: str, *runs: KeptRun, is_over: bool = True) -> None:
        """Assert the invariants and enter the case into the table.

        Args:
            outcome: What came of it, for the table.
            runs: Runs that must have come through; none where a refusal is the right end.
            is_over: False in the middle of a fault: alerts may wait, an intent may be open.
        """
        if is_over:
            deliver_pending(self.context)
        told = [self.read(run) for run in runs]
        broken = broken_invariants(self, told, is_over=is_over)
        if is_over or broken:
            self.table.enter(self.case, outcome, broken)
        assert broken == {}
