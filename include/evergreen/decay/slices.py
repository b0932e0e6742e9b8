"""The metric by slice: the rows of one value, or of one range of values, of a feature.

Slices are cut once, on the reference, and kept with it, so that a slice means the same rows at each
batch. They are shown; nobody's decision follows from the worst of many small ones.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import hypot
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from evergreen.measurements import SliceMetric
from evergreen.metrics import drop, estimate
from evergreen.metrics.wording import number
from evergreen.records import MetricEstimate, Record
from evergreen.spec.model import Feature, FeatureKind, MetricName

MAX_VALUES = 10
QUARTILES = (0.25, 0.5, 0.75)
MISSING = "missing"
OTHER = "other values"
LAST_MOMENT = 2.0**62
RANGED: tuple[FeatureKind, ...] = ("numeric", "integer", "datetime")
BoolArray = NDArray[np.bool_]


class SliceCut(Record):
    """How one feature is cut: by its frequent values, or by ``edges`` into ranges.

    Both are empty where the reference held no value. A range takes its upper edge in; edges of a
    datetime are microseconds since 1970.
    """

    feature: str
    kind: FeatureKind
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    problem: str = ""


def cut_slices(table: pa.Table, features: Sequence[Feature]) -> tuple[SliceCut, ...]:
    """Cut features into slices on the rows of a reference.

    Numeric, integer and datetime features are cut at their quartiles, categorical and boolean ones
    by their ten most frequent values, the rest together. Total over data: a feature that cannot be
    cut keeps its problem as a sentence.

    Args:
        table: Rows of the reference; columns are found by name.
        features: What to cut, with its kind.
    """
    return tuple(_cut(table, feature) for feature in features)


def measure_slices(
    cuts: Sequence[SliceCut],
    table: pa.Table,
    target: ArrayLike,
    prediction: ArrayLike,
    *,
    metric: MetricName,
    min_rows: int,
    reference: Sequence[SliceMetric] = (),
) -> tuple[SliceMetric, ...]:
    """Estimate the metric in every slice that has rows, beside that of the reference.

    Args:
        cuts: From ``cut_slices``, over the reference.
        table: The labelled rows, n of them.
        target: Their labels, shape (n,).
        prediction: Probability of class 1, or the number, shape (n,); or of each class, (n, K).
        metric: The spec's metric.
        min_rows: A slice with fewer rows is ``insufficient_data``.
        reference: The same of the reference; empty: unknown.

    Raises:
        ValueError: Rows, labels and predictions differ in number.
    """
    truth, score = np.asarray(target), np.asarray(prediction)
    if not truth.shape == score.shape[:1] == (table.num_rows,):
        sizes = f"{table.num_rows} rows, labels {truth.shape}, predictions {score.shape}"
        raise ValueError(f"{sizes}; pass the same")
    before = {(known.feature, known.value): known.estimate for known in reference}
    found: list[SliceMetric] = []
    for cut in cuts:
        try:
            masks = _masks(cut, table)
        except (pa.ArrowException, TypeError, ValueError) as err:
            found.append(_broken(cut, metric, str(err)))
        else:
            for value, rows in masks.items():
                now = _estimate(metric, truth[rows], score[rows], min_rows)
                found.append(_compared(cut.feature, value, now, before, min_rows))
    return tuple(found)


def _cut(table: pa.Table, feature: Feature) -> SliceCut:
    facts: dict[str, Any] = {"feature": feature.name, "kind": feature.kind}
    try:
        column = _column(table, feature.name)
        if feature.kind in RANGED:
            values = _numbers(column, feature.kind)
            finite = values[np.isfinite(values)]
            if finite.size:
                edges = np.unique(np.quantile(finite, QUARTILES, method="inverted_cdf"))
                facts["edges"] = tuple(edges.tolist())
        else:
            facts["values"] = _frequent(_texts(column, feature.kind))
    except (pa.ArrowException, TypeError, ValueError) as err:
        facts["problem"] = str(err)
    return SliceCut(**facts)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    found = table.schema.get_all_field_indices(name)
    if len(found) != 1:
        raise ValueError("column is missing" if not found else f"column occurs {len(found)} times")
    return table.column(found[0])


def _numbers(column: pa.ChunkedArray, kind: FeatureKind) -> NDArray[np.float64]:
    """Read a column as floats, moments as microseconds since 1970; missing becomes NaN."""
    found = column.type
    is_moment = pa.types.is_timestamp(found) or pa.types.is_date(found)
    if is_moment != (kind == "datetime"):
        raise TypeError(f"expected {kind} values, came {found}")
    if is_moment:
        zone = getattr(found, "tz", None)
        column = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    elif pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_nested(found):
        raise TypeError(f"expected {kind} values, came {found}")
    values: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    return values


def _texts(column: pa.ChunkedArray, kind: FeatureKind) -> pa.ChunkedArray:
    """Read a column as text, so that 3, 3.0 and "3" are one value; missing stays null."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        raise TypeError(f"expected categories, came {column.type}")
    if kind == "boolean" and not pa.types.is_boolean(column.type):
        column = column.cast(pa.float64()).cast(pa.bool_())
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        whole = column.cast(pa.int64(), safe=False)
        is_whole = pc.fill_null(
            pc.equal(whole.cast(column.type, safe=False), column), fill_value=False
        )
        return pc.if_else(is_whole, whole.cast(pa.large_string()), column.cast(pa.large_string()))
    return column.cast(pa.large_string())


