"""What the rule costs where data drift: the share kept by ``default``, with it and without."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.policy_streams import KnownStream

from evergreen.backtest.engine.models import Models
from evergreen.backtest.engine.policy_inputs import Eyes
from evergreen.backtest.engine.promotion_gate import Gate
from evergreen.backtest.engine.read_table import read_stream
from evergreen.backtest.engine.replay import play
from evergreen.backtest.engine.results import PolicyRun
from evergreen.backtest.report.summary import MIN_GAIN
from evergreen.metrics import higher_is_better
from evergreen.spec.deciding import Policy
from evergreen.spec.promoting import Level, PromotionRule

# Newest labelled rows that a training leaves out, in batches: a week of weekly ones, or less.
HOLDOUTS = (1.0, 0.25)
# Half of what the smallest stream has in a quarter of a batch.
MIN_ROWS = 20
LEVELS: tuple[Level, ...] = ("eager", "balanced", "strict")
NO_HOLDOUT, NO_RULE = "no holdout, no rule", "holdout, no rule"
WAYS: tuple[str, ...] = (NO_HOLDOUT, NO_RULE, *LEVELS)


@dataclass(frozen=True)
class KeptWork:
    """One stream to replay each way."""

    path: Path
    known: KnownStream
    holdout_batches: float
    seed: int


class OfWay(NamedTuple):
    """``default`` on one stream: gain over never, in the metric's unit, and what it did."""

    gain: float
    n_fits: int
    n_promotions: int


class OfStream(NamedTuple):
    """One stream with one holdout: what retraining at every batch gains, and each way."""

    stream: str
    holdout_batches: float
    available: float
    ways: dict[str, OfWay]


def play_ways(work: KeptWork) -> OfStream:
    """Replay a stream each way; the yardsticks never and every know no rule."""
    known = work.known
    stream = read_stream(
        work.path,
        time=known.time,
        target=known.target,
        window=known.window,
        batch=known.batch,
        label_delay=known.label_delay,
        metric=known.metric,
    )
    models, rules = Models(stream, seed=work.seed), Policy()
    eyes = Eyes(models)
    never, every = (play(models, eyes, name, rules=rules) for name in ("never", "every"))
    sign = 1.0 if higher_is_better(known.metric) else -1.0
    ways = {}
    for way in WAYS:
        run = play(models, eyes, "default", rules=rules, gate=_gate(way, work.holdout_batches))
        ways[way] = OfWay(_gain(run, never, sign), len(run.fits), len(run.promotions))
    available = _gain(every, never, sign)
    return OfStream(work.path.stem, work.holdout_batches, available, ways)


def with_holdout(streams: list[OfStream], holdout_batches: float) -> list[OfStream]:
    """Return the streams as they were replayed with one holdout."""
    return [one for one in streams if one.holdout_batches == holdout_batches]


def pooled(streams: list[OfStream], way: str) -> float | None:
    """Return the kept share over the streams that gain enough; None where none does."""
    counted = [one for one in streams if one.available >= MIN_GAIN]
    if not counted:
        return None
    gained = sum(one.ways[way].gain for one in counted)
    return gained / sum(one.available for one in counted)


def to_json(streams: list[OfStream]) -> list[dict[str, Any]]:
    """Return everything, for programs: one entry per holdout."""
    return [
        {
            "holdout_batches": holdout,
            "pooled": {way: pooled(with_holdout(streams, holdout), way) for way in WAYS},
            "streams": [
                {
                    "stream": one.stream,
                    "available": one.available,
                    "ways": {way: of_way._asdict() for way, of_way in one.ways.items()},
                }
                for one in with_holdout(streams, holdout)
            ],
        }
        for holdout in HOLDOUTS
    ]


def _gate(way: str, holdout_batches: float) -> Gate | None:
    if way == NO_HOLDOUT:
        return None
    level = next((level for level in LEVELS if level == way), None)
    rule = PromotionRule(level=level) if level else None
    return Gate(rule, holdout_batches=holdout_batches, min_rows=MIN_ROWS)


def _gain(run: PolicyRun, over: PolicyRun, sign: float) -> float:
    return sign * ((run.score or 0.0) - (over.score or 0.0))
