"""How often the watch rolls back a champion that is not worse, and how surely one that is.

    python -m bench.watch                     played watches with known answers
    python -m bench.watch ../shared/data/streams    and models of neighbouring windows on streams

Both play ``judge_watch`` as the suite does, with its default length and error.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bench.policy_streams import KnownStream, find_streams
from rich.console import Console
from rich.table import Table

from evergreen.backtest.engine.models import ModelKey, Models
from evergreen.backtest.engine.read_table import read_stream
from evergreen.promotion.watch import PRIOR_SD, WatchedBatch, judge_watch
from evergreen.spec.promoting import PromotionRule

RULE = PromotionRule()
LIVES, LIVES_OF_POWER = 3000, 500
SES, BETWEEN = (0.006, 0.015, 0.03), (0.0, 0.01, 0.025, 0.05)
LOSSES = (0.02, 0.03, 0.05, 0.1)
GAPS, EDGES, HORIZON = (2, 8), 25, 7

Watch = list[WatchedBatch]


class OnStream(NamedTuple):
    """What became of the watches on one stream."""

    n_watches: int
    n_rolled_back: int
    n_false: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.watch")
    parser.add_argument("streams", type=Path, nargs="?", help="folder of Parquet tables")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    console = Console()
    for n_earlier in (0, 5):
        console.print(_played(np.random.default_rng(asked.seed), n_earlier))
    if asked.streams is not None:
        console.print(_on_streams(asked.streams, asked.seed))
    return 0


def is_rolled_back(batches: Watch, earlier: Sequence[Watch] = ()) -> bool:
    """Return whether any look of a watch says "worse"."""
    return any(
        judge_watch(
            batches[:look],
            metric="auc",
            n_batches=RULE.watch_batches,
            error=RULE.watch_error,
            prior=PRIOR_SD,
            earlier=earlier,
        ).verdict
        == "worse"
        for look in range(1, min(len(batches), RULE.watch_batches) + 1)
    )


def _played(rng: np.random.Generator, n_earlier: int) -> Table:
    title = f"share rolled back after {n_earlier} earlier watches"
    table = Table("error of a gain", "between batches", "equal", title=title)
    for loss in LOSSES:
        table.add_column(f"{loss:g} worse")
    for se in SES:
        for between in BETWEEN:
            shares = [_share(rng, n_earlier, 0.0, se, between, LIVES)]
            shares += [_share(rng, n_earlier, loss, se, between, LIVES_OF_POWER) for loss in LOSSES]
            table.add_row(f"{se:g}", f"{between:g}", *(f"{share:.3f}" for share in shares))
    return table


def _share(  # noqa: PLR0917 - one cell of the table
    rng: np.random.Generator, n_earlier: int, loss: float, se: float, between: float, lives: int
) -> float:
    def play(mean: float) -> Watch:
        gains = rng.normal(mean, math.hypot(se, between), RULE.watch_batches)
        return [WatchedBatch(batch="", n_rows=0, gain=float(gain), se=se) for gain in gains]

    played = [
        is_rolled_back(play(-loss), [play(0.0) for _ in range(n_earlier)]) for _ in range(lives)
    ]
    return sum(played) / lives


def _on_streams(folder: Path, seed: int) -> Table:
    title = "models of neighbouring windows: the newer watched against the older"
    table = Table("stream", "watches", "rolled back", "of them not worse in 7", title=title)
    for path, known in find_streams(folder)[0]:
        found = _on_stream(path, known, seed)
        table.add_row(path.stem, *map(str, found))
    return table


def _on_stream(path: Path, known: KnownStream, seed: int) -> OnStream:
    """Watch the model of each of some edges against that of two and of eight batches before."""
    stream = read_stream(
        path,
        time=known.time,
        target=known.target,
        window=known.window,
        batch=known.batch,
        metric=known.metric,
        label_delay=0,
    )
    models, last = Models(stream, seed=seed), stream.n_batches - HORIZON - 1
    pairs = [
        (edge, edge - gap)
        for edge in range(max(GAPS), last, max(1, stream.n_batches // EDGES))
        for gap in GAPS
    ]
    models.fit_all({ModelKey(edge) for pair in pairs for edge in pair}, jobs=2, on_fit=_nothing)
    n_rolled_back = n_false = 0
    for new, old in pairs:
        # The batch at the edge is the holdout that the new one would have won on.
        gains = [models.gain(ModelKey(new), ModelKey(old), new + 1 + n) for n in range(HORIZON)]
        watch = [WatchedBatch(batch="", n_rows=0, gain=g[0], se=g[1]) for g in gains if g]
        if is_rolled_back(watch):
            n_rolled_back += 1
            n_false += sum(batch.gain or 0.0 for batch in watch) >= 0
    return OnStream(len(pairs), n_rolled_back, n_false)


def _nothing() -> None:
    """Nobody waits for single fits."""


if __name__ == "__main__":
    raise SystemExit(main())
