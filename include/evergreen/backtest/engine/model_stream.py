"""The labelled history of a model of the suite as a stream, cut by its spec."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evergreen.backtest.engine.classes import require_two, to_classes, to_numbers
from evergreen.backtest.engine.columns import encode, is_moment, missing_column, plain_table
from evergreen.backtest.engine.read_table import MIN_WINDOW
from evergreen.backtest.engine.stream import Stream
from evergreen.errors import EmptyWindowError, SchemaError
from evergreen.spec.model import ModelSpec

DAYS_A_YEAR = 365.25
# The last batch counts as whole when no more than this share of its period lies after the last row.
MISSING_END = 0.1

Microseconds = NDArray[np.int64]


def stream_of_rows(table: pa.Table, spec: ModelSpec) -> Stream:
    """Cut labelled rows of a model into the batches that its spec expects.

    The first champion learns from the first ``windows.training_days`` days, counted from the start
    (UTC) of the first row's day; then a batch comes every ``arrivals.every_days`` days, and a
    challenger may learn from the ``windows.training_days`` days before it. Batches without rows are
    passed over, and so is a last one whose period the rows do not fill.

    Args:
        table: The spec's features, time and target; rows in any order.
        spec: The model.

    Raises:
        SchemaError: A column is missing or has a type that its kind does not take.
        DataError: The target is missing in places, or has one class only.
        EmptyWindowError: The rows do not reach beyond the first training window, or begin too thin.
    """
    data = spec.data
    for name in (data.time_column, data.target, *data.feature_names):
        if name not in table.schema.names:
            raise missing_column(name, table.schema.names, what=spec.name)
    table = table.sort_by([(data.time_column, "ascending")])
    times = _microseconds(table[data.time_column], data.time_column)
    moments, edges = _cut(times, spec)
    target, n_classes = _target(table[data.target], spec, first=int(edges[0]))
    rows = plain_table(table.select(list(data.feature_names)))
    matrix, categorical = encode(rows, data.features)
    return Stream(
        name=spec.name,
        table=rows,
        features=data.features,
        matrix=matrix,
        categorical=categorical,
        target=target,
        n_classes=n_classes,
        metric=spec.metric,
        edges=edges,
        window_starts=_place(times, moments - _span(spec.windows.training_days)),
        label_delay=spec.arrivals.label_delay_batches,
        batches_per_year=DAYS_A_YEAR / spec.arrivals.every_days,
        moments=moments.astype("datetime64[us]"),
    )


def _target(
    column: pa.ChunkedArray, spec: ModelSpec, *, first: int
) -> tuple[NDArray[np.int64] | NDArray[np.float64], int]:
    """Return the target as a stream takes it, and its number of classes."""
    data = spec.data
    if data.task == "regression":
        return to_numbers(column, name=data.target), data.n_classes
    target, values = to_classes(column, name=data.target)
    where = "the first training window"
    require_two(target[:first], values, name=data.target, where=where)
    if data.task == "binary":
        return target, len(values)
    # As they are in the spec: a class that this history lacks keeps its place.
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64), data.n_classes


def _cut(times: Microseconds, spec: ModelSpec) -> tuple[Microseconds, NDArray[np.int64]]:
    """Return when the batches begin and end, and the rows at which they do."""
    if not times.size:
        raise _too_short(times, spec)
    every = _span(spec.arrivals.every_days)
    first = datetime.fromtimestamp(int(times[0]) / 1e6, tz=UTC)
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    start = int(day.timestamp() * 1e6) + _span(spec.windows.training_days)
    n_batches = int((times[-1] - start) / every + MISSING_END)
    if n_batches < 1:
        raise _too_short(times, spec)
    moments = start + every * np.arange(n_batches + 1, dtype=np.int64)
    edges = _place(times, moments)
    if edges[0] < MIN_WINDOW:
        raise EmptyWindowError(
            f"the first {spec.windows.training_days:g} days of {spec.name} hold {edges[0]} labelled"
            f" rows, expected at least {MIN_WINDOW} for the first champion; give it more history"
        )
    filled = np.array([True, *(after > before for before, after in pairwise(edges))])
    return moments[filled], edges[filled]


def _too_short(times: Microseconds, spec: ModelSpec) -> EmptyWindowError:
    return EmptyWindowError(
        f"{spec.name} has labelled rows {_reach(times)}; a back-test needs more than"
        f" {spec.windows.training_days:g} days to train on (windows.training_days) and"
        f" {spec.arrivals.every_days:g} for a batch (arrivals.every_days)"
    )


def _microseconds(column: pa.ChunkedArray, name: str) -> Microseconds:
    if not is_moment(column.type):
        raise SchemaError(f"time column {name!r} is {column.type}, expected a timestamp")
    if column.null_count:
        raise SchemaError(f"time column {name!r} is missing in {column.null_count:,} rows")
    moments = pc.cast(column, pa.timestamp("us"), safe=False)
    return np.asarray(moments.cast(pa.int64()).to_numpy(), dtype=np.int64)


def _place(times: Microseconds, moments: Microseconds) -> NDArray[np.int64]:
    return np.searchsorted(times, moments, side="left").astype(np.int64)


def _span(days: float) -> int:
    return int(timedelta(days=days) / timedelta(microseconds=1))


def _reach(times: Microseconds) -> str:
    if not times.size:
        return "none"
    first, last = (datetime.fromtimestamp(int(t) / 1e6, tz=UTC) for t in (times[0], times[-1]))
    return f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
