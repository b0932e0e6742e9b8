"""Delivering: Parquet parts first, ``manifest.json`` last, so that its presence means complete."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import EmptyWindowError, RequestError
from evergreen.landing.faults import DataFault, Fault, break_table, truncate
from evergreen.records import DeliveredFile, Manifest, Window
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
FIRST_DAY = date(2013, 1, 1)
DAYS_PER_WEEK = 7


class Shelf(Protocol):
    """Where deliveries are put: the few methods of ``storage.store.Store`` that are needed here."""

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file whole."""

    def write_json(self, path: str, payload: Any) -> None:
        """Write a JSON file whole."""

    def delete(self, path: str) -> None:
        """Delete a file or a folder; what is not there is fine."""


@dataclass(frozen=True)
class PlannedBatch:
    """One batch that upstream will deliver: its id, and the period that it stands for."""

    batch: str
    window: Window


def plan_batches(
    frame: "pd.DataFrame",
    *,
    first: date = FIRST_DAY,
    every_days: int = DAYS_PER_WEEK,
    history_weeks: int = 0,
    time_column: str = "scheduled_departure",
) -> list[PlannedBatch]:
    """Return all complete batches of the data, in time order.

    Args:
        frame: The data, with a ``time_column`` in UTC.
        first: First day of the first batch, from midnight UTC.
        every_days: Length of a batch, at least 1.
        history_weeks: Length of the first batch if it is longer, for a quick start; 0: like all
            others.
        time_column: Name of the event time.

    Raises:
        RequestError: A length is too small.
    """
    if every_days < 1 or history_weeks < 0:
        raise RequestError(
            f"every_days is {every_days} and history_weeks {history_weeks};"
            " expected at least 1 and 0"
        )
    last = frame[time_column].max().to_pydatetime()
    start = datetime.combine(first, time(), tzinfo=UTC)
    days = history_weeks * DAYS_PER_WEEK or every_days
    planned: list[PlannedBatch] = []
    while (end := start + timedelta(days=days)) <= last:
        planned.append(PlannedBatch(f"{start:%Y-%m-%d}", Window(start=start, end=end)))
        start, days = end, every_days
    return planned


def find_batch(planned: Sequence[PlannedBatch], batch: str) -> PlannedBatch:
    """Return the planned batch with that id.

    Raises:
        RequestError: There is none; the text names the nearest ones.
    """
    for one in planned:
        if one.batch == batch:
            return one
    near = sorted(planned, key=lambda one: _distance(one.batch, batch))[:3]
    names = ", ".join(sorted(one.batch for one in near)) or "none at all"
    raise RequestError(f"there is no batch {batch!r:.40}; the nearest are {names}")


def select_weeks(planned: Sequence[PlannedBatch], first: int, last: int) -> list[PlannedBatch]:
    """Return the batches that start in the calendar weeks ``first`` to ``last``, both included.

    Weeks are counted from the first batch's start; the first one is week 1.

    Raises:
        RequestError: The range is empty, or no batch starts in it.
    """
    origin = planned[0].window.start if planned else datetime.now(UTC)
    chosen = [
        one
        for one in planned
        if first <= (one.window.start - origin).days // DAYS_PER_WEEK + 1 <= last
    ]
    if not chosen:
        raise RequestError(f"no batch starts in weeks {first} to {last}; there are {len(planned)}")
    return chosen


def sample_rows(frame: "pd.DataFrame", *, seed: int | None, share: float = 0.9) -> "pd.DataFrame":
    """Return a random share of all rows, so that another seed gives other data.

    Data and labels must be delivered from the same sample.

    Args:
        frame: All rows.
        seed: Which rows; None gives all of them.
        share: Share of rows to keep, above 0 and at most 1.

    Raises:
        RequestError: ``share`` is out of range, or ``seed`` negative.
    """
    if seed is None:
        return frame
    if not 0 < share <= 1 or seed < 0:
        raise RequestError(
            f"share is {share} and seed {seed}; expected 0 < share <= 1 and seed >= 0"
        )
    return frame[np.random.default_rng(seed).random(len(frame)) < share]


