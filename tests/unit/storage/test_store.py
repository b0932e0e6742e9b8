import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from evergreen.errors import DataError, MissingFileError, SchemaError, StorageError
from evergreen.storage.store import Store


def test_bytes_come_back_as_written(store: Store) -> None:
    store.write_bytes("a/b.bin", b"\x00\x01")

    assert store.read_bytes("a/b.bin") == b"\x00\x01"
    assert store.size("a/b.bin") == 2


def test_write_replaces_what_was_there(store: Store) -> None:
    store.write_bytes("a.bin", b"first, and longer")

    store.write_bytes("a.bin", b"second")

    assert store.read_bytes("a.bin") == b"second"
    assert store.list_files() == ["a.bin"]


def test_json_comes_back_as_written(store: Store) -> None:
    payload: dict[str, Any] = {"words": ["été", "雪"], "n": 1.5, "none": None}

    store.write_json("a.json", payload)

    assert store.read_json("a.json") == payload


def test_json_with_nan_is_not_written(store: Store) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.write_json("a.json", {"n": float("nan")})

    assert not store.exists("a.json")


def test_broken_json_is_a_data_error(store: Store) -> None:
    store.write_bytes("a.json", b"{")

    with pytest.raises(DataError, match=r"a\.json is not JSON"):
        store.read_json("a.json")


def test_table_comes_back_as_written_with_its_hash(store: Store) -> None:
    table = pa.table({"x": [1, None, 3], "y": ["a", "b", "c"]})

    digest = store.write_table("t.parquet", table)

    assert store.read_table("t.parquet").equals(table)
    assert digest == hashlib.sha256(store.read_bytes("t.parquet")).hexdigest()


def test_same_table_has_the_same_hash(store: Store) -> None:
    table = pa.table({"x": list(range(1000))})

    assert store.write_table("one.parquet", table) == store.write_table("two.parquet", table)


def test_some_columns_of_a_table_can_be_read(store: Store) -> None:
    store.write_table("t.parquet", pa.table({"x": [1], "y": [2], "z": [3]}))

    assert store.read_table("t.parquet", ["z", "x"]).to_pydict() == {"z": [3], "x": [1]}


def test_unknown_column_of_a_table_is_named(store: Store) -> None:
    store.write_table("t.parquet", pa.table({"x": [1]}))

    with pytest.raises(SchemaError, match="no column nope"):
        store.read_table("t.parquet", ["x", "nope"])


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"PAR1 half of it"], ids=["0", "csv", "cut"]
)
def test_what_is_no_parquet_is_a_data_error_with_its_size(store: Store, content: bytes) -> None:
    store.write_bytes("t.parquet", content)

    with pytest.raises(DataError, match=rf"t\.parquet \({len(content)} bytes\)"):
        store.read_table("t.parquet")


def test_folders_and_files_are_listed(store: Store) -> None:
    for path in ("2013-01-08/manifest.json", "2013-01-01/part-0.parquet", "2013-01-01/x/y", "top"):
        store.write_bytes(path, b"1")

    assert store.list_folders() == ["2013-01-01", "2013-01-08"]
    assert store.list_folders("2013-01-01") == ["x"]
    assert store.list_files("2013-01-01") == ["2013-01-01/part-0.parquet", "2013-01-01/x/y"]
    assert store.list_files()[-1] == "top"


def test_sibling_with_the_same_beginning_is_not_listed(store: Store) -> None:
    store.write_bytes("a/file", b"1")
    store.write_bytes("ab/file", b"1")

    assert store.list_files("a") == ["a/file"]


def test_place_that_is_not_there_lists_as_empty(store: Store) -> None:
    assert store.list_folders() == []
    assert store.list_folders("nowhere") == []
    assert store.list_files() == []
    assert store.list_files("nowhere") == []


def test_listing_sees_what_another_client_wrote_since(store: Store, tmp_path: Path) -> None:
    store.write_bytes("a/1", b"1")
    assert store.list_files("a") == ["a/1"]
    other = Store(store._root, type(store._fs)(**store._fs.storage_options))

    other.write_bytes("a/2", b"2")
    other.write_bytes("b/1", b"2")

    assert store.list_files("a") == ["a/1", "a/2"]
    assert store.list_folders() == ["a", "b"]
    assert store.exists("b/1")


def test_exists_knows_files_and_folders(store: Store) -> None:
    store.write_bytes("a/b", b"1")

    assert store.exists("a/b")
    assert store.exists("a")
    assert not store.exists("a/c")
    assert not store.exists("a/b/c")


@pytest.mark.parametrize("action", ["read_bytes", "size", "modified", "read_json", "read_table"])
def test_missing_file_is_its_own_error(store: Store, action: str) -> None:
    with pytest.raises(MissingFileError, match=r"nowhere/file: there is no such file"):
        getattr(store, action)("nowhere/file")


def test_size_of_a_folder_is_refused(store: Store) -> None:
    store.write_bytes("a/b", b"1")

    with pytest.raises(MissingFileError):
        store.size("a")


def test_modified_is_now_in_utc(store: Store) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)

    store.write_bytes("a", b"1")

    assert before < store.modified("a") < before + timedelta(minutes=5)
    assert store.modified("a").tzinfo == UTC


def test_files_go_to_the_disk_and_back(store: Store, tmp_path: Path) -> None:
    source, target = tmp_path / "source.bin", tmp_path / "new" / "target.bin"
    source.write_bytes(b"content" * 1000)

    store.upload(source, "a/b.bin")
    store.download("a/b.bin", target)

    assert target.read_bytes() == source.read_bytes()


def test_failed_download_leaves_the_target_alone(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "target" / "file"
    target.parent.mkdir()
    target.write_bytes(b"old")

    with pytest.raises(MissingFileError):
        store.download("nowhere", target)

    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_upload_of_nothing_says_so(store: Store, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="absent"):
        store.upload(tmp_path / "absent", "a")

    assert not store.exists("a")


def test_delete_takes_files_and_folders_and_accepts_nothing(store: Store) -> None:
    for path in ("a/1", "a/b/2", "ab", "c"):
        store.write_bytes(path, b"1")

    store.delete("a")
    store.delete("c")
    store.delete("nowhere")

    assert store.list_files() == ["ab"]


def test_names_with_wildcards_are_taken_literally(store: Store) -> None:
    store.write_bytes("a*", b"1")
    store.write_bytes("ab", b"2")

    store.delete("a*")

    assert store.list_files() == ["ab"]


def test_whole_store_is_not_deleted(store: Store) -> None:
    with pytest.raises(ValueError, match="whole store"):
        store.delete("")


def test_uri_of_names_the_full_address(store: Store) -> None:
    assert store.uri_of("a/b/") == f"{store.uri}/a/b"
    assert store.uri_of("") == store.uri


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a\\..\\b", "a\x00b", "/", "x" * 901],
)
@pytest.mark.parametrize("action", ["read_bytes", "exists", "list_files", "delete"])
def test_path_that_could_leave_the_store_is_refused(store: Store, path: str, action: str) -> None:
    with pytest.raises(StorageError):
        getattr(store, action)(path)


def test_a_file_is_read_piece_by_piece(store: Store) -> None:
    store.write_bytes("a/file", b"0123456789")

    assert list(store.read_pieces("a/file", piece_bytes=4)) == [b"0123", b"4567", b"89"]


def test_pieces_of_a_file_that_is_not_there_are_an_error(store: Store) -> None:
    with pytest.raises(MissingFileError, match="a/file"):
        list(store.read_pieces("a/file"))
