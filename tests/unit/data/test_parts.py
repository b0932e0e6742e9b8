from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.data import parts
from evergreen.data.parts import check_footer, combine, open_part, read_part
from evergreen.errors import DataError, ManifestError, SchemaError
from evergreen.records import DeliveredFile, Manifest, Window
from evergreen.spec.model import ModelSpec

Make = Callable[..., Any]


def test_part_is_read_as_the_spec_says(
    spec: ModelSpec, make_table: Make, make_manifest: Make, as_file: Make
) -> None:
    table = make_table().append_column("colour", [["red"] * 4])
    source, listed = as_file(table)

    part = read_part(source, listed, make_manifest(table), spec)

    assert part.num_rows == 4
    assert part.column_names == ["id", "at", "price", "visits", "country", "is_member"]


@pytest.mark.parametrize(
    "content", [b"", b"id,at\n1,2\n", b"PAR1"], ids=["empty", "csv", "magic only"]
)
def test_what_is_no_parquet_is_a_data_error(content: bytes) -> None:
    listed = DeliveredFile(
        path="part-0.parquet", size_bytes=len(content), sha256="0" * 64, n_rows=1
    )

    with pytest.raises(DataError, match=rf"part-0\.parquet \({len(content)} bytes\)"):
        open_part(BytesIO(content), listed)


@pytest.mark.parametrize("n_listed", [3, 5])
def test_footer_that_claims_other_rows_is_refused_before_decoding(
    make_table: Make, as_file: Make, n_listed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, listed = as_file(make_table())

    def decode(*_args: object, **_more: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(pq.ParquetFile, "read", decode)
    with pytest.raises(ManifestError, match=f"footer claims 4 rows, the manifest says {n_listed}"):
        open_part(source, listed.model_copy(update={"n_rows": n_listed}))


def footer(
    *, n_rows: int = 5, n_columns: int = 3, groups: tuple[tuple[int, int], ...] = ((5, 9),)
) -> Any:
    found = [SimpleNamespace(num_rows=rows, total_byte_size=size) for rows, size in groups]
    return SimpleNamespace(
        num_rows=n_rows,
        num_columns=n_columns,
        num_row_groups=len(found),
        row_group=lambda number: found[number],
    )


LISTED = DeliveredFile(path="part-0.parquet", size_bytes=10, sha256="0" * 64, n_rows=5)


def test_footer_at_its_limits_is_accepted() -> None:
    at_limit = footer(
        n_columns=parts.MAX_COLUMNS, groups=((2, parts.MAX_DECODED_BYTES - 1), (3, 1))
    )

    check_footer(cast(pq.FileMetaData, at_limit), LISTED)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"n_columns": parts.MAX_COLUMNS + 1}, "columns, more than the"),
        ({"groups": ((5, parts.MAX_DECODED_BYTES + 1),)}, "bytes once decoded"),
        ({"groups": ((2, 1), (2, 1))}, "do not add up"),
    ],
)
def test_footer_over_its_limits_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        check_footer(cast(pq.FileMetaData, footer(**changes)), LISTED)


def test_renamed_column_is_refused_from_the_footer(
    spec: ModelSpec, make_table: Make, make_manifest: Make, as_file: Make
) -> None:
    table = make_table().rename_columns(["id", "at", "prices", "visits", "country", "is_member"])
    source, listed = as_file(table)

    with pytest.raises(SchemaError, match="renamed to 'prices'"):
        read_part(source, listed, make_manifest(table), spec)


def test_damaged_pages_are_a_data_error(
    spec: ModelSpec, make_table: Make, make_manifest: Make, as_file: Make
) -> None:
    table = make_table(1000)
    source, listed = as_file(table)
    data = bytearray(source.getvalue())
    data[4:2000] = bytes(1996)

    with pytest.raises(DataError, match="damaged"):
        read_part(BytesIO(bytes(data)), listed, make_manifest(table), spec)


def test_parts_are_combined(spec: ModelSpec, make_table: Make, make_manifest: Make) -> None:
    whole = make_table(10)

    table = combine([whole.slice(0, 4), whole.slice(4)], make_manifest(whole), spec)

    assert table.equals(whole.combine_chunks())


def test_parts_that_do_not_add_up_are_refused(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    whole = make_table(10)

    with pytest.raises(ManifestError, match="holds 4 rows, its manifest says 10"):
        combine([whole.slice(0, 4)], make_manifest(whole), spec)


def spanning(table: pa.Table, *, before: int, after: int) -> Window:
    first, last = table["at"][0].as_py(), table["at"][-1].as_py()
    tick = timedelta(microseconds=1)
    return Window(start=first - before * tick, end=last + after * tick)


def test_window_from_the_first_event_to_just_after_the_last_is_accepted(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table(10)

    whole = combine([table], make_manifest(table, window=spanning(table, before=0, after=1)), spec)

    assert whole.num_rows == 10


@pytest.mark.parametrize(
    ("before", "after"), [(0, 0), (-1, 1)], ids=["an event at the end", "an event before the start"]
)
def test_event_outside_of_the_window_is_refused(
    spec: ModelSpec, make_table: Make, make_manifest: Make, before: int, after: int
) -> None:
    table = make_table(10)
    manifest: Manifest = make_manifest(table, window=spanning(table, before=before, after=after))

    with pytest.raises(ManifestError, match="at reaches from"):
        combine([table], manifest, spec)


def test_missing_times_are_left_to_the_gate(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table(2)
    table = table.set_column(1, "at", pa.nulls(2, pa.timestamp("us", tz="UTC")))

    assert combine([table], make_manifest(table), spec).num_rows == 2


def test_labels_have_no_event_time(spec: ModelSpec, make_manifest: Make) -> None:
    table = pa.table({"id": ["a"], "bought": [1]})

    assert combine([table], make_manifest(table, kind="labels"), spec).num_rows == 1
