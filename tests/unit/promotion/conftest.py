"""An in-memory ledger with compare-and-set, an alias without, a fuse that kills at each step."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from evergreen.errors import ChampionChangedError, StaleTokenError
from evergreen.records import ModelVersion, Promotion

MODEL = "flights"


def sha(version: str) -> str:
    return version.rjust(64, "0")


class Killed(BaseException):
    """The process died here; nothing may catch it."""


class Fuse:
    """Kills at the ``at``-th step; a step is just before or just after any call to an adapter."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed


class FakeLedger:
    def __init__(self) -> None:
        self.rows: list[Promotion] = []
        self.token = 0
        self.fuse = Fuse()
        self.lock = threading.Lock()

    def latest(self, model: str) -> Promotion | None:
        history = self.history(model)
        return history[-1] if history else None

    def by_decision(self, model: str, decision_id: str) -> Promotion | None:
        return next((r for r in self.history(model) if r.decision_id == decision_id), None)

    def history(self, model: str) -> Sequence[Promotion]:
        self.fuse.step()
        with self.lock:
            return [row for row in self.rows if row.model == model]

    def take_lane(self, model: str, decision_id: str) -> int:
        self.fuse.step()
        with self.lock:
            self.token += 1
            return self.token

    def write_intent(self, model: str, *, token: int | None = None, **fields: object) -> Promotion:
        self.fuse.step()
        row = Promotion.model_validate(
            {"model": model, "state": "intent", "promoted_at": datetime.now(UTC), **fields}
        )
        with self.lock:
            self.token += token is None
            if token not in (None, self.token):
                raise StaleTokenError("stale")
            for other in self.rows:
                if other.epoch == row.epoch or other.decision_id == row.decision_id:
                    raise ChampionChangedError("taken")
            self.rows.append(row)
        self.fuse.step()
        return row

    def commit(self, model: str, epoch: int) -> None:
        self.fuse.step()
        with self.lock:
            self.rows = [
                row.model_copy(update={"state": "committed"}) if row.epoch == epoch else row
                for row in self.rows
            ]
        self.fuse.step()


class FakeRegistry:
    """Versions 1 to 99 exist; ``writes`` is the history of the alias."""

    def __init__(self) -> None:
        self.versions = {str(n): make_version(str(n)) for n in range(1, 100)}
        self.alias: str | None = None
        self.writes: list[str] = []
        self.fuse = Fuse()
        self.pauses: np.random.Generator | None = None

    def get_alias(self, model: str, alias: str) -> ModelVersion | None:
        self._pause()
        self.fuse.step()
        return None if self.alias is None else self.versions[self.alias]

    def set_alias(self, model: str, alias: str, version: str) -> None:
        assert alias == "champion"
        self._pause()
        self.fuse.step()
        self.alias = version
        self.writes.append(version)
        self.fuse.step()

    def get_version(self, model: str, version: str) -> ModelVersion | None:
        return self.versions.get(version)

    def _pause(self) -> None:
        if self.pauses is not None:
            time.sleep(float(self.pauses.uniform(0, 0.004)))


def make_version(version: str) -> ModelVersion:
    return ModelVersion(
        model=MODEL,
        version=version,
        run_id="r",
        sha256=sha(version),
        idempotency_key=version,
        is_ready=True,
    )


class World:
    """Ledger and registry of one model, and the invariants that hold after every fault."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.registry = FakeRegistry()

    def arm(self, at: int | None) -> Fuse:
        fuse = Fuse(at)
        self.ledger.fuse = self.registry.fuse = fuse
        return fuse

    def check(self) -> None:
        """Alias follows the ledger; epochs have no gap; one row per decision; all committed."""
        rows = self.ledger.rows
        assert [row.epoch for row in rows] == list(range(1, len(rows) + 1))
        assert len({row.decision_id for row in rows}) == len(rows)
        assert {row.state for row in rows} <= {"committed"}
        assert self.registry.alias == (rows[-1].version if rows else None)
        before = [None, *(row.version for row in rows)]
        assert [row.previous_version for row in rows] == before[: len(rows)]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def new_world() -> type[World]:
    return World
