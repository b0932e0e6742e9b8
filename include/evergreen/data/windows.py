"""Which span of event time each step looks at: training, holdout, and the batches in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from evergreen.errors import EmptyWindowError
from evergreen.records import Window

if TYPE_CHECKING:
    from evergreen.spec.model import Windows


def training_and_holdout(
    newest_matured_end: datetime, windows: "Windows", *, training_days: float | None = None
) -> tuple[Window, Window]:
    """Give the window that a challenger learns from and the one it is judged on.

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
    """Whether two windows share a moment; windows that only touch do not."""
    return max(one.start, other.start) < min(one.end, other.end)


def batches_in(window: Window, periods: Mapping[str, Window]) -> list[str]:
    """Give the ids, in time order, of the batches that have a part in a window."""
    inside = [batch for batch, period in periods.items() if overlaps(window, period)]
    return sorted(inside, key=lambda batch: (periods[batch].start, batch))


def rows_in(table: pa.Table, window: Window, *, time_column: str) -> pa.Table:
    """Give the rows whose event time lies in a window: its start included, its end not.

    Args:
        table: Rows with a timestamp column with timezone; rows without a time are left out.
        window: The span.
        time_column: Name of the event time.
    """
    times = table[time_column]
    start, end = (pa.scalar(moment, type=times.type) for moment in (window.start, window.end))
    return table.filter(pc.and_(pc.greater_equal(times, start), pc.less(times, end)))


def require_rows(n_rows: int, needed: int, window: Window, *, what: str) -> None:
    """Refuse a window that holds too little.

    Args:
        n_rows: Rows that the window holds.
        needed: Rows that the step needs.
        window: The span, for the message.
        what: What the window is for, as in "training".

    Raises:
        EmptyWindowError: It holds fewer rows than needed.
    """
    if n_rows < needed:
        raise EmptyWindowError(
            f"the {what} window {window} holds {n_rows} labelled rows, needs {needed}; wait for"
            f" more batches and their labels, or lower windows.min_{what}_rows"
        )