def _frequent(texts: pa.ChunkedArray) -> tuple[str, ...]:
    counted = pc.value_counts(texts.drop_null())
    pairs = zip(
        counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True
    )
    ranked = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    return tuple(value for value, _ in ranked[:MAX_VALUES])


def _masks(cut: SliceCut, table: pa.Table) -> dict[str, BoolArray]:
    """Return the rows of each slice of a feature, shape (n,); every row lies in exactly one."""
    if cut.problem:
        raise ValueError(f"it could not be cut on the reference: {cut.problem}")
    column = _column(table, cut.feature)
    if cut.kind in RANGED:
        return _ranges(cut, _numbers(column, cut.kind))
    return _by_value(cut, _texts(column, cut.kind))


def _ranges(cut: SliceCut, values: NDArray[np.float64]) -> dict[str, BoolArray]:
    is_missing = np.isnan(values)
    place = np.searchsorted(np.array(cut.edges, dtype=np.float64), values, side="left")
    names = _range_names([_edge_text(edge, cut.kind) for edge in cut.edges])
    masks = {name: ~is_missing & (place == part) for part, name in enumerate(names)}
    return _held(masks | {MISSING: is_missing})


def _held(masks: dict[str, BoolArray]) -> dict[str, BoolArray]:
    """Leave out slices without a row."""
    return {value: rows for value, rows in masks.items() if rows.any()}


def _range_names(edges: Sequence[str]) -> list[str]:
    if not edges:
        return ["any value"]
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"up to {edges[0]}", *between, f"over {edges[-1]}"]


def _edge_text(edge: float, kind: FeatureKind) -> str:
    """Write an edge so that no two edges of a feature read the same."""
    if kind == "datetime" and abs(edge) < LAST_MOMENT:
        return f"{np.datetime64(int(edge), 'us')}"
    return f"{edge:g}" if float(f"{edge:g}") == edge else repr(edge)


def _by_value(cut: SliceCut, texts: pa.ChunkedArray) -> dict[str, BoolArray]:
    place = np.asarray(
        pc.fill_null(pc.index_in(texts, pa.array(cut.values, pa.large_string())), -1).to_numpy()
    )
    is_missing = np.asarray(pc.is_null(texts).to_numpy(), dtype=np.bool_)
    masks = {f"= {value}": place == rank for rank, value in enumerate(cut.values)}
    return _held(masks | {OTHER: (place == -1) & ~is_missing, MISSING: is_missing})


def _estimate(
    metric: MetricName, target: NDArray[Any], score: NDArray[Any], min_rows: int
) -> MetricEstimate:
    if target.size >= min_rows:
        return estimate(metric, target, score)
    few = f"{target.size} labelled rows, needs {min_rows}"
    return MetricEstimate(name=metric, value=None, se=None, n_rows=target.size, sentence=few)


def _compared(
    feature: str,
    value: str,
    now: MetricEstimate,
    before: Mapping[tuple[str, str], MetricEstimate],
    min_rows: int,
) -> SliceMetric:
    facts: dict[str, Any] = {"feature": feature, "value": value, "estimate": now}
    if now.value is None:
        verdict = "insufficient_data" if now.n_rows < min_rows else "not_computable"
        sentence = f"{feature} {value}: {now.sentence}"
        return SliceMetric(verdict=verdict, sentence=sentence, **facts)
    was = before.get((feature, value))
    sentence = f"{feature} {value}: {now.sentence}"
    if was is not None and was.value is not None:
        metric: Any = now.name
        facts["drop"] = drop(metric, was.value, now.value)
        if was.se is not None and now.se is not None:
            facts["drop_se"] = hypot(was.se, now.se)
        sentence += f", was {number(was.value, decimals=4)}"
    return SliceMetric(verdict="measured", sentence=sentence, **facts)


def _broken(cut: SliceCut, metric: MetricName, why: str) -> SliceMetric:
    none = MetricEstimate(name=metric, value=None, se=None, n_rows=0, sentence=why)
    sentence = f"{cut.feature}: slices cannot be measured, {why}"
    return SliceMetric(
        feature=cut.feature,
        value="all",
        verdict="not_computable",
        estimate=none,
        sentence=sentence,
    )
