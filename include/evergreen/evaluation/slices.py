"""The metric by slice: rows of one value, or of one range of values, of a feature."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evergreen.evaluation.metric_drop import insufficient, judge_drop
from evergreen.evaluation.scored_rows import Rows
from evergreen.records import GuardResult
from evergreen.spec.promoting import Guards

QUARTILES = (0.25, 0.5, 0.75)
MAX_VALUES = 20
MAX_TEXT = 60
MIN_PER_CLASS = 10
BoolArray = NDArray[np.bool_]


def check_slices(
    guards: Guards, rows: Rows, columns: Mapping[str, ArrayLike]
) -> tuple[GuardResult, ...]:
    """Compare the metric on every slice of the features that the spec names.

    Slices with enough rows share a chance of 5 % that any of them fails two models of equal
    quality.

    Raises:
        ValueError: A column has not one value for each row.
    """
    cut: list[tuple[str, BoolArray]] = []
    absent = []
    for name in guards.slices:
        if name in columns:
            cut += _slices(name, columns[name], rows.n_rows, guards.slice_min_rows)
        else:
            absent.append(f"slice {name}")
    n_tests = sum(1 for _, is_in in cut if not _too_few(guards, rows, is_in))
    found = [_judged(guards, rows, guard, is_in, n_tests) for guard, is_in in cut]
    why = "the holdout has no such column"
    return (
        *found,
        *(insufficient(guard, why, at_most=guards.slice_max_drop, n_rows=0) for guard in absent),
    )


def _judged(guards: Guards, rows: Rows, guard: str, is_in: BoolArray, n_tests: int) -> GuardResult:
    few = _too_few(guards, rows, is_in)
    if few:
        n_rows = int(is_in.sum())
        return insufficient(guard, few, at_most=guards.slice_max_drop, n_rows=n_rows)
    inside = rows.where(is_in)
    return judge_drop(guard, inside, at_most=guards.slice_max_drop, n_tests=n_tests)


def _too_few(guards: Guards, rows: Rows, is_in: BoolArray) -> str:
    """Say why a slice is too small; AUC needs rows of both classes, or its error is understated."""
    n_rows = int(is_in.sum())
    if n_rows < guards.slice_min_rows:
        return f"{n_rows} rows, needs {guards.slice_min_rows}"
    if rows.metric == "auc":
        labels = np.asarray(rows.target)[is_in]
        rarer = min(int((labels == 0).sum()), int((labels == 1).sum()))
        if rarer < MIN_PER_CLASS:
            return f"{rarer} rows of the rarer class, needs {MIN_PER_CLASS}"
    return ""


def _slices(
    name: str, values: ArrayLike, n_rows: int, min_rows: int
) -> Iterator[tuple[str, BoolArray]]:
    """Return each slice of a feature that holds a row; every row lies in exactly one."""
    column = np.asarray(values)
    if column.shape != (n_rows,):
        raise ValueError(
            f"column {name} has shape {column.shape}; expected one value for each of {n_rows} rows"
        )
    is_ranged = column.dtype.kind in "iufM"
    cut = _by_range(name, column) if is_ranged else _by_value(name, column, min_rows)
    return ((f"slice {label}", is_in) for label, is_in in cut if is_in.any())


def _by_range(name: str, column: NDArray[Any]) -> Iterator[tuple[str, BoolArray]]:
    """Cut numbers, or moments, at the quartiles of the holdout; an upper edge is inside."""
    is_moment = column.dtype.kind == "M"
    column = column if is_moment else column.astype(np.float64)
    is_missing = np.isnat(column) if is_moment else np.isnan(column)
    known = column[~is_missing]
    if known.size:
        edges = np.unique(np.quantile(known, QUARTILES, method="inverted_cdf"))
        place = np.searchsorted(edges, column, side="left")
        for part, label in enumerate(_range_labels(name, edges)):
            yield label, ~is_missing & (place == part)
    yield f"{name} missing", is_missing


def _range_labels(name: str, edges: NDArray[Any]) -> list[str]:
    texts = [f"{edge:g}" if isinstance(edge, float) else str(edge) for edge in edges]
    between = [f"{name} over {low} to {high}" for low, high in pairwise(texts)]
    return [f"{name} up to {texts[0]}", *between, f"{name} over {texts[-1]}"]


def _by_value(name: str, column: NDArray[Any], min_rows: int) -> Iterator[tuple[str, BoolArray]]:
    """Cut by value: the most frequent ones that have enough rows, and all others together."""
    is_missing = np.array([_is_missing(value) for value in column.tolist()], dtype=np.bool_)
    texts = np.where(is_missing, "", column.astype(str))
    found, sizes = np.unique(texts[~is_missing], return_counts=True)
    frequent = [place for place in np.argsort(-sizes, kind="stable") if sizes[place] >= min_rows]
    is_other = ~is_missing
    for place in frequent[:MAX_VALUES]:
        is_in = ~is_missing & (texts == found[place])
        is_other &= ~is_in
        yield f"{name}={found[place][:MAX_TEXT]}", is_in
    yield f"{name}=other values", is_other
    yield f"{name} missing", is_missing


def _is_missing(value: Any) -> bool:
    """Return whether a value is None or not a number, the only one that differs from itself."""
    return value is None or bool(value != value)  # noqa: PLR0124 - NaN and NaT differ from themselves
