import errno
import os
import stat
from pathlib import Path

import pytest

from evergreen.errors import MissingFileError, StorageError
from evergreen.storage import disk
from evergreen.storage.store import Store


def test_written_file_is_readable_by_the_group_only(tmp_path: Path) -> None:
    Store.at(f"file://{tmp_path}").write_bytes("a", b"1")

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_file_being_written_is_not_listed_and_not_readable_by_others(tmp_path: Path) -> None:
    store = Store.at(f"file://{tmp_path}")

    with disk.replacing(tmp_path / "a") as temporary:
        temporary.write_bytes(b"1")
        modes = [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()]

        assert modes == [0o600]
        assert store.list_files() == []

    assert store.list_files() == ["a"]


def test_full_disk_is_named_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.at(f"file://{tmp_path}")
    store.write_bytes("a", b"old")

    def no_space(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(StorageError, match=r"writing file://.*/a: no space left"):
        store.write_bytes("a", b"new")

    assert (tmp_path / "a").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_link_out_of_the_store_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "folder").symlink_to(tmp_path)
    store = Store.at(f"file://{tmp_path}/root")

    for path in ("file", "folder/secret"):
        with pytest.raises(StorageError, match="leads out of the store"):
            store.read_bytes(path)


def test_store_may_itself_be_reached_over_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    Store.at(f"file://{tmp_path}/link").write_bytes("a", b"1")

    assert (tmp_path / "real" / "a").read_bytes() == b"1"


@pytest.mark.parametrize("raised", [PermissionError(errno.EACCES, "denied")])
@pytest.mark.parametrize("action", ["exists", "size", "list_folders"])
def test_refusal_is_never_a_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: OSError, action: str
) -> None:
    store = Store.at(f"file://{tmp_path}")

    def refuse(*_args: object, **_more: object) -> None:
        raise raised

    for name in ("info", "ls"):
        monkeypatch.setattr(type(store._fs), name, refuse)
    with pytest.raises(StorageError, match="not permitted") as caught:
        getattr(store, action)("a")

    assert not isinstance(caught.value, MissingFileError)


def test_lack_of_memory_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.at(f"file://{tmp_path}")

    def fail(*_args: object, **_more: object) -> None:
        raise MemoryError

    monkeypatch.setattr(type(store._fs), "cat_file", fail)
    with pytest.raises(MemoryError):
        store.read_bytes("a")
