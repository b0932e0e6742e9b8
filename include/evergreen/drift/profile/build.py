"""Building the reference profile from the rows that a champion learnt from."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from evergreen.drift.profile.categories import count_texts, key_of, label_of, problem_of
from evergreen.drift.profile.datetimes import to_axis
from evergreen.drift.profile.profile import (
    BrokenColumn,
    CategoryColumn,
    ColumnProfile,
    NumericColumn,
    ReferenceProfile,
)
from evergreen.drift.profile.quantile_cells import count_sorted, grid_of_sorted, psi_bins
from evergreen.drift.profile.value_bitmap import mark_keys
from evergreen.spec.model import Feature

MAX_NAMED = 30
MIN_NAMED_SHARE = 0.005
MAX_KNOWN = 200


def build_profile(table: pa.Table, features: Sequence[Feature]) -> ReferenceProfile:
    """Profile the features of a reference window.

    Total over data: a feature whose column is missing or of the wrong type becomes a
    ``BrokenColumn`` that says why, and the others are not affected.

    Args:
        table: The rows of the reference window; other columns are ignored.
        features: The features to profile, with their kinds.

    Returns:
        One column per feature, in their order; below 300 kB of JSON for 50 features.
    """
    columns = tuple(_column(table, feature) for feature in features)
    return ReferenceProfile(n_rows=table.num_rows, columns=columns)


def _column(table: pa.Table, feature: Feature) -> ColumnProfile:
    found = table.schema.get_all_field_indices(feature.name)
    if len(found) != 1:
        problem = "column is missing" if not found else f"column occurs {len(found)} times"
        return BrokenColumn(name=feature.name, kind=feature.kind, problem=problem)
    chunks = table.column(found[0]).chunks
    try:
        if feature.kind in ("categorical", "boolean"):
            return _category(feature, chunks)
        return _numeric(feature, chunks)
    except MemoryError:
        raise
    except Exception as err:
        # If one column cannot be read, the others are still profiled; its profile says why.
        return BrokenColumn(name=feature.name, kind=feature.kind, problem=problem_of(err))


def _numeric(feature: Feature, chunks: Sequence[pa.Array]) -> NumericColumn:
    values = np.concatenate([np.empty(0), *(to_axis(chunk, feature.kind) for chunk in chunks)])
    values.sort()
    first, last = values.searchsorted(-np.inf, side="right"), values.searchsorted(np.inf)
    grid = grid_of_sorted(values[first:last])
    counts = count_sorted(values, grid)
    return NumericColumn(
        name=feature.name,
        kind=feature.kind,
        n_null=counts.n_null,
        n_negative_inf=counts.n_negative_inf,
        n_positive_inf=counts.n_positive_inf,
        grid=tuple(grid.tolist()),
        cells=tuple(counts.cells.tolist()),
        bins=tuple(psi_bins(counts.cells).tolist()),
    )


def _category(feature: Feature, chunks: Sequence[pa.Array]) -> CategoryColumn:
    rows: Counter[str | None] = Counter()
    for chunk in chunks:
        rows.update(count_texts(chunk, feature.kind))
    n_null = rows.pop(None, 0)
    total = rows.total() + n_null
    ranked = sorted(
        ((text, n) for text, n in rows.items() if text is not None),
        key=lambda pair: (-pair[1], pair[0]),
    )
    n_named = sum(n >= MIN_NAMED_SHARE * total for _, n in ranked[:MAX_NAMED])
    named, rare, unlisted = ranked[:n_named], ranked[n_named:MAX_KNOWN], ranked[MAX_KNOWN:]
    return CategoryColumn(
        name=feature.name,
        kind=feature.kind,
        n_null=n_null,
        labels=tuple(label_of(text) for text, _ in named),
        keys=tuple(key_of(text) for text, _ in named),
        counts=tuple(n for _, n in named),
        rare_keys=tuple(key_of(text) for text, _ in rare),
        n_rare=sum(n for _, n in rare),
        n_unlisted=sum(n for _, n in unlisted),
        n_once_rare=sum(n == 1 for _, n in rare),
        n_once_unlisted=sum(n == 1 for _, n in unlisted),
        marks=mark_keys(key_of(text) for text, _ in unlisted) if unlisted else "",
    )
