"""What each level of the promotion rule risks and costs: ``make bench-promotion``.

Two models of known AUC are scored on the same rows, thousands of times, and the product's own
comparison and rule judge them: how often is a challenger promoted that is equal, worse by .01 AUC
or better by .01, in one retrain and at least once in a year of 52? Then the policy benchmark is
replayed with each level between challenger and champion's place (STREAMS=folder), to see what
caution costs where data drift. QUICK=1 takes a minute, with shares good to a few per cent.
Progress and notes go to stderr, the tables to stdout, every figure to the JSON file.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from bench.policy_streams import find_streams
from bench.promotion_figures import NAIVE, After, Cell, Found, report_json
from bench.promotion_kept import HOLDOUTS, LEVELS, KeptWork, OfStream, play_ways
from bench.promotion_lives import LIFE, LifeWork, Shares, live, naive
from bench.promotion_page import print_report
from bench.promotion_scores import TRUTHS, Draws, DrawWork, Truth, draw
from rich.console import Console

from evergreen.backtest.report.console import showing_progress
from evergreen.errors import EvergreenError
from evergreen.spec.promoting import Level

PIPED_WIDTH = 140
USER_ERROR = 2
CHUNKS = 4
# After a year that was all the one, a retrain that is the other: where a memory could mislead.
YEARS: tuple[tuple[Truth, Truth], ...] = (
    ("equal", "better"),
    ("better", "equal"),
    ("better", "worse"),
)

Work = TypeVar("Work")
Answer = TypeVar("Answer")
Pools = dict[int, dict[Truth, Draws]]


class Effort(NamedTuple):
    """How much is simulated: draws per holdout size, lives per cell, and years."""

    draws: dict[int, int]
    n_lives: int
    n_years: int


FULL = Effort({200: 4_000, 1_000: 4_000, 5_000: 4_000, 20_000: 2_000}, 500, 1_000)
QUICK = Effort({200: 300, 1_000: 300, 5_000: 200, 20_000: 80}, 32, 60)


class Crew:
    """Processes that work through lists, telling how far they are."""

    def __init__(self, pool: ProcessPoolExecutor, console: Console) -> None:
        self._pool, self._console = pool, console

    def do(self, told: str, task: Callable[[Work], Answer], works: Sequence[Work]) -> list[Answer]:
        """Return the answers in the order of the works."""
        with showing_progress(self._console, told) as advance:
            futures = [self._pool.submit(task, work) for work in works]
            for done, _ in enumerate(as_completed(futures), start=1):
                advance(done, len(futures))
            return [future.result() for future in futures]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; without streams the part that needs them is left out, with a note."""
    asked = _parser().parse_args(arguments)
    notes_to, out = _console(stderr=True), _console(stderr=False)
    streams, notes = _streams(asked)
    for note in notes:
        notes_to.print(f"note: {note}", soft_wrap=True)
    effort, began = QUICK if asked.quick else FULL, time.monotonic()
    # Threads and a fork do not go together, and LightGBM starts threads.
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(asked.jobs, mp_context=context) as pool:
            found = measure(Crew(pool, notes_to), effort, streams, seed=asked.seed)
    except EvergreenError as err:
        notes_to.print(f"Error: {err}", soft_wrap=True)
        return USER_ERROR
    sizes = tuple(effort.draws)
    print_report(out, found, sizes)
    seconds = time.monotonic() - began
    out.print(
        f"{effort.n_lives:,} lives of {LIFE} retrains, seed {asked.seed}, {seconds:.0f} s with"
        f" {asked.jobs} processes"
    )
    if asked.json is not None:
        settings = {"seed": asked.seed, **effort._asdict()}
        report = report_json(found, sizes=sizes, settings=settings, notes=notes)
        text = json.dumps(report, indent=1, allow_nan=False)
        asked.json.write_text(f"{text}\n", encoding="utf-8")
        notes_to.print(f"wrote {asked.json}", soft_wrap=True)
    return 0


