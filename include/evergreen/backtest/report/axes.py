"""Axes of the pictures: from values to pixels, and ticks that people like to read."""

import math
from dataclasses import dataclass

import numpy as np

from evergreen.backtest.engine.times import Moments
from evergreen.presentation.phrases import plural

NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
HOURS = (1, 3, 6, 12)
DAYS = (1, 2, 7, 14)
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)
MAX_TRIED = 5_000
MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Scale:
    """A straight line from values ``low``..``high`` to pixels ``start``..``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


@dataclass(frozen=True)
class Tick:
    """A value of an axis, with what is written beside it."""

    at: float
    label: str


def value_ticks(low: float, high: float, *, most: int) -> list[Tick]:
    """At most ``most`` round values within ``low``..``high``, labelled with equal decimals."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return [Tick(low, f"{low:.3f}")]
    step = _nice_step(span, most)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step, decimals) != round(step, decimals + 1):
        decimals += 1
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [Tick(i * step, f"{i * step + 0.0:.{decimals}f}") for i in range(first, last + 1)]


def share_ticks(low: float, high: float, *, most: int) -> list[Tick]:
    """Return ticks of a share 0..1, labelled in per cent."""
    ticks = value_ticks(low * 100, high * 100, most=most)
    return [Tick(tick.at / 100, f"{tick.label}%") for tick in ticks]


def batch_ticks(moments: Moments | None, n_batches: int, *, most: int) -> list[Tick]:
    """Return ticks over batches 0..n-1: dates where the batches have them, else their numbers.

    Args:
        moments: When each edge lies, shape (n + 1,), or None.
        n_batches: n.
        most: Ticks at most.
    """
    if moments is not None and n_batches > 1 and moments[0] < moments[n_batches - 1]:
        ticks = _calendar_ticks(moments[:n_batches], most)
        if ticks:
            return ticks
    step = max(1, math.ceil(_nice_step(max(n_batches - 1, 1), most)))
    return [Tick(i, f"{i:,}") for i in range(0, n_batches, step)]


def moment_label(moments: Moments | None, batch: int) -> str:
    """Return a batch as people read it: by the day it begins, else by how many came before it."""
    if moments is None:
        return f"{plural(batch, 'batch')} after the first"
    return f"batch of {moments[batch].item():%d %b %Y}"


def _nice_step(span: float, most: int) -> float:
    raw = span / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return float(next(n * power for n in NICE if n * power >= raw * (1 - 1e-9)))


def _calendar_ticks(starts: Moments, most: int) -> list[Tick]:
    for unit, steps in (("h", HOURS), ("D", DAYS), ("M", MONTHS)):
        first, last = starts[0].astype(f"M8[{unit}]"), starts[-1].astype(f"M8[{unit}]")
        for step in steps:
            if int((last - first).astype(np.int64)) // step > MAX_TRIED:
                continue
            marks = np.arange(first, last + 1)
            marks = marks[marks.astype(np.int64) % step == 0]
            marks = marks[(marks >= starts[0]) & (marks <= starts[-1])]
            if marks.size <= most:
                return _at_batches(marks, starts, unit, step) if marks.size > 1 else []
    return []


def _at_batches(marks: Moments, starts: Moments, unit: str, step: int) -> list[Tick]:
    days = starts.astype("M8[us]").astype(np.int64)
    places = np.interp(
        marks.astype("M8[us]").astype(np.int64), days, np.arange(days.size, dtype=np.float64)
    )
    return [
        Tick(float(at), _calendar_label(mark, unit, step, is_first=i == 0))
        for i, (at, mark) in enumerate(zip(places, marks, strict=True))
    ]


def _calendar_label(mark: np.datetime64, unit: str, step: int, *, is_first: bool) -> str:
    moment = mark.astype("M8[us]").item()
    if unit == "h":
        return f"{moment:%d %b}" if moment.hour == 0 else f"{moment:%H:%M}"
    if unit == "D":
        return f"{moment:%d %b}"
    if step >= MONTHS_A_YEAR:
        return f"{moment:%Y}"
    return f"{moment:%b %Y}" if is_first or moment.month == 1 else f"{moment:%b}"
