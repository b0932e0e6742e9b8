"""Delivered Parquet files: what the footer claims is checked before anything is decoded."""

from collections.abc import Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evergreen.data.schema import align, check_columns
from evergreen.errors import DataError, ManifestError
from evergreen.records import DeliveredFile, Manifest
from evergreen.spec.model import ModelSpec

MAX_COLUMNS = 5000
MAX_DECODED_BYTES = 8 * 1024**3
THRIFT_LIMIT = 64 * 1024 * 1024


def open_part(source: BinaryIO, listed: DeliveredFile) -> pq.ParquetFile:
    """Open one delivered file and check its footer; no column is decoded.

    Args:
        source: The file's content, seekable.
        listed: The file's line in the manifest.

    Raises:
        DataError: It is not Parquet, or would decode to more than is allowed.
        ManifestError: It claims another number of rows than the manifest says.
    """
    try:
        file = pq.ParquetFile(
            source,
            thrift_string_size_limit=THRIFT_LIMIT,
            thrift_container_size_limit=THRIFT_LIMIT,
        )
    except (pa.ArrowException, OSError, ValueError) as err:
        raise DataError(
            f"{listed.path} ({listed.size_bytes} bytes) is not a readable Parquet file: {err};"
            " deliver it again"
        ) from err
    check_footer(file.metadata, listed)
    return file


def check_footer(footer: pq.FileMetaData, listed: DeliveredFile) -> None:
    """Refuse a file whose footer claims more than the manifest, or more than can be held.

    Raises:
        ManifestError: Another number of rows than the manifest says.
        DataError: Too many columns, or too many bytes once decoded.
    """
    if footer.num_rows != listed.n_rows:
        raise ManifestError(
            f"{listed.path}: its footer claims {footer.num_rows} rows, the manifest says"
            f" {listed.n_rows}; deliver it again"
        )
    if footer.num_columns > MAX_COLUMNS:
        raise DataError(
            f"{listed.path} has {footer.num_columns} columns, more than the {MAX_COLUMNS} allowed"
        )
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if sum(group.num_rows for group in groups) != footer.num_rows:
        raise DataError(f"{listed.path}: its row groups do not add up to {footer.num_rows} rows")
    n_bytes = sum(group.total_byte_size for group in groups)
    if n_bytes > MAX_DECODED_BYTES:
        raise DataError(
            f"{listed.path} holds {n_bytes} bytes once decoded, allowed are {MAX_DECODED_BYTES};"
            " deliver it in smaller batches"
        )


def read_part(
    source: BinaryIO, listed: DeliveredFile, manifest: Manifest, spec: ModelSpec
) -> pa.Table:
    """Return one delivered file as a table with the columns of the spec.

    Args:
        source: The file's content, seekable.
        listed: The file's line in the manifest.
        manifest: The delivery's manifest.
        spec: The model's spec.

    Raises:
        DataError: The file cannot be used; ``SchemaError`` and ``ManifestError`` are subclasses.
    """
    file = open_part(source, listed)
    schema = file.schema_arrow
    extra = check_columns(schema, manifest, spec)
    wanted = [name for name in schema.names if name not in extra]
    try:
        table = file.read(columns=wanted)
    except (pa.ArrowException, OSError, ValueError) as err:
        raise DataError(f"{listed.path} is damaged: {err}; deliver it again") from err
    return align(table, spec, manifest.kind)


def combine(parts: Sequence[pa.Table], manifest: Manifest, spec: ModelSpec) -> pa.Table:
    """Return a delivery as one table and check it as a whole.

    Args:
        parts: What ``read_part`` gave, in the order of the manifest.
        manifest: The delivery's manifest.
        spec: The model's spec.

    Raises:
        ManifestError: The parts do not add up to the manifest's rows, or an event lies outside of
            the manifest's window.
    """
    table = pa.concat_tables(parts).combine_chunks()
    if table.num_rows != manifest.n_rows:
        raise ManifestError(
            f"batch {manifest.batch} holds {table.num_rows} rows, its manifest says"
            f" {manifest.n_rows}; deliver it again"
        )
    if manifest.kind == "data":
        _check_times(table[spec.data.time_column], manifest, spec.data.time_column)
    return table


def _check_times(times: pa.ChunkedArray, manifest: Manifest, name: str) -> None:
    bounds = pc.min_max(times).as_py()
    earliest, latest = bounds["min"], bounds["max"]
    if earliest is None:
        return  # no time at all: the quality gate reports missing values
    window = manifest.window
    if earliest < window.start or latest >= window.end:
        raise ManifestError(
            f"batch {manifest.batch} covers {window}, but {name} reaches from {earliest} to"
            f" {latest}; put the rows into the batches of their own periods, or correct the window"
        )
