"""What the drift report draws: a seeded sample of each feature, cleaned of what breaks a picture.

No row reaches the page: numbers become histograms there, and values that the profile does not name
are drawn as "other" or "unseen".
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from evergreen.drift.profile.categories import text_of
from evergreen.drift.profile.datetimes import to_axis
from evergreen.drift.profile.profile import (
    CategoryColumn,
    ColumnProfile,
    NumericColumn,
    ReferenceProfile,
)
from evergreen.drift.profile.quantile_cells import FloatArray
from evergreen.measurements import ColumnDrift, DriftMeasurement

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 5_000
EDGE_PERCENT = 1.0
MIN_VALUES = 2
MICROSECONDS_PER_YEAR = 365.2425 * 86_400e6
MARKUP = str.maketrans("<>&", "()+")


class Picture(NamedTuple):
    """One feature as it is drawn: both sides are floats or category names, none missing."""

    column: ColumnDrift
    title: str
    is_numeric: bool
    reference: "np.ndarray[Any, Any]"
    current: "np.ndarray[Any, Any]"


def sample(frame: "pd.DataFrame", *, seed: int) -> "pd.DataFrame":
    """Draw at most 5,000 rows of ``frame``; the same ones for the same seed."""
    if len(frame) <= SAMPLE_ROWS:
        return frame
    return frame.sample(SAMPLE_ROWS, random_state=seed)


def make_pictures(
    reference: "pd.DataFrame",
    current: "pd.DataFrame",
    measurement: DriftMeasurement,
    profile: ReferenceProfile,
) -> tuple[list[Picture], dict[str, str]]:
    """Prepare every feature that has a number and something to draw, worst first.

    Args:
        reference: Sample of the reference window, a column per feature.
        current: Sample of the batch.
        measurement: The batch's drift; features without a PSI are left out.
        profile: The reference that it was measured against.

    Returns:
        The pictures, and for each feature left out its name and why.
    """
    profiles = {column.name: column for column in profile.columns}
    pictures: list[Picture] = []
    left_out: dict[str, str] = {}
    for column in sorted(measurement.columns, key=_badness, reverse=True):
        try:
            picture = _picture(column, profiles.get(column.column), reference, current)
        except (LookupError, TypeError, ValueError) as err:
            left_out[column.column] = str(err)
            continue
        if any(picture.title == other.title for other in pictures):
            left_out[column.column] = f"another feature is drawn under the title {picture.title!r}"
        else:
            pictures.append(picture)
    return pictures, left_out


def _badness(column: ColumnDrift) -> tuple[bool, float]:
    return column.verdict == "drifted", column.psi or 0.0


def _picture(
    column: ColumnDrift,
    profile: ColumnProfile | None,
    reference: "pd.DataFrame",
    current: "pd.DataFrame",
) -> Picture:
    if column.psi is None or profile is None:
        raise ValueError(column.sentence.removeprefix(f"{column.column}: "))
    drawn = []
    for side, frame in (("reference", reference), ("batch", current)):
        if column.column not in frame:
            raise LookupError(f"the sample of the {side} has no such column")
        values = _values(frame[column.column], profile)
        if values.size < MIN_VALUES:
            raise ValueError(f"the sample of the {side} holds {values.size} values to draw")
        drawn.append(values)
    is_numeric = isinstance(profile, NumericColumn)
    if is_numeric:
        drawn = _within_view(*drawn)
    return Picture(column, plain(column.column), is_numeric, *drawn)


def plain(text: str) -> str:
    """Replace the characters that would be markup in a page."""
    return text.translate(MARKUP)


def _values(series: "pd.Series[Any]", profile: ColumnProfile) -> "np.ndarray[Any, Any]":
    if isinstance(profile, CategoryColumn):
        names = [*map(plain, profile.labels), "(other)", "(other)", "(unseen)"]
        locate = profile.locator()
        texts = (text_of(value, profile.kind) for value in series[series.notna()].tolist())
        return np.array([names[locate(text)] for text in texts if text is not None], dtype=object)
    if profile.kind == "datetime":
        values = to_axis(pa.Array.from_pandas(series), "datetime") / MICROSECONDS_PER_YEAR + 1970
    else:
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(values[np.isfinite(values)])


def _within_view(reference: FloatArray, current: FloatArray) -> list[FloatArray]:
    """Move the outermost values to the edge, so that one row of 1e9 does not flatten the rest."""
    ends = [EDGE_PERCENT, 100 - EDGE_PERCENT]
    low = min(float(np.percentile(side, ends[0])) for side in (reference, current))
    high = max(float(np.percentile(side, ends[1])) for side in (reference, current))
    margin = (high - low) / 10
    return [np.clip(side, low - margin, high + margin) for side in (reference, current)]
