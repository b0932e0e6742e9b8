"""Plays a run in a process of its own that may be killed, and goes on with it in the next one.

What Airflow's database would remember of the run (states, results, conf) is kept in a JSON file
after each task; a task during which the process died has no state and is run again.

The process is forked from a server that has imported what tasks import, as Airflow forks its tasks.
"""

import json
import multiprocessing
import os
import resource
import sys
import traceback
from dataclasses import asdict, dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from drivers.runs import DagRun, TrainingRun

PRELOAD = [
    "evergreen.orchestration.training_tasks",
    "evergreen.orchestration.decision_tasks",
    "evergreen.workflows.alerts.run_alerts",
    "evergreen.workflows.alerts.decision_alerts",
    "evergreen.workflows.promote.promote",
    "evergreen.workflows.decide.close_decision",
    "evergreen.workflows.train.train",
    "evergreen.evaluation.compare",
    "evergreen.training.process",
    "evergreen.drift.measure",
    "evergreen.decay.measure",
    "evergreen.policy",
    "mlflow.tracking",
    "psycopg2",
    "slack_sdk",
]
LONGEST_SECONDS = 300


@dataclass
class KeptRun(TrainingRun):
    """A run that is written down after each of its tasks."""

    file: Path = Path()
    told: dict[str, list[str]] = field(default_factory=dict)

    def _work(self, task_id: str) -> None:
        super()._work(task_id)
        if task_id in self.errors:
            error = self.errors[task_id]
            self.told[task_id] = [type(error).__name__, str(error)]
        self.save()

    def save(self) -> None:
        """Write the run down, whole or not at all."""
        kept = {
            "dag_run": asdict(self.dag_run),
            "returned": self.returned,
            "states": self.states,
            "left": [[*place, value] for place, value in self.left.items()],
            "told": {task: told for task, told in self.told.items() if task in self.states},
        }
        temporary = self.file.with_suffix(".tmp")
        temporary.write_text(json.dumps(kept))
        temporary.replace(self.file)

    @classmethod
    def load(cls, file: Path) -> "KeptRun":
        """Read a run back."""
        kept = json.loads(file.read_text())
        run = cls(
            DagRun(**kept["dag_run"]),
            returned=kept["returned"],
            states=kept["states"],
            file=file,
            told=kept["told"],
        )
        run.left = {(task, key): value for task, key, value in kept["left"]}
        return run


@dataclass(frozen=True)
class Conditions:
    """Under which a process plays.

    Attributes:
        failpoint: Where it kills itself; empty: nowhere.
        memory_bytes: Limit of the address space for the process and its children; 0: none.
        end_task: Airflow says of this task, while it runs, that it is ``failed``.
    """

    failpoint: str = ""
    memory_bytes: int = 0
    end_task: str = ""


def start(
    file: Path, environment: dict[str, str], conditions: Conditions
) -> "multiprocessing.context.ForkServerProcess":
    """Start a process that plays the run in ``file`` on; join it with ``ended``."""
    process = _server().Process(target=_play, args=(file, environment, conditions))
    process.start()
    return process


def ended(process: Any) -> int:
    """Wait for the process; give its exit code, negative for a signal."""
    process.join(LONGEST_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"a run was not through after {LONGEST_SECONDS} s")
    code: int = process.exitcode
    process.close()
    return code


def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


def _play(file: Path, environment: dict[str, str], conditions: Conditions) -> None:
    os.environ.update(environment)
    os.environ["EVERGREEN_TEST_FAILPOINTS"] = "1"
    os.environ["EVERGREEN_FAILPOINT"] = conditions.failpoint
    if conditions.memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (conditions.memory_bytes,) * 2)
    try:
        run = KeptRun.load(file)
        if conditions.end_task:
            run.before = lambda task: (
                run.states.update({task: "failed"}) if task == conditions.end_task else None
            )
        run.play()
        run.save()
    except BaseException:
        traceback.print_exc()
        os._exit(70)
    os._exit(0)


if __name__ == "__main__":
    # Not forked, for what looks at a process from its very start.
    kept_run = KeptRun.load(Path(sys.argv[1]))
    kept_run.play()
    kept_run.save()