def measure(crew: Crew, effort: Effort, streams: Sequence[KeptWork], *, seed: int) -> Found:
    """Draw comparisons, judge lives of them, and replay the streams.

    Raises:
        EvergreenError: A stream cannot be used.
    """
    kept: list[OfStream] = crew.do("Replaying the streams", play_ways, streams)
    pools = _draw_pools(crew, effort, seed)
    return Found(_cells(crew, effort, pools, seed), _after(crew, effort, pools, seed), kept)


def _draw_pools(crew: Crew, effort: Effort, seed: int) -> Pools:
    works = [
        DrawWork(n_rows, n_draws // CHUNKS, (seed, chunk))
        for n_rows, n_draws in sorted(effort.draws.items(), reverse=True)
        for chunk in range(CHUNKS)
    ]
    drawn = crew.do("Comparing models", draw, works)
    return {
        n_rows: {
            truth: _joined(
                one[truth] for work, one in zip(works, drawn, strict=True) if work.n_rows == n_rows
            )
            for truth in TRUTHS
        }
        for n_rows in effort.draws
    }


def _cells(crew: Crew, effort: Effort, pools: Pools, seed: int) -> list[Cell]:
    pairs = [(n_rows, truth) for n_rows in pools for truth in TRUTHS]
    cells = [
        Cell(
            NAIVE,
            n_rows,
            truth,
            naive(pools[n_rows][truth], n_lives=effort.n_lives, seed=(seed, n_rows)),
        )
        for n_rows, truth in pairs
    ]
    keys = [(level, n_rows, truth) for level in LEVELS for n_rows, truth in pairs]
    n_lives = effort.n_lives // CHUNKS
    works = [_life(key, n_lives, (seed, chunk), pools) for key in keys for chunk in range(CHUNKS)]
    counts = np.array(crew.do("Living lives", _live, works)).reshape(len(keys), CHUNKS, 2).sum(1)
    for (level, n_rows, truth), (n_promoted, n_ever) in zip(keys, counts.tolist(), strict=True):
        n_lived = n_lives * CHUNKS
        shares = Shares(n_promoted / (n_lived * LIFE), n_ever / n_lived)
        cells.append(Cell(level, n_rows, truth, shares))
    return cells


def _after(crew: Crew, effort: Effort, pools: Pools, seed: int) -> list[After]:
    levels: tuple[Level, ...] = ("balanced", "strict")
    keys = [
        (level, n_rows, year, now) for level in levels for year, now in YEARS for n_rows in pools
    ]
    works = [
        _life((level, n_rows, year), effort.n_years, (seed,), pools, last=now)
        for level, n_rows, year, now in keys
    ]
    counts = crew.do("Looking back on a year", _live, works)
    return [After(*key, count[0] / effort.n_years) for key, count in zip(keys, counts, strict=True)]


def _life(
    key: tuple[Level, int, Truth],
    n_lives: int,
    seed: tuple[int, ...],
    pools: Pools,
    *,
    last: Truth | None = None,
) -> tuple[LifeWork, dict[Truth, Draws]]:
    level, n_rows, truth = key
    return LifeWork(level, n_rows, truth, n_lives, seed, last), pools[n_rows]


def _live(work: tuple[LifeWork, dict[Truth, Draws]]) -> tuple[int, int]:
    return live(*work)


def _joined(parts: Iterable[Draws]) -> Draws:
    gains, errors = zip(*parts, strict=True)
    return Draws(np.concatenate(gains), np.concatenate(errors))


def _streams(asked: argparse.Namespace) -> tuple[list[KeptWork], list[str]]:
    """Return the real streams, the largest first; the synthetic ones are not pooled."""
    if asked.streams is None:
        return [], ["no folder of streams was named, so kept is left out"]
    found, notes = find_streams(asked.streams)
    real = [(path, known) for path, known in found if known.kind == "real"]
    largest_first = sorted(real, key=lambda one: -one[0].stat().st_size)
    works = [
        KeptWork(path, known, holdout, asked.seed)
        for path, known in largest_first
        for holdout in HOLDOUTS
    ]
    return works, notes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.promotion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "streams", type=Path, nargs="?", help="folder of the policy benchmark's Parquet tables"
    )
    parser.add_argument("--quick", action="store_true", help="few simulations, for a first look")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure here")
    return parser


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


if __name__ == "__main__":
    sys.exit(main())
