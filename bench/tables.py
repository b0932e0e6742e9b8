"""The tables that are measured: made from a seed, written in row groups of a million rows."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.spec.model import Feature, FeatureKind

Shape = Literal["numeric", "mixed"]

ROWS_PER_GROUP = 1_000_000
START = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
YEAR_SECONDS = 365 * 86_400
NULL_SHARE = 0.05
# A mixed table repeats these twenty: kind, and for texts how many values there are.
MIXED: tuple[tuple[FeatureKind, int], ...] = (
    *((("numeric", 0),) * 8),
    *((("integer", 0),) * 4),
    ("categorical", 3),
    ("categorical", 30),
    ("categorical", 1_000),
    ("categorical", 10_000),
    *((("boolean", 0),) * 2),
    *((("datetime", 0),) * 2),
)


def features_of(shape: Shape, n_columns: int) -> list[Feature]:
    """Return the features of a table: float64 only, or all kinds in turn."""
    if shape == "numeric":
        return [Feature(name=f"x{place}", kind="numeric") for place in range(n_columns)]
    kinds = [MIXED[place % len(MIXED)][0] for place in range(n_columns)]
    return [Feature(name=f"{kind}_{place}", kind=kind) for place, kind in enumerate(kinds)]


def write_table(path: Path, shape: Shape, *, n_rows: int, n_columns: int, seed: int) -> None:
    """Write one side of a comparison; other seeds give other rows of the same distributions."""
    random = np.random.default_rng(seed)
    features = features_of(shape, n_columns)
    writer: pq.ParquetWriter | None = None
    for n_group in _group_sizes(n_rows):
        columns = {
            feature.name: _column(feature.kind, MIXED[place % len(MIXED)][1], n_group, random)
            for place, feature in enumerate(features)
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)
    if writer is not None:
        writer.close()


def _group_sizes(n_rows: int) -> Iterator[int]:
    for start in range(0, n_rows, ROWS_PER_GROUP):
        yield min(ROWS_PER_GROUP, n_rows - start)


def _column(kind: FeatureKind, n_texts: int, n_rows: int, random: np.random.Generator) -> pa.Array:
    """Make one column; texts and integers have nulls, and one text is far more frequent."""
    if kind == "numeric":
        return pa.array(random.normal(size=n_rows))
    if kind == "boolean":
        return pa.array(random.random(n_rows) < NULL_SHARE)
    if kind == "datetime":
        seconds = random.integers(0, YEAR_SECONDS, n_rows) + int(START.timestamp())
        return pa.array(seconds * 1_000_000, pa.timestamp("us", tz="UTC"))
    is_null = random.random(n_rows) < NULL_SHARE
    if kind == "integer":
        return pa.array(random.poisson(40, n_rows), mask=is_null)
    places = (random.random(n_rows) ** 2 * n_texts).astype(np.int32)
    texts = pa.array([f"value {place:05d}" for place in range(n_texts)])
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=is_null), texts).cast(pa.string())
