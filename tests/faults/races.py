"""Races between promoters, with what each called and was answered written down."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from evergreen.errors import ChampionChangedError, StaleTokenError
from evergreen.ledger.ledger import Ledger
from evergreen.promotion.ports import AliasRegistry, PromotionLedger
from evergreen.promotion.projection import reconcile
from evergreen.promotion.protocol import promote
from evergreen.records import ModelVersion
from faults.linearizable import Answer, Operation

LONGEST_PAUSE_SECONDS = 0.006


class Died(BaseException):
    """The promoter died here; nothing may catch it."""


@dataclass
class QuickRegistry:
    """An alias as MLflow's: whoever writes last wins, each call taking a while of its own.

    Attributes:
        dies_before_write: The next alias write of this promoter does not come.
    """

    alias: dict[str, str]
    random: np.random.Generator
    dies_before_write: bool = False

    def get_alias(self, model: str, alias: str) -> ModelVersion | None:
        """Return the version that bears the alias."""
        self._pause()
        named = self.alias.get(model)
        return None if named is None else self.get_version(model, named)

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Write the alias, sooner or later."""
        self._pause()
        if self.dies_before_write:
            raise Died
        self.alias[model] = version

    def get_version(self, model: str, version: str) -> ModelVersion:
        """Return a version; all are there."""
        return ModelVersion(
            model=model,
            version=version,
            run_id="run",
            sha256=sha_of(version),
            idempotency_key=version,
            is_ready=True,
        )

    def _pause(self) -> None:
        time.sleep(float(self.random.uniform(0, LONGEST_PAUSE_SECONDS)))


Promoter = Callable[[str, str], Answer]
Reader = Callable[[], str | None]


@dataclass
class Race:
    """One race: promoters that all expect the same champion, and readers beside them."""

    model: str
    expected: str
    history: list[Operation] = field(default_factory=list)

    def run(
        self, promoters: Sequence[tuple[str, Promoter]], read: Callable[[], str | None]
    ) -> None:
        """Let all begin at one barrier; each writes down what it called and was answered."""
        barrier = threading.Barrier(len(promoters) + 1)

        def promoting(version: str, promoter: Promoter) -> None:
            barrier.wait()
            invoked = time.monotonic()
            answer = promoter(version, self.expected)
            returned = inf if answer == "info" else time.monotonic()
            self.history.append(Operation("cas", version, invoked, returned, self.expected, answer))

        def reading() -> None:
            barrier.wait()
            for _ in range(3):
                self.look(read)

        threads = [threading.Thread(target=promoting, args=one) for one in promoters]
        threads.append(threading.Thread(target=reading))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def look(self, read: Reader) -> None:
        """Read the champion, and write down what came."""
        invoked = time.monotonic()
        value = read()
        self.history.append(Operation("read", value, invoked, time.monotonic()))


@dataclass(frozen=True)
class Contestant:
    """One promoter of the protocol, as a process of its own would have it.

    Attributes:
        with_token: It claims the lane first, as a run does; else it is a person's order.
        dies_before_commit: It dies after the alias, before the ledger knows.
    """

    ledger: Ledger
    registry: AliasRegistry
    model: str
    with_token: bool = True
    dies_before_commit: bool = False

    def __call__(self, version: str, expected: str) -> Answer:
        """Promote; tell how it ended."""
        promotions: PromotionLedger = self.ledger.promotions
        if self.dies_before_commit:
            promotions = Mortal(self.ledger)
        decision = f"decision {version}"
        try:
            token = None
            if self.with_token:
                token = self.ledger.promotions.take_lane(self.model, decision)
            promote(
                promotions,
                self.registry,
                model=self.model,
                version=version,
                sha256=sha_of(version),
                expected_champion=expected,
                decision_id=decision,
                kind="promotion",
                reason="a race",
                token=token,
            )
        except ChampionChangedError:
            return "fail"
        except StaleTokenError:
            return "refused"
        except Died:
            return "info"
        return "ok"


class Mortal:
    """A ledger whose caller dies before it commits."""

    def __init__(self, ledger: Ledger) -> None:
        self._promotions = ledger.promotions
        self.latest = self._promotions.latest
        self.by_decision = self._promotions.by_decision
        self.history = self._promotions.history
        self.write_intent = self._promotions.write_intent

    def commit(self, model: str, epoch: int) -> None:
        """Die."""
        raise Died


def naive(registry: AliasRegistry, model: str) -> Promoter:
    """Return a promoter of the naive protocol: read the alias, compare, set it."""

    def promoter(version: str, expected: str) -> Answer:
        bearer = registry.get_alias(model, "champion")
        if bearer is None or bearer.version != expected:
            return "fail"
        registry.set_alias(model, "champion", version)
        return "ok"

    return promoter


def settle(ledger: Ledger, registry: AliasRegistry, model: str) -> None:
    """Do what the watchdog does after a crash."""
    reconcile(ledger.promotions, registry, model)


def sha_of(version: str) -> str:
    """Return the made-up sha256 of a version."""
    return version.rjust(64, "0")
