"""Parquet on a disk, record batch by record batch: memory does not grow with the rows."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import DataError, MissingFileError

BATCH_ROWS = 32_768
MAX_BATCH_ROWS = 131_072
BATCH_NUMBERS = 20 * MAX_BATCH_ROWS  # 20 MiB
BUFFER_BYTES = 1 << 20
DICTIONARY_BYTES = 1 << 20
DICTIONARY_BYTES_PER_ROW = 3


def parquet_batches(
    path: Path, columns: Sequence[str] | None = None, *, uri: str = ""
) -> Iterator[pa.RecordBatch]:
    """Read some columns of a Parquet file, 32,768 rows at a time, more of a few columns of numbers.

    Read page by page and never ahead: memory holds one record batch and 1 MB per column, for any
    size of the file and its row groups. Text that the file stores as a dictionary is returned as
    one.

    Args:
        path: The file.
        columns: Names of the columns wanted; one that the file lacks is skipped, one that it has
            twice is returned twice. None: all.
        uri: Name of the file in errors; its path if not given.

    Raises:
        MissingFileError: There is no such file.
        DataError: The file is not Parquet, or is damaged; no retry helps.
    """
    name = uri or str(path)
    try:
        footer = pq.read_metadata(path)
        with pq.ParquetFile(
            path,
            metadata=footer,
            pre_buffer=False,
            buffer_size=BUFFER_BYTES,
            read_dictionary=_compact_texts(footer),
        ) as file:
            wanted = None if columns is None else list(dict.fromkeys(columns))
            n_rows = _rows_at_a_time(footer, wanted)
            batches = file.iter_batches(batch_size=n_rows, columns=wanted)
            while (batch := next(batches, None)) is not None:
                yield batch
    except FileNotFoundError as err:
        raise MissingFileError(f"reading {name}: there is no such file") from err
    except (pa.ArrowException, OSError) as err:
        size = path.stat().st_size if path.exists() else 0
        raise DataError(f"{name} ({size} bytes) is not a readable Parquet file: {err}") from err


def _rows_at_a_time(footer: pq.FileMetaData, wanted: Sequence[str] | None) -> int:
    """Return how many rows to read at once: many are quicker, but texts and lists are long."""
    leaves = [footer.schema.column(place) for place in range(footer.num_columns)]
    if wanted is not None:
        names = set(wanted)
        leaves = [leaf for leaf in leaves if {leaf.path, leaf.path.split(".")[0]} & names]
    is_long = any(
        leaf.physical_type.endswith("BYTE_ARRAY") or leaf.max_repetition_level for leaf in leaves
    )
    if is_long or not leaves:
        return BATCH_ROWS
    return min(MAX_BATCH_ROWS, max(BATCH_ROWS, BATCH_NUMBERS // len(leaves)))


def _compact_texts(footer: pq.FileMetaData) -> list[str]:
    """Return the text columns that are small enough to be stored as a dictionary throughout.

    A writer stops using the dictionary in a column of many long values; reading that column as a
    dictionary anyway takes six times as long and holds every value.
    """
    groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
    found = []
    for place in range(footer.num_columns if groups else 0):
        chunks = [group.column(place) for group in groups]
        if chunks[0].physical_type == "BYTE_ARRAY" and all(
            chunk.has_dictionary_page
            and chunk.total_uncompressed_size
            <= DICTIONARY_BYTES + DICTIONARY_BYTES_PER_ROW * chunk.num_values
            for chunk in chunks
        ):
            found.append(chunks[0].path_in_schema)
    return found
