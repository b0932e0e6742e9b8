"""From a target column to classes 0..K-1, and what a target must not be."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evergreen.backtest.engine.columns import is_number, is_text
from evergreen.errors import DataError, RequestError, SchemaError
from evergreen.spec.model import METRICS_OF_TASK, MetricName

TWO_CLASSES = 2
MAX_CLASSES = 100
MAX_LISTED = 5


def to_classes(column: pa.ChunkedArray, *, name: str) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    """Return the class of each row, and the value that each class stands for, in sorted order.

    Args:
        column: Whole numbers, text, categories or booleans, n rows.
        name: Of the column, for messages.

    Returns:
        Classes 0..K-1, shape (n,), and the K values.

    Raises:
        SchemaError: The column has a type that is no class.
        DataError: A value is missing, is not whole, or there are too many different ones.
    """
    plain = _plain(column, name)
    n_missing = _missing(plain)
    if n_missing:
        raise DataError(
            f"target {name!r} is missing in {n_missing:,} of {len(plain):,} rows; a back-test needs"
            " every label: leave these rows out"
        )
    values = sorted(plain.unique().to_pylist())
    if any(isinstance(value, float) and not value.is_integer() for value in values):
        odd = next(value for value in values if not value.is_integer())
        raise DataError(
            f"target {name!r} holds {odd:g}, expected classes (whole numbers, text or booleans);"
            " a back-test replays classifiers: cut the target into classes"
        )
    if len(values) > MAX_CLASSES:
        raise DataError(
            f"target {name!r} has {len(values):,} different values ({listed(values)}), expected at"
            f" most {MAX_CLASSES} classes; is it the target?"
        )
    codes = pc.index_in(plain, value_set=pa.array(values, plain.type))
    return np.asarray(codes.to_numpy(), dtype=np.int64), tuple(values)


def require_two(target: NDArray[np.int64], values: Sequence[Any], *, name: str, where: str) -> None:
    """Refuse rows that are all of one class.

    Raises:
        DataError: They are, or there are none.
    """
    present = np.unique(target)
    if present.size >= TWO_CLASSES:
        return
    one = f"{values[int(present[0])]!r}" if present.size else "none"
    raise DataError(
        f"target {name!r} has one class only ({one}) in {where}; a classifier needs at least"
        " two: take more rows, or a longer first window"
    )


def choose_metric(asked: MetricName | None, *, n_classes: int) -> MetricName:
    """Return the metric that was asked for; else AUC for two classes, accuracy for more.

    Raises:
        RequestError: The metric cannot be taken over that many classes.
    """
    if asked is None:
        return "auc" if n_classes == TWO_CLASSES else "accuracy"
    known = METRICS_OF_TASK["binary" if n_classes == TWO_CLASSES else "multiclass"]
    if asked not in known:
        raise RequestError(
            f"{asked} is no metric of {n_classes} classes, which the target has; take one of"
            f" {', '.join(known)}"
        )
    return asked


def to_numbers(column: pa.ChunkedArray, *, name: str) -> NDArray[np.float64]:
    """Return the numbers of a regression's target, shape (n,).

    Raises:
        SchemaError: The column holds no numbers.
        DataError: A value is missing or infinite.
    """
    if not is_number(column.type):
        raise SchemaError(f"target {name!r} is {column.type}, expected numbers for a regression")
    numbers: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    n_bad = int((~np.isfinite(numbers)).sum())
    if n_bad:
        raise DataError(
            f"target {name!r} is missing or infinite in {n_bad:,} of {numbers.size:,} rows; leave"
            " these rows out"
        )
    return numbers


def listed(values: Sequence[Any]) -> str:
    """Return the first few values as text."""
    return ", ".join(str(v) for v in values[:MAX_LISTED]) + (
        ", ..." if len(values) > MAX_LISTED else ""
    )


def _plain(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type), name)
    if is_text(kind):
        return column.cast(pa.string())
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column
    if is_number(kind):
        return column.cast(pa.float64(), safe=False)
    raise SchemaError(
        f"target {name!r} is {kind}, expected classes: whole numbers, text, categories or booleans"
    )


def _missing(column: pa.ChunkedArray) -> int:
    unknown = column.is_null(nan_is_null=True)
    return int(pc.sum(unknown, min_count=0).as_py())
