"""Replay the policies on labelled streams: ``make bench-policy``, where they lie ``STREAMS=dir``.

Every policy sees the same streams with the same settings; nothing is tuned per stream. Progress and
notes go to stderr, the tables to stdout, and every figure and back-test to the JSON file.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, MutableMapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple, get_args

from bench.policy_figures import Played, report_json
from bench.policy_page import print_report
from bench.policy_streams import KnownStream, find_streams
from rich.console import Console

from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.report.console import showing_progress
from evergreen.errors import EvergreenError
from evergreen.spec.deciding import PolicyName

SECONDS_BETWEEN_REPORTS = 1.0
PIPED_WIDTH = 140
USER_ERROR = 2

Told = Callable[[int, int], None]
Shared = MutableMapping[int, float]


class Work(NamedTuple):
    """One back-test to do."""

    place: int
    path: Path
    known: KnownStream
    label_delay: int
    policies: tuple[PolicyName, ...] | None
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 also where there is no stream to run it on."""
    asked = _parser().parse_args(arguments)
    notes_to, out = _console(stderr=True), _console(stderr=False)
    found, notes = find_streams(asked.streams)
    if asked.only:
        found = [(path, known) for path, known in found if path.stem in asked.only]
        notes = []
    for note in notes:
        notes_to.print(f"note: {note}", soft_wrap=True)
    if not found:
        notes_to.print("nothing to replay: the policy benchmark is skipped", soft_wrap=True)
        return 0
    began = time.monotonic()
    try:
        played = play_all(_works(found, asked), jobs=asked.jobs, console=notes_to)
    except EvergreenError as err:
        notes_to.print(f"Error: {err}", soft_wrap=True)
        return USER_ERROR
    print_report(out, played)
    out.print(f"seed {asked.seed}, {time.monotonic() - began:.0f} s with {asked.jobs} processes")
    if asked.json is not None:
        text = json.dumps(report_json(played, notes, seed=asked.seed), indent=1, allow_nan=False)
        asked.json.write_text(f"{text}\n", encoding="utf-8")
        notes_to.print(f"wrote {asked.json}", soft_wrap=True)
    return 0


def play_all(works: Sequence[Work], *, jobs: int, console: Console) -> list[Played]:
    """Replay in parallel, the longest first; give the results in the order of ``works``.

    Raises:
        EvergreenError: A stream cannot be used.
    """
    # Threads and a fork do not go together, and LightGBM starts threads.
    context = multiprocessing.get_context("spawn")
    sizes = {work.place: work.path.stat().st_size for work in works}
    largest_first = sorted(works, key=lambda work: -sizes[work.place])
    results: dict[int, BacktestResult] = {}
    with (
        context.Manager() as manager,
        showing_progress(console, "Replaying the streams") as advance,
        ProcessPoolExecutor(jobs, mp_context=context) as pool,
    ):
        shares: Shared = manager.dict()
        futures = {pool.submit(play, work, shares): work for work in largest_first}
        waiting = set(futures)
        while waiting:
            done = {future for future in waiting if future.done()}
            waiting -= done
            for future in done:
                work = futures[future]
                results[work.place] = future.result()
                console.print(f"{work.path.stem}: {results[work.place].seconds:.0f} s")
            done_bytes = sum(share * sizes[place] for place, share in shares.items())
            advance(round(done_bytes), sum(sizes.values()))
            _wait(waiting)
    return [
        Played(work.path.stem, work.known, work.label_delay, results[work.place]) for work in works
    ]


def play(work: Work, shares: Shared) -> BacktestResult:
    """Do one back-test in a process of its own, telling now and then how far it is (0..1)."""
    from evergreen.backtest.engine.read_table import read_stream
    from evergreen.backtest.engine.replay import replay

    known = work.known
    stream = read_stream(
        work.path,
        time=known.time,
        target=known.target,
        window=known.window,
        batch=known.batch,
        label_delay=work.label_delay,
        metric=known.metric,
    )
    result = replay(
        stream, policies=work.policies, seed=work.seed, on_progress=_teller(work.place, shares)
    )
    shares[work.place] = 1.0
    return result


def _teller(place: int, shares: Shared) -> Told:
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_REPORTS:
            last = now
            shares[place] = done / max(total, 1)

    return tell


def _wait(waiting: set[Any]) -> None:
    try:
        next(as_completed(waiting, timeout=SECONDS_BETWEEN_REPORTS), None)
    except TimeoutError:
        return


def _works(found: list[tuple[Path, KnownStream]], asked: argparse.Namespace) -> list[Work]:
    pairs = [
        (path, known, delay)
        for path, known in found
        for delay in (asked.delays or (known.label_delay,))
    ]
    policies = tuple(asked.policy) if asked.policy else None
    return [
        Work(place, path, known, delay, policies, asked.seed)
        for place, (path, known, delay) in enumerate(pairs)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.policy", description=__doc__)
    parser.add_argument("streams", type=Path, help="folder of Parquet tables in order of time")
    parser.add_argument(
        "--delays", type=_delays, help="label delays in batches, such as 0,1,3 (default: its own)"
    )
    parser.add_argument("--only", nargs="+", metavar="STREAM", help="only these streams")
    parser.add_argument(
        "--policy", action="append", choices=get_args(PolicyName), help="default: all"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure here")
    return parser


def _delays(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of batches, such as 0,1,3")
    return tuple(dict.fromkeys(int(part) for part in parts))


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


if __name__ == "__main__":
    sys.exit(main())
