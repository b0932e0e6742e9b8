"""Reading the rows of a job: by column name, whatever order or integer width the files have."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evergreen.errors import DataError, EmptyWindowError, SchemaError, TrainingError
from evergreen.spec.model import Feature
from evergreen.training.jobs import Rows

if TYPE_CHECKING:
    import pandas as pd


def read_rows(job: Rows, columns: Iterable[str] = ()) -> pa.Table:
    """Read the job's rows with its delivered features and ``columns``; categories come as strings.

    With a ``features_file`` every column is read, since it may use any.

    Raises:
        SchemaError: A file lacks a column, or a column has a type that its kind does not take.
        DataError: A file is not readable Parquet.
        EmptyWindowError: There are no rows.
    """
    delivered = [feature for feature in job.features if not feature.derived]
    wanted = list(dict.fromkeys([f.name for f in delivered] + [c for c in columns if c]))
    if job.window is not None:
        if not job.time_column:
            raise ValueError("a job with a window needs a time_column")
        wanted = list(dict.fromkeys([*wanted, job.time_column]))
    parts = [
        _read_file(path, wanted, reads_all=job.features_file is not None) for path in job.files
    ]
    parts = [
        _with_categories(part, delivered, path) for part, path in zip(parts, job.files, strict=True)
    ]
    table = _in_window(job, _joined(parts))
    if table.num_rows == 0:
        raise EmptyWindowError(
            f"{len(job.files)} file(s) hold 0 rows"
            f"{f' in {job.window}' if job.window else ''}; were the batches of that time ingested?"
        )
    return table


def build_frame(job: Rows, table: pa.Table) -> "pd.DataFrame":
    """Return the rows as a frame without the target, with what ``features_file`` derives.

    Raises:
        SchemaError: ``build_features`` does not give the derived features.
        TrainingError: ``build_features`` failed, or changed the rows.
    """
    frame: pd.DataFrame = table.to_pandas()
    frame = frame.drop(columns=[job.target], errors="ignore")
    if job.features_file is None:
        missing = [feature.name for feature in job.features if feature.derived]
        if missing:
            raise SchemaError(
                f"derived features {', '.join(missing)} need a features.py, and the model has none"
            )
        return frame
    derived = _call_build_features(job.features_file, frame)
    missing = [feature.name for feature in job.features if feature.name not in derived.columns]
    if missing:
        raise SchemaError(
            f"{job.features_file.name}: build_features gave no column {', '.join(missing)}; the"
            " spec lists it as a feature"
        )
    return derived


def _in_window(job: Rows, table: pa.Table) -> pa.Table:
    if job.window is None:
        return table
    moment = table[job.time_column]
    if not pa.types.is_timestamp(moment.type) or moment.type.tz is None:
        raise SchemaError(
            f"time column {job.time_column} is {moment.type}, expected a timestamp with timezone"
        )
    start, end = (pa.scalar(at, moment.type) for at in (job.window.start, job.window.end))
    return table.filter(pc.and_(pc.greater_equal(moment, start), pc.less(moment, end)))


def _read_file(path: Path, wanted: list[str], *, reads_all: bool) -> pa.Table:
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            names = file.schema_arrow.names
            missing = [name for name in wanted if name not in names]
            if missing:
                raise SchemaError(
                    f"{path.name} has no column {', '.join(missing)}; it has"
                    f" {', '.join(names[:50])}"
                )
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise SchemaError(f"{path.name} has column {', '.join(twice)} more than once")
            return file.read(columns=None if reads_all else wanted)
    except FileNotFoundError as err:
        raise DataError(f"{path} is not there; was the snapshot removed?") from err
    except (pa.ArrowException, OSError) as err:
        size = path.stat().st_size if path.exists() else 0
        raise DataError(f"{path} ({size} bytes) cannot be read as Parquet: {err}") from err


def _with_categories(table: pa.Table, features: list[Feature], path: Path) -> pa.Table:
    """Turn categorical columns into strings, dictionaries into their values; check the rest."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, field.name, plain)
    for feature in features:
        place = table.schema.get_field_index(feature.name)
        found = table.schema.field(place).type
        if feature.kind == "categorical":
            table = table.set_column(
                place, feature.name, _as_text(table.column(place), path, feature)
            )
        elif not (_is_datetime(found) if feature.kind == "datetime" else _is_number(found)):
            raise SchemaError(
                f"{path.name}: column {feature.name} is {found}, expected {feature.kind}; was it"
                " renamed or delivered as text?"
            )
    return table


def _as_text(column: pa.ChunkedArray, path: Path, feature: Feature) -> pa.ChunkedArray:
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as err:
        raise SchemaError(
            f"{path.name}: column {feature.name} is {column.type}, expected categories"
        ) from err


def _is_number(found: pa.DataType) -> bool:
    kinds = pa.types
    return bool(
        kinds.is_integer(found)
        or kinds.is_floating(found)
        or kinds.is_boolean(found)
        or kinds.is_decimal(found)
        or kinds.is_null(found)
    )


def _is_datetime(found: pa.DataType) -> bool:
    kinds = pa.types
    return bool(kinds.is_timestamp(found) or kinds.is_date(found) or kinds.is_null(found))


def _joined(parts: list[pa.Table]) -> pa.Table:
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as err:
        raise SchemaError(f"the files disagree about a column's type: {err}") from err


def _call_build_features(path: Path, frame: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    spec = importlib.util.spec_from_file_location("evergreen_user_features", path)
    if spec is None or spec.loader is None:
        raise TrainingError(f"{path} cannot be loaded; expected a Python file")
    module = importlib.util.module_from_spec(spec)
    before = frame.index
    try:
        spec.loader.exec_module(module)
        result = module.build_features(frame)
    except MemoryError:
        raise
    except Exception as err:
        raise TrainingError(
            f"{path.name}: build_features failed with {type(err).__name__}: {err}"
        ) from err
    if not isinstance(result, pd.DataFrame):
        raise TrainingError(
            f"{path.name}: build_features gave {type(result)}, expected a DataFrame"
        )
    if not result.index.equals(before):
        raise TrainingError(
            f"{path.name}: build_features gave {len(result)} rows for {len(before)}, or in another"
            " order; it must give the same rows in the same order"
        )
    return result
