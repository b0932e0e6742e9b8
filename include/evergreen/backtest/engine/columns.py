"""From the columns of any table to features: what each one is, and the matrix LightGBM takes."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evergreen.errors import SchemaError
from evergreen.spec.model import Feature, FeatureKind

FloatArray = NDArray[np.float64]

# LightGBM puts an infinity into the bin of the largest finite value; this far out it keeps its own.
INFINITE = 1e300
MAX_NAME = 200
MAX_LISTED = 20
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
SECONDS_A_DAY = 86_400

is_kind = pa.types


def plain_table(table: pa.Table) -> pa.Table:
    """Return the same columns in plain types: dictionaries as text, times of day as seconds.

    Numbers, text, booleans, dates and timestamps stay as they came, whatever is missing or infinite
    in them; a column without any value becomes a numeric one.

    Raises:
        SchemaError: A column holds lists, structs, bytes or another type that no feature can have.
    """
    columns = [_plain(field.name, table[place]) for place, field in enumerate(table.schema)]
    return pa.table(columns, names=table.schema.names)


def infer_features(table: pa.Table) -> tuple[Feature, ...]:
    """Say what kind of feature each column is, by its type; the table is a plain one.

    Raises:
        SchemaError: A column has no usable name.
    """
    for name in table.schema.names:
        if not 0 < len(name) <= MAX_NAME:
            raise SchemaError(
                f"a column is named {name[:60]!r} ({len(name)} characters); give it a name of 1 to"
                f" {MAX_NAME} characters"
            )
    return tuple(Feature(name=f.name, kind=_kind(f.type)) for f in table.schema)


def encode(table: pa.Table, features: Sequence[Feature]) -> tuple[FloatArray, tuple[int, ...]]:
    """Return the features as LightGBM takes them, and which columns hold codes of categories.

    A category's code is its place among all values of the column in sorted order, so it is the same
    in every row. Dates and timestamps become seconds since 1970, missing values NaN, infinities
    +-1e300.

    Args:
        table: Holds every feature by its name; n rows.
        features: What to take, in this order.

    Returns:
        The matrix, shape (n, k), and the places of the categorical columns in it.

    Raises:
        SchemaError: A column does not hold what its kind says.
    """
    matrix = np.empty((table.num_rows, len(features)), dtype=np.float64)
    for place, feature in enumerate(features):
        matrix[:, place] = _encoder(feature.kind)(table[feature.name], feature)
    np.clip(matrix, -INFINITE, INFINITE, out=matrix)
    return matrix, tuple(i for i, f in enumerate(features) if f.kind == "categorical")


def seconds(column: pa.ChunkedArray) -> FloatArray:
    """Return dates, timestamps, times of day or durations as seconds, missing ones NaN."""
    kind = column.type
    if is_kind.is_date32(kind):
        return _floats(column.cast(pa.int32())) * SECONDS_A_DAY
    unit = "ms" if is_kind.is_date64(kind) else kind.unit
    whole = column.cast(pa.int32()) if is_kind.is_time32(kind) else column.cast(pa.int64())
    return _floats(whole) / PER_SECOND[unit]


def missing_column(name: str, names: Sequence[str], *, what: str) -> SchemaError:
    """Make the error for a column that is not there, with the nearest one that is."""
    near = get_close_matches(name, names, n=1)
    listed = ", ".join(names[:MAX_LISTED]) + (", ..." if len(names) > MAX_LISTED else "")
    remedy = f"did you mean {near[0]!r}?" if near else f"it has {listed or 'no columns'}"
    return SchemaError(f"there is no {what} column {name!r}; {remedy}")


def is_moment(kind: pa.DataType) -> bool:
    """Return whether a type is a date or a timestamp."""
    return bool(is_kind.is_date(kind) or is_kind.is_timestamp(kind))


def is_number(kind: pa.DataType) -> bool:
    """Return whether a type is an integer, a float or a decimal."""
    return bool(is_kind.is_integer(kind) or is_kind.is_floating(kind) or is_kind.is_decimal(kind))


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is one of Arrow's strings."""
    return bool(
        is_kind.is_string(kind) or is_kind.is_large_string(kind) or is_kind.is_string_view(kind)
    )


def _plain(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if is_kind.is_dictionary(kind) and _is_simple(kind.value_type):
        return column.cast(kind.value_type).cast(pa.string())
    if is_kind.is_null(kind):
        return column.cast(pa.float64())
    if is_kind.is_float16(kind):
        return column.cast(pa.float32())
    if is_kind.is_time(kind) or is_kind.is_duration(kind):
        return pa.chunked_array([pa.array(seconds(column), from_pandas=True)])
    if not _is_simple(kind):
        raise SchemaError(
            f"column {name!r} is {kind}, expected numbers, text, categories, booleans, dates or"
            f" timestamps; turn it into one of these, or leave it out with --ignore {name}"
        )
    return column.cast(pa.string()) if is_text(kind) else column


def _is_simple(kind: pa.DataType) -> bool:
    return is_number(kind) or is_text(kind) or is_moment(kind) or bool(is_kind.is_boolean(kind))


def _kind(kind: pa.DataType) -> FeatureKind:
    if is_text(kind):
        return "categorical"
    if is_kind.is_boolean(kind):
        return "boolean"
    if is_moment(kind):
        return "datetime"
    return "integer" if is_kind.is_integer(kind) else "numeric"


def _encoder(kind: FeatureKind) -> Callable[[pa.ChunkedArray, Feature], FloatArray]:
    if kind == "categorical":
        return _codes
    return _moments if kind == "datetime" else _numbers


def _codes(column: pa.ChunkedArray, _feature: Feature) -> FloatArray:
    text = column.cast(pa.string())
    values = pa.array(sorted(text.unique().drop_null().to_pylist()), pa.string())
    return _floats(pc.index_in(text, value_set=values))


def _moments(column: pa.ChunkedArray, feature: Feature) -> FloatArray:
    if not is_moment(column.type):
        raise _wrong_kind(column, feature)
    return seconds(column)


def _numbers(column: pa.ChunkedArray, feature: Feature) -> FloatArray:
    if not (is_number(column.type) or is_kind.is_boolean(column.type)):
        raise _wrong_kind(column, feature)
    return _floats(column)


def _floats(column: pa.ChunkedArray) -> FloatArray:
    floats: FloatArray = column.cast(pa.float64(), safe=False).to_numpy()
    return floats


def _wrong_kind(column: pa.ChunkedArray, feature: Feature) -> SchemaError:
    return SchemaError(f"column {feature.name!r} is {column.type}, expected {feature.kind}")
