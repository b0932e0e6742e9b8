"""The time column of a table: something that never falls, and how often a batch comes."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evergreen.backtest.engine.columns import is_moment, is_number, seconds
from evergreen.errors import DataError, SchemaError

SECONDS_A_YEAR = 365.25 * 86_400
WEEKLY = 52.0
MIN_PER_YEAR, MAX_PER_YEAR = 1.0, 366.0 * 24

Moments = NDArray[np.datetime64]


def to_order(column: pa.ChunkedArray, *, name: str) -> NDArray[Any]:
    """Return the time of each row as whole numbers or floats that keep its order, shape (n,).

    Raises:
        SchemaError: The column is no timestamp, date or number.
        DataError: A time is missing or infinite.
    """
    kind = column.type
    if not (is_moment(kind) or is_number(kind)):
        raise SchemaError(
            f"time column {name!r} is {kind}, expected a timestamp, a date or a number; from text:"
            f" frame[{name!r}] = pandas.to_datetime(frame[{name!r}], utc=True)"
        )
    if column.null_count:
        first = int(np.argmax(column.is_null().to_numpy()))
        raise _missing(column.null_count, first, name)
    if is_moment(kind):
        whole = pa.int32() if pa.types.is_date32(kind) else pa.int64()
        return np.asarray(column.cast(whole).to_numpy())
    if pa.types.is_integer(kind):
        return np.asarray(column.to_numpy())
    floats = np.asarray(column.cast(pa.float64(), safe=False).to_numpy())
    bad = ~np.isfinite(floats)
    if bad.any():
        raise _missing(int(bad.sum()), int(np.argmax(bad)), name)
    return floats


def require_order(order: NDArray[Any], column: pa.ChunkedArray, *, name: str) -> None:
    """Refuse a time that falls from one row to the next; equal times are fine.

    Raises:
        DataError: It does; the text says where first.
    """
    falls = np.flatnonzero(order[1:] < order[:-1])
    if falls.size:
        row = int(falls[0]) + 1
        raise DataError(
            f"the table is not in order of {name!r}: row {row:,} ({column[row].as_py()}) is earlier"
            f" than row {row - 1:,} ({column[row - 1].as_py()}); {falls.size:,} such places in all,"
            f" rows counted from 0; sort it: frame.sort_values({name!r}, kind='stable')"
        )


def moments_of(column: pa.ChunkedArray, edges: NDArray[np.int64]) -> Moments | None:
    """Return the time in UTC at which each edge lies, shape (m + 1,); None where it is a number."""
    if not is_moment(column.type) or not edges.size:
        return None
    rows = np.minimum(edges, len(column) - 1)
    at = seconds(column.take(pa.array(rows)))
    return (at * 1e6).astype(np.int64).astype("datetime64[us]")


def batches_per_year(moments: Moments | None) -> float:
    """Return how many batches a year makes, 1 to 8784; weekly where the time does not say."""
    if moments is None or moments.size <= 1:
        return WEEKLY
    span = float((moments[-1] - moments[0]) / np.timedelta64(1, "s"))
    if span <= 0:
        return WEEKLY
    return float(np.clip((moments.size - 1) * SECONDS_A_YEAR / span, MIN_PER_YEAR, MAX_PER_YEAR))


def _missing(n_missing: int, first: int, name: str) -> DataError:
    return DataError(
        f"time column {name!r} is missing or infinite in {n_missing:,} rows, first in row"
        f" {first:,} counted from 0; leave these rows out"
    )
