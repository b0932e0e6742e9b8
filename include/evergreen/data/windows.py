"""Which span of event time each step uses: training, holdout, and the rows in them."""

from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from evergreen.records import Window

if TYPE_CHECKING:
    from evergreen.spec.model import Windows


def training_and_holdout(
    newest_matured_end: datetime, windows: "Windows", *, training_days: float | None = None
) -> tuple[Window, Window]:
    """Return the window that a challenger learns from and the one it is judged on.

    The holdout is the newest matured span, training the span just before it: no overlap.

    Args:
        newest_matured_end: End, in UTC, of the newest period whose labels have arrived.
        windows: The spec's lengths.
        training_days: Length of training for this run, instead of the spec's.

    Returns:
        (training, holdout); ``training.end == holdout.start``.
    """
    holdout = Window.ending(newest_matured_end, days=windows.holdout_days)
    days = windows.training_days if training_days is None else training_days
    return Window.ending(holdout.start, days=days), holdout


def overlaps(one: Window, other: Window) -> bool:
    """Return whether two windows share a moment; windows that only touch do not."""
    return max(one.start, other.start) < min(one.end, other.end)


def inside(times: pa.ChunkedArray, window: Window) -> pa.ChunkedArray:
    """Return for each moment whether it lies in a window, start included, end excluded.

    Args:
        times: Timestamps with timezone; null gives null, which no filter lets through.
        window: The span.
    """
    start, end = (pa.scalar(moment, type=times.type) for moment in (window.start, window.end))
    return pc.and_(pc.greater_equal(times, start), pc.less(times, end))
