"""Counting all features of a batch in one pass, while the next record batch is being read."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from evergreen.drift.profile.counts import ColumnTally
from evergreen.drift.profile.profile import ColumnProfile

MAX_THREADS = 4
MIN_ROWS_FOR_THREADS = 8192


def count_batches(
    columns: Sequence[ColumnProfile],
    batches: Iterable[pa.RecordBatch],
    *,
    n_threads: int | None = None,
) -> tuple[list[ColumnTally], int]:
    """Count record batches into one tally per column; memory does not grow with the rows.

    Each column is counted by one thread at a time, so the counts do not depend on the threads.

    Args:
        columns: The profile's columns.
        batches: The rows; columns are found by name, others are ignored. At most two record
            batches are held at a time.
        n_threads: Threads to count with; None takes as many as Arrow reads with, 4 at most. Small
            record batches are counted without.

    Returns:
        The tallies, in the order of ``columns``, and the number of rows.
    """
    tallies = [ColumnTally(column) for column in columns]
    if n_threads is None:
        n_threads = min(pa.cpu_count(), MAX_THREADS)
    lanes = [tallies[start::n_threads] for start in range(n_threads)]
    n_rows = 0
    running: list[Future[None]] = []
    with ThreadPoolExecutor(n_threads, thread_name_prefix="drift") as pool:
        for batch in batches:
            n_rows += batch.num_rows
            _finish(running)
            if batch.num_rows < MIN_ROWS_FOR_THREADS or n_threads == 1:
                running = []
                _count(tallies, batch)
            else:
                running = [pool.submit(_count, lane, batch) for lane in lanes]
        _finish(running)
    return tallies, n_rows


def _count(tallies: Sequence[ColumnTally], batch: pa.RecordBatch) -> None:
    for tally in tallies:
        tally.add(batch)


def _finish(running: Iterable[Future[None]]) -> None:
    for future in running:
        future.result()
