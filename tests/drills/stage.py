"""The stage of all drills: one running suite with a Slack stand-in, and a shell beside it."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import yaml

from drivers.history import fit_model
from drivers.loop import PARSED_ONCE, PROJECT, migrate
from drivers.tiny import write_spec
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.services.stack import Stack
from standins.slack import SlackServer

COMMAND_SECONDS = 1200.0
PARALLELISM = 8
RUN_SECONDS = 900.0
# A busy machine must not decide about a promotion; a run that waits is started once, not on and on.
RULES: dict[str, Any] = {
    "schedule": "0 0 1 1 *",
    "promotion": {"guards": {"max_latency_ratio": None}},
}


class CommandFailedError(AssertionError):
    """A command of a runbook did not end with 0."""


@dataclass(frozen=True)
class Part:
    """What a drill asks of the stage: the DAGs of its model, and the rules of its spec."""

    model: str
    dags: Sequence[str]
    rules: Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """A running suite.

    Attributes:
        stack: Airflow, MLflow, PostgreSQL.
        ledger: The truth.
        slack: What people would read.
        models_dir: The specs.
        right_model: A file that has learnt the world as it is.
        wrong_model: One that has learnt the opposite.
        one_at_a_time: For what only one thread may do, such as talking to MLflow in this process.
        is_closing: Set when nobody waits for drills any more.
    """

    stack: Stack
    ledger: Ledger
    slack: SlackServer
    models_dir: Path
    right_model: Path
    wrong_model: Path
    one_at_a_time: threading.RLock = field(default_factory=threading.RLock)
    is_closing: threading.Event = field(default_factory=threading.Event)
    _watching: threading.Lock = field(default_factory=threading.Lock)
    _watched: list[float] = field(default_factory=list)

    def link_to_runbook(self, model: str, kind: str) -> str:
        """Return the address of this kind's runbook in a message about the model; empty: none."""
        wanted = re.compile(rf"{self.stack.airflow_url}/evergreen/runbooks/{kind}\?[^|>\"]*")
        for _, _, body in tuple(self.slack.requests):
            found = wanted.search(json.dumps(body))
            if found and f"model={model}" in found[0]:
                return unescape(found[0])
        return ""

    def read_page(self, url: str) -> str:
        """Return the text of one of our pages, as somebody who has logged in reads it."""
        token = {"Authorization": f"Bearer {self._token()}"}
        reply = httpx.get(url, headers=token, timeout=60, trust_env=False)
        return reply.raise_for_status().text

    def watch(self) -> None:
        """Let the watchdog look once; who asks while it looks shares the look that follows."""
        asked = time.monotonic()
        with self._watching:
            if self._watched and self._watched[-1] > asked:
                return
            self._watched.append(time.monotonic())
            run = self.stack.api.trigger("watchdog")
            self.stack.api.wait_for_run("watchdog", run.run_id, timeout_seconds=RUN_SECONDS)

    def shell(self, script: str) -> str:
        """Run commands as a person would, in a shell with the environment of the services.

        Raises:
            CommandFailedError: They ended with an error; the text has what they wrote.
        """
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=self._environment(),
            cwd=self.stack.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if ended.returncode != 0:
            raise CommandFailedError(f"{script}\nended with {ended.returncode}:\n{ended.stdout}")
        return ended.stdout

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{self.stack.environment['PATH']}"
        return {**self.stack.environment, "PATH": path, "AIRFLOW_TOKEN": self._token()}

    def _token(self) -> str:
        """Log in as a person does before typing what talks to Airflow's API."""
        login = {"username": self.stack.username, "password": self.stack.password}
        url = f"{self.stack.airflow_url}/auth/token"
        reply = httpx.post(url, json=login, timeout=60, trust_env=False)
        return str(reply.raise_for_status().json()["access_token"])


@contextmanager
def running_stage(folder: Path, parts: Sequence[Part]) -> Iterator[Stage]:
    """Run the suite with a model for each part, for the length of the block."""
    models = folder / "models"
    for part in parts:
        write_rules(models, part)
    with (
        SlackServer() as slack,
        Stack(
            folder / "home",
            project=PROJECT,
            database="postgres",
            ledger="postgres",
            dags=["watchdog", *(f"{kind}__{part.model}" for part in parts for kind in part.dags)],
            models_dir=models,
            extra_env={"AIRFLOW_CONN_CHAT": connection_to(slack), **PARSED_ONCE},
            parallelism=PARALLELISM,
            prepare=migrate,
        ) as stack,
        Ledger(stack.ledger_url) as ledger,
        patch.dict(os.environ, stack.environment),
    ):
        yield Stage(
            stack=stack,
            ledger=ledger,
            slack=slack,
            models_dir=models,
            right_model=fit_model(folder / "right"),
            wrong_model=fit_model(folder / "wrong", is_flipped=True),
        )


def write_rules(models: Path, part: Part) -> None:
    """Write the spec of the small model with what a part says on top."""
    landing, labels = (f"file://{{home}}/{kind}/{part.model}" for kind in ("landing", "labels"))
    folder = write_spec(models, name=part.model, slack="chat", landing=landing, labels=labels)
    file = folder / "model.yaml"
    spec = yaml.safe_load(file.read_text())
    for rules in (RULES, part.rules):
        for section, said in rules.items():
            spec[section] = {**spec.get(section, {}), **said} if isinstance(said, dict) else said
    file.write_text(yaml.safe_dump(spec))


def connection_to(slack: SlackServer) -> str:
    """Return the Airflow connection to the stand-in."""
    extra = {"base_url": slack.base_url}
    return json.dumps({"conn_type": "slack", "password": "xoxb-made-up", "extra": extra})
