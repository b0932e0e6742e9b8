"""Batch ids and batch numbers.

An id is the start of a batch's period in UTC, as ``2013-01-08`` or ``2013-01-08T06:00``. A number
counts the periods from a model's first accepted batch; people see ids, never numbers.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor

from evergreen.records import Window

BATCH_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2})?")
ONE_MINUTE = timedelta(minutes=1)
ROUNDING = 1e-6


@dataclass(frozen=True)
class BatchNumbers:
    """The numbers of a model's batches: 0 for the first accepted one, then one more per period.

    A number is a place on a grid in time, not a count of rows in a table. So it does not depend on
    when it is computed: a gap, a batch that is rejected, withdrawn or delivered again, or one that
    fills a gap later does not change the number of any other batch. A batch has the number of the
    *last* period that it reaches into. So a first batch with twelve weeks of history is 0 and the
    week after it 1, and a delivery that makes up for three missed weeks is three more than the one
    before it.

    The first accepted batch fixes the grid permanently: ``start`` is kept in the policy's memory.
    Only a batch that is still older and accepted later moves it, back by whole periods
    (``reaching``), so that no number is negative; the memory is renumbered with it.

    Attributes:
        start: Start of the period that is number 0.
        every_days: Length of a period.
    """

    start: datetime
    every_days: float

    @classmethod
    def of_first(cls, first: Window, *, every_days: float) -> "BatchNumbers":
        """Return the numbers that begin with a model's first accepted batch."""
        return cls(first.end - timedelta(days=every_days), every_days)

    def number_of(self, window: Window) -> int:
        """Return the number of the batch that covers a window."""
        return floor(self._periods(window.end) - 0.5)

    def first_from(self, moment: datetime) -> int:
        """Return the number of the first period that begins at or after a moment."""
        return ceil(self._periods(moment) - ROUNDING)

    def shift_from(self, start: datetime) -> int:
        """Return by how much numbers here are lower than numbers that count from ``start``."""
        return floor(-self._periods(start) + ROUNDING)

    def reaching(self, window: Window) -> "BatchNumbers":
        """Return the numbers moved back by whole periods where a window would lie before 0."""
        n_before = min(0, self.number_of(window))
        return BatchNumbers(
            self.start + n_before * timedelta(days=self.every_days), self.every_days
        )

    def _periods(self, moment: datetime) -> float:
        return (moment - self.start) / timedelta(days=self.every_days)


def is_batch_id(text: str) -> bool:
    """Whether a text is a batch id: an ISO date that exists, with or without hours and minutes."""
    if not BATCH_ID.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def batch_start(batch: str) -> datetime:
    """Return the moment, in UTC, at which a batch's period starts.

    Raises:
        ValueError: It is not a batch id.
    """
    if not is_batch_id(batch):
        raise ValueError(
            f"{batch!r:.60} is not a batch id; expected 2013-01-08 or 2013-01-08T06:00"
        )
    return datetime.fromisoformat(batch).replace(tzinfo=UTC)


def batch_id(moment: datetime) -> str:
    """Return the id of the batch whose period starts at ``moment``, which is cut to the minute.

    Raises:
        ValueError: The moment has no timezone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no timezone; batch ids are in UTC")
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M").zfill(16)
    return text.removesuffix("T00:00")


def following(batch: str, *, every_days: float) -> str:
    """Return the id that follows when a batch comes every ``every_days`` days.

    Raises:
        ValueError: ``batch`` is not a batch id, the step is shorter than a minute, or the result
            lies beyond the calendar.
    """
    step = timedelta(days=every_days)
    if step < ONE_MINUTE:
        raise ValueError(f"every_days is {every_days}; batches are at least one minute apart")
    try:
        return batch_id(batch_start(batch) + step)
    except OverflowError as err:
        raise ValueError(f"{every_days} days after {batch} lies beyond the calendar") from err


def next_batch(
    landed: Sequence[str], known: Collection[str], *, expected: str | None = None
) -> str | None:
    """Return the batch to take next: the earliest landed one that is later than every known one.

    A gap does not delay the batches after it. A batch that lands late, before a known one, is not
    taken automatically. Names that are not batch ids are skipped.

    Args:
        landed: Names of the folders whose manifest has arrived, in any order.
        known: Batches that were taken before, with any outcome.
        expected: Where to start while nothing is known: earlier batches are skipped.

    Returns:
        The batch's id, or None while there is nothing to take.

    Raises:
        ValueError: ``expected`` is not a batch id.
    """
    candidates = _by_start(landed)
    passed = _by_start(known)
    if passed:
        newest = batch_start(passed[-1])
        candidates = [batch for batch in candidates if batch_start(batch) > newest]
    elif expected is not None:
        first = batch_start(expected)
        candidates = [batch for batch in candidates if batch_start(batch) >= first]
    return candidates[0] if candidates else None


def period(batch: str, *, every_days: float) -> Window:
    """Return the period that a batch of ``every_days`` days covers."""
    start = batch_start(batch)
    return Window(start=start, end=start + timedelta(days=every_days))


def _by_start(names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if is_batch_id(name)}, key=lambda b: (batch_start(b), b))