def deliver_batch(
    store: Shelf,
    spec: ModelSpec,
    frame: "pd.DataFrame",
    window: Window,
    batch: str,
    *,
    fault: Fault | None = None,
    n_parts: int = 2,
    seed: int = 0,
) -> Manifest:
    """Deliver the rows of a window: parts, then the manifest. An earlier delivery is replaced.

    Args:
        store: The landing area.
        spec: Names the columns: key, event time and the delivered features; no label.
        frame: All rows.
        window: Period of the batch.
        batch: Its id, and the name of its folder.
        fault: What goes wrong, if anything.
        n_parts: Number of files.
        seed: Of the fault, where it is random.

    Returns:
        The manifest as written.

    Raises:
        EmptyWindowError: No row lies in the window.
        ValueError: The frame lacks a column, or ``n_parts`` is below 1.
    """
    names = [spec.data.key, spec.data.time_column, *(f.name for f in spec.data.delivered_features)]
    table = _table(frame, names, spec.data.time_column, window)
    if fault in get_args(DataFault):
        table = break_table(table, cast(DataFault, fault), seed=seed)
    return _deliver(store, spec, table, window, batch, kind="data", n_parts=n_parts, fault=fault)


def deliver_labels(
    store: Shelf,
    spec: ModelSpec,
    frame: "pd.DataFrame",
    window: Window,
    batch: str,
    *,
    n_parts: int = 1,
) -> Manifest:
    """Deliver the labels of a window: key and target, then the manifest.

    Args:
        store: The labels' landing area.
        spec: Names the columns.
        frame: All rows, the same that ``deliver_batch`` was given.
        window: Period of the batch.
        batch: Id of the batch whose labels they are.
        n_parts: Number of files.

    Returns:
        The manifest as written.

    Raises:
        EmptyWindowError: No row lies in the window.
        ValueError: The frame lacks a column, or ``n_parts`` is below 1.
    """
    names = [spec.data.key, spec.data.target]
    table = _table(frame, names, spec.data.time_column, window)
    return _deliver(store, spec, table, window, batch, kind="labels", n_parts=n_parts)


def _table(frame: "pd.DataFrame", names: list[str], time_column: str, window: Window) -> pa.Table:
    missing = [name for name in (*names, time_column) if name not in frame.columns]
    if missing:
        raise ValueError(
            f"the frame has no column {', '.join(missing)}; check the data section of the spec"
        )
    times = frame[time_column]
    rows = frame.loc[(times >= window.start) & (times < window.end), names]
    if rows.empty:
        raise EmptyWindowError(f"no row lies in {window}; the data ends at {times.max()}")
    return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)


def _deliver(
    store: Shelf,
    spec: ModelSpec,
    table: pa.Table,
    window: Window,
    batch: str,
    *,
    kind: Literal["data", "labels"],
    n_parts: int,
    fault: Fault | None = None,
) -> Manifest:
    if n_parts < 1:
        raise ValueError(f"n_parts is {n_parts}; a delivery has at least one part")
    # A partial redelivery must not be read: the old manifest is deleted first, the new one written
    # last.
    store.delete(f"{batch}/{MANIFEST}")
    store.delete(batch)
    files = []
    for number, part in enumerate(_split(table, n_parts)):
        data = _parquet(part)
        path = f"part-{number}.parquet"
        is_last = number == n_parts - 1
        if not (fault == "missing_part" and is_last):
            content = truncate(data) if fault == "truncated_part" and is_last else data
            store.write_bytes(f"{batch}/{path}", content)
        digest = hashlib.sha256(data).hexdigest()
        files.append(
            DeliveredFile(path=path, size_bytes=len(data), sha256=digest, n_rows=part.num_rows)
        )
    manifest = Manifest(
        model=spec.name,
        batch=batch,
        kind=kind,
        files=tuple(files),
        n_rows=table.num_rows,
        columns={field.name: str(field.type) for field in table.schema},
        window=window,
    )
    store.write_json(f"{batch}/{MANIFEST}", manifest.to_json())
    return manifest


def _split(table: pa.Table, n_parts: int) -> list[pa.Table]:
    bounds = np.linspace(0, table.num_rows, n_parts + 1).astype(int)
    return [table.slice(bounds[i], bounds[i + 1] - bounds[i]) for i in range(n_parts)]


def _parquet(table: pa.Table) -> bytes:
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _distance(one: str, other: str) -> float:
    try:
        return abs((date.fromisoformat(one) - date.fromisoformat(other)).days)
    except ValueError:
        return float("inf")
