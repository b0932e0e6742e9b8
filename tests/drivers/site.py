"""Airflow with the suite's pages, for the browser: real services, and models with a history.

``tiny`` runs under the real scheduler, and its promotions want an approval; ``hostile`` has played
a history in which every free text is an attack; the others have lived for months on paper.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from builders.histories import seed_model
from builders.hostile import HostileUpstream, play_hostile_history, write_hostile_spec
from drivers.history import accept, begin, fit_model, label, reign
from drivers.loop import PARSED_ONCE, PATIENCE_SECONDS, PROJECT, Loop, migrate
from drivers.tiny import NAME, Upstream, write_spec
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.sandbox.services.stack import Stack
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.web.queries.view_models import State
from evergreen.workflows.model_context import ModelContext

TRAINING = f"continual_training__{NAME}"
SETTLED_SECONDS = 3.0  # answered within a second, Airflow may ask again
DAGS = (TRAINING, f"hold__{NAME}")
FILES = ("continual_training.py", "hold.py")
SEEDED: dict[str, State] = {
    "churn": "decaying",
    "credit_default": "waiting_for_approval",
    "delivery_time": "drifting_harmless",
    "demand": "fresh",
    "fraud": "failed",
    "late_arrival": "late",
    "pricing": "frozen",
    "returns": "drifting",
    "search_ranking": "retraining",
    "stock_level": "no_data",
    "tickets": "new",
    "torn": "unreadable",
}


@dataclass(frozen=True)
class Site:
    """A running Airflow whose models have a history."""

    stack: Stack
    ledger: Ledger
    loop: Loop

    @property
    def url(self) -> str:
        """Address of Airflow's UI."""
        return self.stack.airflow_url

    def wait_for_question(self, run_id: str) -> None:
        """Wait until a run asks a person, and Airflow has settled that it waits."""

        def is_asking() -> bool:
            tasks = self.stack.api.task_instances(TRAINING, run_id)
            return any(task.state == "awaiting_input" for task in tasks)

        self.loop.wait_until(is_asking, "a question")
        time.sleep(SETTLED_SECONDS)

    def decided(self, run_id: str) -> Decision:
        """Wait for the end of a training run; give its decision."""
        ended = self.stack.api.wait_for_run(TRAINING, run_id, timeout_seconds=PATIENCE_SECONDS)
        assert ended.state == "success", self.loop.explain()
        (decision,) = self.ledger.decisions.of_run(NAME, run_id)
        return decision

    def wait_for_last_run(self, dag_id: str) -> None:
        """Wait for the good end of the newest run of a DAG."""
        newest = self.stack.api.runs(dag_id)[-1]
        ended = self.stack.api.wait_for_run(dag_id, newest.run_id, timeout_seconds=PATIENCE_SECONDS)
        assert ended.state == "success", self.loop.explain()


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Run Airflow with its models' histories for the length of the block.

    The environment is as before when the block begins: a worker's later tests must not see ours.
    """
    models = folder / "models"
    tiny = write_people_spec(models)
    hostile = write_hostile_spec(models)
    with (
        Stack(
            folder / "home",
            project=PROJECT,
            database="postgres",
            ledger="postgres",
            dags=DAGS,
            dags_folder=chosen(folder / "dags"),
            models_dir=models,
            extra_env=PARSED_ONCE,
            prepare=migrate,
        ) as stack,
        Ledger(stack.ledger_url) as ledger,
    ):
        with patch.dict(os.environ, stack.environment):
            seed_tiny(
                ModelContext(read_settings(), load_spec(tiny, home=stack.home), ledger), folder
            )
            context = ModelContext(read_settings(), load_spec(hostile, home=stack.home), ledger)
            play_hostile_history(context, HostileUpstream.of(hostile, stack.home))
            for seed, (name, state) in enumerate(SEEDED.items()):
                seed_model(stack.home, models, stack.ledger_url, name, state, seed=seed)
        yield Site(stack, ledger, Loop(stack, ledger, Upstream.of(tiny, stack.home)))


def chosen(folder: Path) -> Path:
    """Return a folder with the DAG files that are needed here: parsing the others costs much."""
    folder.mkdir()
    for name in FILES:
        (folder / name).symlink_to(PROJECT / "dags" / name)
    return folder


def write_people_spec(models: Path) -> Path:
    """Write the spec of a model whose promotions want an approval; give its folder."""
    folder = write_spec(models)
    file = folder / "model.yaml"
    text = file.read_text().replace("training_days: 28", "training_days: 7")
    file.write_text(f"{text}promotion: {{approval: required}}\n")
    return folder


def seed_tiny(context: ModelContext, folder: Path) -> None:
    """Return the model a champion of a world that has turned since, so that a challenger wins."""
    upstream = Upstream.of(context.loaded.folder, context.settings.home)
    begin(context, upstream)
    reign(context, fit_model(folder / "fitted"))
    for week in (5, 6):
        if week > 5:
            accept(context, upstream, week, is_flipped=True)
        label(context, upstream, week, is_flipped=True)
    accept(context, upstream, 7, is_flipped=True)
