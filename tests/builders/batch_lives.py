"""Lives of a model under a policy, from its first batch on, in a ledger: decided by the real rules.

The champion does harm for a while, some batches hold a fault, drift comes and goes, and a former
champion fits again, so that a policy says most of what it can say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from builders.ledger_rows import SHA
from builders.signals import make_decay, make_drift, make_estimate, make_rules
from evergreen.data.batches import BatchNumbers, batch_id
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.policy import decide
from evergreen.records import QualityResult, Snapshot, Window
from evergreen.signals import LabelledBatch, ModelFacts, PolicySignals, PolicyState, RivalGain

START = datetime(2013, 1, 1, tzinfo=UTC)
MODEL = "flights"
HARMED = range(8, 11)
BROKEN = range(15, 17)
FITS_AGAIN = range(18, 20)
LOOK_BACK = 3
FIGURES = re.compile(r"[\d.,-]+")


@dataclass(frozen=True)
class Shape:
    """How batches come: one of ``first_days`` days, then one every ``every_days``."""

    every_days: float
    first_days: float = 84
    label_delay_days: float = 0
    n_batches: int = 26

    def windows(self) -> list[Window]:
        """Return what the batches stand for, oldest first."""
        first = Window(start=START, end=START + timedelta(days=self.first_days))
        step = timedelta(days=self.every_days)
        later = [
            Window(start=first.end + n * step, end=first.end + (n + 1) * step)
            for n in range(self.n_batches - 1)
        ]
        return [first, *later]


@dataclass(frozen=True)
class Known:
    """What there is when a batch is decided about."""

    numbers: BatchNumbers
    matured: Sequence[Window]
    champion: ModelFacts | None
    rivals: tuple[ModelFacts, ...]

    def signals(self, window: Window) -> PolicySignals:
        """Return what the policy is given of a batch."""
        number = self.numbers.number_of(window)
        through = None if self.champion is None else self.champion.trained_through
        faults = ("column temp is all null",) if number in BROKEN else ()
        return PolicySignals(
            batch=batch_id(window.start),
            number=number,
            champion_version=None if self.champion is None else self.champion.version,
            champion=self.champion,
            rivals=self.rivals,
            labelled=tuple(self._labelled(one) for one in self.matured[-LOOK_BACK:]),
            holdout_batches=1,
            drift=self.champion and make_drift(10 if number % 7 == 0 else 0, faults=faults),
            decay=self.champion and make_decay("decayed" if number in HARMED else "stable"),
            n_training_rows=6000 if self.matured else 0,
            n_holdout_rows=1000 if self.matured else 0,
            batches_since_champion=None if through is None else max(0, number + 1 - through),
        )

    def _labelled(self, window: Window) -> LabelledBatch:
        number, champion = self.numbers.number_of(window), self.champion
        is_judged = champion is not None and champion.trained_through <= number > 0
        is_harmed = number in HARMED and champion and champion.trained_through <= HARMED.start
        gains = self.rivals if is_judged and number in FITS_AGAIN else ()
        return LabelledBatch(
            number=number,
            batch=batch_id(window.start),
            champion=make_estimate(0.4 if is_harmed else 0.8) if is_judged else None,
            rivals=tuple(RivalGain(version=one.version, gain=0.2, se=0.01) for one in gains),
        )


def live(ledger: Ledger, policy: str, shape: Shape) -> list[Decision]:
    """Let a model live under a policy; give the decisions, one of each kind of sentence."""
    rules = make_rules(policy, every_batches=5, cool_down_batches=3 if policy != "default" else 0)
    rules = replace(rules, min_training_rows=1, min_holdout_rows=1)
    windows = shape.windows()
    numbers = BatchNumbers.of_first(windows[0], every_days=shape.every_days)
    state, models = PolicyState(counted_from=numbers.start), list[ModelFacts]()
    for window in windows:
        seen = window.end - timedelta(days=shape.label_delay_days)
        matured = [one for one in windows if one.end <= seen and one.start < window.start]
        known = Known(numbers, matured, models[-1] if models else None, tuple(models[-2:-1]))
        signals = known.signals(window)
        decision, state = decide(signals, state, rules)
        _deliver(ledger, signals.batch, window)
        made = ledger.decisions.open(
            MODEL,
            signals.batch,
            f"run_{signals.batch}",
            decision=decision,
            signals=signals,
            spec_hash=SHA,
            state_after=state,
        )
        if decision.verdict in ("bootstrap", "retrain"):
            end = matured[-1].end - timedelta(days=shape.every_days)
            through = numbers.first_from(end)
            models.append(ModelFacts(version=f"{len(models) + 1}", trained_through=through))
        ledger.decisions.close(
            made.id,
            outcome="stood_down" if decision.verdict == "stand_down" else "kept",
            sentence="as said",
            challenger_version=None,
            champion_after=models[-1].version if models else None,
            evaluation=None,
            report_path=None,
        )
    return _of_each_kind(ledger.decisions.history(MODEL))


def _of_each_kind(decisions: Sequence[Decision]) -> list[Decision]:
    """Return the first and the last decision of each kind of sentence."""
    kinds: dict[str, list[Decision]] = {}
    for one in decisions:
        kinds.setdefault(FIGURES.sub("#", one.sentence), []).append(one)
    chosen = {one.id: one for found in kinds.values() for one in (found[0], found[-1])}
    return list(chosen.values())


def _deliver(ledger: Ledger, batch: str, window: Window) -> None:
    ledger.batches.record_snapshot(
        Snapshot(
            model=MODEL,
            batch=batch,
            kind="data",
            path=f"snapshots/{batch}",
            sha256=SHA,
            n_rows=6000,
            window=window,
        )
    )
    result = QualityResult(verdict="accepted", rules=(), sentence="all rules are met")
    ledger.batches.record_quality(MODEL, "data", batch, result)
