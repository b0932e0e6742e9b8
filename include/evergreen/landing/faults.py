"""Broken deliveries on request: what an upstream system does when it goes wrong.

A *data* fault changes the table before it is written, and the manifest describes it truthfully:
only the schema check or the quality gate can notice. A *file* fault damages the files after the
manifest's lines were taken: the manifest disagrees with them.
"""

from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DataFault = Literal["half_missing", "unit_changed", "renamed_column"]
FileFault = Literal["truncated_part", "missing_part"]
Fault = Literal[DataFault, FileFault]

KM_PER_MILE = 1.609344
HALF_MISSING = "temp"
RENAMED = ("temp", "temperature")


def break_table(table: pa.Table, fault: DataFault, *, seed: int = 0) -> pa.Table:
    """Return the table as a broken upstream system would write it.

    Args:
        table: A batch of flights.
        fault: ``half_missing`` empties a random half of ``temp``; ``unit_changed`` turns
            ``distance`` from miles into kilometres and ``temp`` from Fahrenheit into Celsius;
            ``renamed_column`` calls ``temp`` ``temperature``.
        seed: Which half goes missing.

    Raises:
        ValueError: There is no such fault, or the table lacks the column.
    """
    if fault == "half_missing":
        return empty_half(table, HALF_MISSING, seed=seed)
    if fault == "unit_changed":
        in_km = _replace(table, "distance", pc.multiply(_numbers(table, "distance"), KM_PER_MILE))
        celsius = pc.divide(pc.subtract(_numbers(in_km, "temp"), 32.0), 1.8)
        return _replace(in_km, "temp", celsius)
    if fault == "renamed_column":
        return rename(table, *RENAMED)
    raise ValueError(f"there is no fault {fault!r}; there are {', '.join(get_args(DataFault))}")


def empty_half(table: pa.Table, column: str, *, seed: int = 0) -> pa.Table:
    """Return the table with exactly half (rounded up) of a column's rows without a value."""
    _check(table, column)
    n_rows = table.num_rows
    chosen = np.zeros(n_rows, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(n_rows)[: (n_rows + 1) // 2]] = True
    kept = pc.if_else(pa.array(chosen), pa.scalar(None, table[column].type), table[column])
    return _replace(table, column, kept)


def rename(table: pa.Table, old: str, new: str) -> pa.Table:
    """Return the table with one column under another name."""
    _check(table, old)
    return table.rename_columns([new if name == old else name for name in table.column_names])


def truncate(data: bytes) -> bytes:
    """Return the first half of a file, as an upload that broke off leaves it."""
    return data[: len(data) // 2]


def _numbers(table: pa.Table, column: str) -> pa.ChunkedArray:
    _check(table, column)
    return table[column].cast(pa.float64())


def _replace(table: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _check(table: pa.Table, column: str) -> None:
    if column not in table.column_names:
        raise ValueError(
            f"the batch has no column {column}; it has {', '.join(table.column_names)}"
        )
