import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import DataError, MissingFileError, StorageError
from evergreen.storage.parquet import BATCH_ROWS, MAX_BATCH_ROWS, parquet_batches
from evergreen.storage.store import Store


def make_table(n_rows: int) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table(
        {
            "x": random.normal(size=n_rows),
            "few": random.integers(0, 50, n_rows).astype(str),
            "ids": [f"id-{i:012d}" for i in random.permutation(n_rows)],
            "n": random.integers(0, 9, n_rows),
        }
    )


def write(store: Store, path: str, table: pa.Table, *, group_rows: int) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=group_rows)
    store.write_bytes(path, buffer.getvalue())


def joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches([batch.cast(schema) for batch in batches], schema)


def test_batches_are_the_table_in_its_order(store: Store) -> None:
    table = make_table(150_000)
    write(store, "a/b.parquet", table, group_rows=40_000)

    with store.open_batches("a/b.parquet") as opened:
        batches = list(opened)

    assert joined(batches, table.schema).equals(table)
    assert max(batch.num_rows for batch in batches) <= BATCH_ROWS


@pytest.mark.parametrize(
    ("names", "n_rows"),
    [
        pytest.param([f"n{i}" for i in range(20)], MAX_BATCH_ROWS, id="few numbers"),
        pytest.param([f"n{i}" for i in range(40)], MAX_BATCH_ROWS // 2, id="more numbers"),
        pytest.param([f"n{i}" for i in range(200)], BATCH_ROWS, id="many numbers"),
        pytest.param(["n0", "text"], BATCH_ROWS, id="texts"),
        pytest.param(["n0", "a.b"], BATCH_ROWS, id="texts by a name with a dot"),
        pytest.param(["n0", "list"], BATCH_ROWS, id="lists"),
        pytest.param(["gone"], BATCH_ROWS, id="nothing that is there"),
    ],
)
def test_of_numbers_more_rows_are_read_at_once(
    tmp_path: Path, names: list[str], n_rows: int
) -> None:
    rows = MAX_BATCH_ROWS + 1
    table = pa.table(
        {f"n{i}": pa.nulls(rows, pa.float64()) for i in range(200)}
        | {name: pa.nulls(rows, pa.string()) for name in ("text", "a.b")}
        | {"list": pa.nulls(rows, pa.list_(pa.int64()))}
    )
    pq.write_table(table, tmp_path / "t.parquet")

    assert next(parquet_batches(tmp_path / "t.parquet", names)).num_rows == n_rows


def test_only_the_columns_asked_for_are_read(store: Store) -> None:
    write(store, "t.parquet", make_table(10), group_rows=10)

    with store.open_batches("t.parquet", ["n", "gone", "x", "n"]) as opened:
        batch = next(opened)

    assert sorted(batch.schema.names) == ["n", "x"]
    assert batch.num_rows == 10


def test_a_column_that_stands_twice_comes_twice(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(table, tmp_path / "t.parquet")

    (batch,) = parquet_batches(tmp_path / "t.parquet", ["x"])

    assert batch.schema.names == ["x", "x"]


def test_short_texts_come_as_a_dictionary_and_many_long_ones_do_not(tmp_path: Path) -> None:
    pq.write_table(make_table(150_000), tmp_path / "t.parquet")

    schema = next(parquet_batches(tmp_path / "t.parquet")).schema

    assert pa.types.is_dictionary(schema.field("few").type)
    assert pa.types.is_string(schema.field("ids").type)


def test_a_file_without_rows_or_without_row_groups_has_no_rows(tmp_path: Path) -> None:
    pq.write_table(make_table(0), tmp_path / "none.parquet")
    pq.ParquetWriter(tmp_path / "no_group.parquet", make_table(0).schema).close()

    for name in ("none", "no_group"):
        assert sum(b.num_rows for b in parquet_batches(tmp_path / f"{name}.parquet")) == 0


def test_a_missing_file_is_told_before_the_block(store: Store) -> None:
    with (
        pytest.raises(MissingFileError, match=r"gone\.parquet"),
        store.open_batches("gone.parquet"),
    ):
        pytest.fail("the block was entered")


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_a_damaged_file_is_a_data_error_that_names_the_address(store: Store, damage: str) -> None:
    write(store, "t.parquet", make_table(5000), group_rows=5000)
    whole = store.read_bytes("t.parquet")
    store.write_bytes("t.parquet", b"no parquet" if damage == "text" else whole[:-200])

    with (
        pytest.raises(DataError, match=rf"{store.uri}/t\.parquet \(\d+ bytes\) is not a readable"),
        store.open_batches("t.parquet") as opened,
    ):
        list(opened)


def test_what_fails_in_the_block_is_not_taken_for_a_damaged_file(store: Store) -> None:
    write(store, "t.parquet", make_table(5000), group_rows=5000)

    def fail_inside() -> None:
        with store.open_batches("t.parquet") as opened:
            next(opened)
            raise OSError("mine")

    with pytest.raises(OSError, match=r"^mine$"):
        fail_inside()


def test_the_copy_of_a_bucket_is_removed(store: Store, tmp_path: Path) -> None:
    write(store, "t.parquet", make_table(5000), group_rows=5000)
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    with store.open_batches("t.parquet", folder=scratch) as opened:
        next(opened)
        held = list(scratch.iterdir())

    assert bool(held) == store.uri.startswith("s3://")
    assert list(scratch.iterdir()) == []


def test_a_link_out_of_the_store_is_refused(tmp_path: Path) -> None:
    pq.write_table(make_table(1), tmp_path / "outside.parquet")
    root = tmp_path / "root"
    root.mkdir()
    (root / "t.parquet").symlink_to(tmp_path / "outside.parquet")

    with (
        pytest.raises(StorageError, match="leads out of the store"),
        Store.at(f"file://{root}").open_batches("t.parquet"),
    ):
        pytest.fail("the block was entered")
