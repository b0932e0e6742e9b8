"""The batches that ``evergreen land`` delivers: chosen by id, week or date, or the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from evergreen.errors import RequestError, StorageError
from evergreen.landing.deliver import (
    MANIFEST,
    PlannedBatch,
    find_batch,
    plan_batches,
    select_weeks,
)
from evergreen.presentation.datetimes import read_moment
from evergreen.records import Manifest

if TYPE_CHECKING:
    import pandas as pd

    from evergreen.storage.store import Store

ONE_WAY = "choose batches in one way: --batch, or --weeks, or --from and --to; several were given"


@dataclass(frozen=True)
class Choice:
    """The given options; without any: the batch after the newest that has landed."""

    batches: tuple[str, ...] = ()
    weeks: str | None = None
    first: str | None = None
    last: str | None = None

    @property
    def n_ways(self) -> int:
        """How many ways of choosing were used."""
        return bool(self.batches) + (self.weeks is not None) + bool(self.first or self.last)


@dataclass(frozen=True)
class Plan:
    """All batches of the year in time order, and the ones to deliver now."""

    year: tuple[PlannedBatch, ...]
    chosen: tuple[PlannedBatch, ...]

    def labels_due_with(self, batch: PlannedBatch, *, delay: int) -> PlannedBatch | None:
        """Return the batch whose labels arrive together with ``batch``, if there is one."""
        position = self.year.index(batch) - delay
        return self.year[position] if position >= 0 else None


def make_plan(
    frame: "pd.DataFrame",
    choice: Choice,
    landing: "Store",
    *,
    every_days: int,
    history_weeks: int,
) -> Plan:
    """Return the batches to deliver.

    Raises:
        RequestError: The options contradict each other, or match no batch of the data.
    """
    if choice.n_ways > 1:
        raise RequestError(ONE_WAY)
    if choice.n_ways == 0:
        landed = read_landed(landing)
        if landed:
            return _after(landed, frame, every_days=every_days)
    year = plan_batches(frame, every_days=every_days, history_weeks=history_weeks)
    return Plan(tuple(year), tuple(_choose(year, choice)))


def read_landed(landing: "Store") -> list[PlannedBatch]:
    """Return the batches that have a manifest in the landing area, in time order."""
    landed = []
    for folder in landing.list_folders():
        try:
            manifest = Manifest.from_json(landing.read_json(f"{folder}/{MANIFEST}"))
        except (StorageError, ValidationError):
            continue  # incomplete, or not ours: the ingest DAG reports it
        landed.append(PlannedBatch(manifest.batch, manifest.window))
    return sorted(landed, key=lambda one: one.window.start)


def read_weeks(text: str) -> tuple[int, int]:
    """Return first and last week of ``3..8`` or ``3``.

    Raises:
        RequestError: It is no such range.
    """
    first, dots, last = text.partition("..")
    if not first.isdecimal() or not (last if dots else first).isdecimal():
        raise RequestError(f"--weeks is {text!r:.40}; expected 3..8, or one week such as 3")
    return int(first), int(last if dots else first)


def _choose(year: Sequence[PlannedBatch], choice: Choice) -> list[PlannedBatch]:
    if choice.batches:
        return sorted(
            {one.batch: one for one in (find_batch(year, b) for b in choice.batches)}.values(),
            key=lambda one: one.window.start,
        )
    if choice.weeks is not None:
        return select_weeks(year, *read_weeks(choice.weeks))
    if choice.first or choice.last:
        return _between(year, choice.first, choice.last)
    return list(year[:1])


def _between(
    year: Sequence[PlannedBatch], first: str | None, last: str | None
) -> list[PlannedBatch]:
    chosen = [
        one
        for one in year
        if (first is None or one.window.start >= read_moment(first))
        and (last is None or one.window.start <= read_moment(last))
    ]
    if not chosen:
        raise RequestError(
            f"no batch starts from {first or 'the beginning'} to {last or 'the end'}; the data has"
            f" batches from {year[0].batch} to {year[-1].batch}"
        )
    return chosen


def _after(landed: list[PlannedBatch], frame: "pd.DataFrame", *, every_days: int) -> Plan:
    newest = landed[-1]
    following = plan_batches(frame, first=newest.window.end.date(), every_days=every_days)
    if not following:
        raise RequestError(
            f"there is no full batch after the newest, {newest.batch}; deliver one again with"
            f" --batch {newest.batch}"
        )
    return Plan((*landed, following[0]), (following[0],))
