"""The axis of a datetime feature: microseconds since 1970 in UTC, ordered like any number."""

import numpy as np
import pyarrow as pa

from evergreen.drift.profile.quantile_cells import FloatArray, to_floats
from evergreen.spec.model import FeatureKind

MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0}


def to_axis(array: pa.Array, kind: FeatureKind) -> FloatArray:
    """Read an Arrow array as the floats that its feature is counted by, null as NaN, shape (n,).

    Raises:
        TypeError: The array holds no datetimes, for kind ``datetime``; else, no numbers.
    """
    return to_microseconds(array) if kind == "datetime" else to_floats(array)


def to_microseconds(array: pa.Array) -> FloatArray:
    """Read timestamps or dates as microseconds since 1970 in UTC, null as NaN, shape (n,).

    A timestamp without timezone is taken for UTC, a date for its first moment. Exact between the
    years 1685 and 2255; nanoseconds are cut off, as they are when a delivery is taken in.

    Raises:
        TypeError: The array holds neither.
    """
    kind = array.type
    types = pa.types
    if types.is_dictionary(kind):
        return to_microseconds(array.dictionary_decode())
    if types.is_null(kind):
        return np.full(len(array), np.nan)
    if types.is_date32(kind):
        return to_floats(array.view(pa.int32())) * 86_400e6
    if types.is_date64(kind):
        return to_floats(array.view(pa.int64())) * MICROSECONDS["ms"]
    if not types.is_timestamp(kind):
        raise TypeError(f"expected timestamps or dates, came {kind}")
    if kind.unit == "ns":
        array = array.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    return to_floats(array.view(pa.int64())) * MICROSECONDS[array.type.unit]
