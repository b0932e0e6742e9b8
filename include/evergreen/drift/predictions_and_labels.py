"""Drift of the champion's predictions and of the labels, by the same statistics as a feature's.

Predictions and labels are profiled as if they were one more column, so limits, verdicts and
sentences are those of ``measure_drift``.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from evergreen.drift.limits.limits import BATCHES_PER_YEAR
from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.measurements import ColumnDrift
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature, FeatureKind, Task

PREDICTION = "(prediction)"
LABEL = "(label)"
MAX_CHUNK = 1 << 16


def profile_predictions(scores: ArrayLike) -> ReferenceProfile:
    """Profile the champion's scores on its holdout or reference: one column, ``(prediction)``.

    Args:
        scores: Probability of class 1, or the number that a regression gave, shape (n,); or one
            column per class, shape (n, k), of which the likeliest class counts.
    """
    table, feature = _predictions(scores)
    return build_profile(table, [feature])


def profile_labels(labels: ArrayLike, *, task: Task = "binary") -> ReferenceProfile:
    """Profile the labels of rows: one column, ``(label)``; missing labels are no rows.

    Args:
        labels: Class of each row, numbers or text, or for a regression its number, shape (n,).
        task: What the labels are.
    """
    table, feature = _labels(labels, task)
    return build_profile(table, [feature])


def measure_predictions(
    profile: ReferenceProfile,
    scores: ArrayLike,
    rules: Drift,
    *,
    batches_per_year: float = BATCHES_PER_YEAR,
) -> ColumnDrift:
    """Measure how far the champion's scores have moved from those it gave on the reference.

    Args:
        profile: From ``profile_predictions``.
        scores: As there.
        rules: Budget of false verdicts, limits, and the rows needed for a verdict.
        batches_per_year: Cadence that the budget is shared out over.
    """
    table, _ = _predictions(scores)
    return _measure(profile, table, rules, batches_per_year)


def measure_labels(
    profile: ReferenceProfile,
    labels: ArrayLike,
    rules: Drift,
    *,
    task: Task = "binary",
    batches_per_year: float = BATCHES_PER_YEAR,
) -> ColumnDrift:
    """Measure how far the shares of the classes have moved, or the numbers of a regression.

    Args:
        profile: From ``profile_labels``.
        labels: As there.
        rules: Budget of false verdicts, limits, and the rows needed for a verdict.
        task: As there.
        batches_per_year: Cadence that the budget is shared out over.
    """
    table, _ = _labels(labels, task)
    return _measure(profile, table, rules, batches_per_year)


def _measure(
    profile: ReferenceProfile, table: pa.Table, rules: Drift, batches_per_year: float
) -> ColumnDrift:
    if len(profile.columns) != 1 or profile.columns[0].name != table.column_names[0]:
        held = ", ".join(column.name for column in profile.columns)
        raise ValueError(f"the profile holds {held}; expected {table.column_names[0]} alone")
    batches = table.to_batches(max_chunksize=MAX_CHUNK)
    return measure_drift(profile, batches, rules, batches_per_year=batches_per_year).columns[0]


def _predictions(scores: ArrayLike) -> tuple[pa.Table, Feature]:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim == 1:
        return _table(PREDICTION, pa.array(values)), Feature(name=PREDICTION, kind="numeric")
    if values.ndim != 2 or not values.shape[1]:  # noqa: PLR2004 - rows and classes
        raise ValueError(f"scores have shape {values.shape}; expected (n,) or (n, classes)")
    is_missing = ~np.isfinite(values).min(axis=1)
    likeliest = pa.array(np.nan_to_num(values).argmax(axis=1), mask=is_missing)
    return _table(PREDICTION, likeliest), Feature(name=PREDICTION, kind="categorical")


def _labels(labels: ArrayLike, task: Task) -> tuple[pa.Table, Feature]:
    values = np.asarray(labels)
    if values.ndim != 1:
        raise ValueError(f"labels have {values.ndim} dimensions; expected one label per row")
    known = pa.array(_plain(values), from_pandas=True).drop_null()
    kind: FeatureKind = "numeric" if task == "regression" else "categorical"
    return _table(LABEL, known), Feature(name=LABEL, kind=kind)


def _plain(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Read numbers that came as objects (0, 1, None) as numbers; text stays."""
    if values.dtype != object:
        return values
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return np.array([None if value is None else str(value) for value in values], dtype=object)


def _table(name: str, values: pa.Array) -> pa.Table:
    return pa.table({name: values})
