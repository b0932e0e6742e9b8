"""From a frame to what LightGBM takes: floats, categories with fixed tables, and safe names."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evergreen.errors import SchemaError
from evergreen.spec.model import Feature

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

SAFE_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
HASHED = "hashed_"


def internal_name(name: str) -> str:
    """Return the name of a feature inside the model file.

    LightGBM refuses JSON characters in names and turns blanks into underscores, so every name that
    is not plain is replaced by a hash: it depends on the name alone, not on the feature's place.
    """
    if SAFE_NAME.fullmatch(name) and not name.startswith(HASHED):
        return name
    return f"{HASHED}{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def to_matrix(
    frame: "pd.DataFrame",
    features: Sequence[Feature],
    tables: Mapping[str, Sequence[str]] | None = None,
) -> "pd.DataFrame":
    """Return the features as LightGBM takes them, under their internal names, in the order given.

    Numbers, integers and booleans become float64, missing ones NaN; datetimes become seconds since
    1970 in UTC; categories become pandas categoricals.

    Args:
        frame: Holds every feature by its name.
        features: What to take.
        tables: Categories of the model by internal name, for scoring: unseen ones become missing.
            None takes the categories of the frame, sorted.

    Raises:
        SchemaError: A column holds what its kind does not take.
    """
    import pandas as pd

    columns: dict[str, object] = {}
    for feature in features:
        name = internal_name(feature.name)
        if feature.kind == "categorical":
            table = None if tables is None else tables[name]
            columns[name] = _categories(frame[feature.name], table)
        elif feature.kind == "datetime":
            columns[name] = _seconds(frame[feature.name], feature)
        else:
            columns[name] = _floats(frame[feature.name], feature)
    return pd.DataFrame(columns, index=frame.index)


def _floats(series: "pd.Series[float]", feature: Feature) -> FloatArray:
    problem = f"feature {feature.name} is {series.dtype}, expected {feature.kind}"
    if series.dtype == object and any(isinstance(v, str | bytes) for v in series.dropna()):
        raise SchemaError(f"{problem}; it holds text")
    try:
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError) as err:
        raise SchemaError(f"{problem}: {err}") from err


def _seconds(series: "pd.Series[pd.Timestamp]", feature: Feature) -> FloatArray:
    """Return datetimes as seconds since 1970 in UTC; one without timezone is taken for UTC."""
    import pandas as pd

    problem = f"feature {feature.name} is {series.dtype}, expected datetimes"
    is_object = series.dtype == object and all(isinstance(v, date) for v in series.dropna())
    if not (is_object or pd.api.types.is_datetime64_any_dtype(series.dtype)):
        raise SchemaError(problem)
    try:
        moments = pd.to_datetime(series, utc=True)
    except (ValueError, OverflowError) as err:
        raise SchemaError(f"{problem}: {err}") from err
    since = moments - pd.Timestamp(0, tz="UTC")
    return np.asarray(since.dt.total_seconds(), dtype=np.float64)


def _categories(series: "pd.Series[str]", table: Sequence[str] | None) -> "pd.Categorical":
    import pandas as pd

    text = series.astype(object).where(series.notna(), None)
    values = [None if value is None else str(value) for value in text]
    if table is None:
        table = sorted({value for value in values if value is not None})
    return pd.Categorical(values, categories=list(table))
