"""Any Parquet table as a stream: checked whole before the first model is trained."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evergreen.backtest.engine.classes import choose_metric, require_two, to_classes
from evergreen.backtest.engine.columns import encode, infer_features, missing_column, plain_table
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.engine.times import batches_per_year, moments_of, require_order, to_order
from evergreen.errors import DataError, EmptyWindowError, RequestError, SchemaError
from evergreen.presentation.formatting import plural
from evergreen.spec.model import MetricName

MIN_WINDOW = 50
MIN_BATCH = 10
PANDAS_INDEX = re.compile(r"__index_level_\d+__")


@dataclass(frozen=True)
class Cut:
    """How a table is cut into a stream.

    Attributes:
        window: Rows that the first champion learns from, and each challenger after it.
        batch: Rows of a batch; what is left over at the end of the table is not used.
        label_delay: Labels of batch i are known when batch ``i + label_delay`` has been scored.
    """

    window: int
    batch: int
    label_delay: int = 0

    def check(self) -> None:
        """Refuse sizes that no back-test can have.

        Raises:
            RequestError: A size is out of range.
        """
        for option, value, least in (
            ("--window", self.window, MIN_WINDOW),
            ("--batch", self.batch, MIN_BATCH),
            ("--label-delay", self.label_delay, 0),
        ):
            if value < least:
                raise RequestError(f"{option} is {value}, expected at least {least}")

    def edges(self, n_rows: int) -> NDArray[np.int64]:
        """Return where the batches lie in a table of ``n_rows`` rows.

        Raises:
            EmptyWindowError: There are too few rows for the window and one batch.
            RequestError: No label would be known before the last batch.
        """
        n_batches = (n_rows - self.window) // self.batch
        if n_batches < 1:
            raise EmptyWindowError(
                f"the table has {n_rows:,} rows, expected at least"
                f" {self.window + self.batch:,} (--window {self.window} + --batch {self.batch});"
                " take smaller ones"
            )
        if self.label_delay >= n_batches:
            raise RequestError(
                f"--label-delay is {plural(self.label_delay, 'batch')} and the table makes"
                f" {n_batches}: no"
                " label would be known before the end; take a shorter delay or smaller batches"
            )
        return self.window + self.batch * np.arange(n_batches + 1, dtype=np.int64)


def read_stream(
    path: Path,
    *,
    time: str,
    target: str,
    window: int,
    batch: int,
    label_delay: int = 0,
    metric: MetricName | None = None,
    name: str | None = None,
    ignore: Sequence[str] = (),
) -> Stream:
    """Read a Parquet table in order of time as a stream.

    Every column other than time and target is a feature: numbers (missing and infinite values
    stay), text, categories, booleans, dates and timestamps. An index that pandas saved without a
    name is none.

    Args:
        path: The table.
        time: Column of timestamps, dates or numbers that never fall.
        target: Column of two or more classes: whole numbers, text, categories or booleans.
        window: Rows that the first champion learns from, and each challenger after it.
        batch: Rows of a batch; what is left over at the end is not used.
        label_delay: In batches: labels of batch i are known when batch ``i + label_delay`` has been
            scored.
        metric: None is AUC for two classes, accuracy for more.
        name: For tables and pictures; None is the file's name.
        ignore: Columns that are no features, such as an identifier.

    Raises:
        RequestError: A size, the metric or a column of ``ignore`` cannot be.
        DataError: The file cannot be read, is not in order of time, or has no usable target.
        SchemaError: A column is missing, is there twice, or has a type that it cannot have.
        EmptyWindowError: There are too few rows.
    """
    cut = Cut(window, batch, label_delay)
    cut.check()
    columns = _choose(path, time=time, target=target, ignore=ignore)
    table = _read(path, columns)
    edges = cut.edges(table.num_rows)
    order = to_order(table[time], name=time)
    require_order(order, table[time], name=time)
    classes, values = to_classes(table[target], name=target)
    require_two(classes, values, name=target, where="the whole table")
    require_two(classes[:window], values, name=target, where=f"the first {window:,} rows")
    rows = plain_table(table.drop_columns([time, target]))
    features = infer_features(rows)
    matrix, categorical = encode(rows, features)
    moments = moments_of(table[time], edges)
    return Stream(
        name=name or path.stem,
        table=rows,
        features=features,
        matrix=matrix,
        categorical=categorical,
        target=classes,
        n_classes=len(values),
        metric=choose_metric(metric, n_classes=len(values)),
        edges=edges,
        window_starts=np.maximum(edges - window, 0),
        label_delay=label_delay,
        batches_per_year=batches_per_year(moments),
        moments=moments,
    )


def _choose(path: Path, *, time: str, target: str, ignore: Sequence[str]) -> list[str]:
    """Check the names of the columns; give those to read, in the order of the file."""
    schema = _schema(path)
    names = list(schema.names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SchemaError(
            f"{path} has column {', '.join(map(repr, twice))} more than once; rename or drop one"
        )
    for name, what in ((time, "time"), (target, "target"), *((n, "ignored") for n in ignore)):
        if name not in names:
            raise missing_column(name, names, what=what)
    if time == target:
        raise RequestError(f"--time and --target are both {time!r}; they are different columns")
    wrong = sorted({time, target} & set(ignore))
    if wrong:
        raise RequestError(f"--ignore names {wrong[0]!r}, which is the time or the target")
    dropped = {*ignore, *_index_columns(schema)} - {time, target}
    chosen = [name for name in names if name not in dropped]
    if len(chosen) == len({time, target}):
        raise SchemaError(f"{path} has no column besides time and target; expected features")
    return chosen


def _schema(path: Path) -> pa.Schema:
    if not path.exists():
        near = sorted(p.name for p in path.parent.glob("*.parquet")) if path.parent.is_dir() else []
        remedy = f"the folder has {', '.join(near[:5])}" if near else "is the path right?"
        raise DataError(f"there is no file {path}; {remedy}")
    if not path.is_file():
        raise DataError(f"{path} is a folder, expected one Parquet file; join its parts into one")
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as err:
        size = path.stat().st_size
        raise DataError(
            f"{path} ({size:,} bytes) cannot be read as Parquet: {_first_line(err)}; from CSV:"
            " pandas.read_csv(...).to_parquet(...)"
        ) from err


def _index_columns(schema: pa.Schema) -> set[str]:
    """Return the columns that are only a numbering which pandas saved along."""
    saved = (schema.metadata or {}).get(b"pandas")
    try:
        index = json.loads(saved)["index_columns"] if saved else []
    except (ValueError, KeyError, TypeError):
        return set()
    return {name for name in index if isinstance(name, str) and PANDAS_INDEX.fullmatch(name)}


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, partitioning=None)
    except (pa.ArrowException, OSError) as err:
        raise DataError(f"{path} cannot be read: {_first_line(err)}; is it whole?") from err


def _first_line(err: Exception) -> str:
    return str(err).partition("\n")[0].rstrip(".")
