import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from evergreen.errors import MissingFileError, StorageError
from evergreen.storage.store import Store

OpenS3 = Callable[..., Any]


@pytest.mark.parametrize("action", ["exists", "list_folders", "list_files", "read_bytes", "size"])
def test_refusal_is_never_a_missing_file(
    open_s3: OpenS3, bucket: str, stranger: dict[str, str], action: str
) -> None:
    store = Store.at(f"s3://{bucket}/prefix", filesystem=open_s3(**stranger))

    with pytest.raises(StorageError, match="not permitted") as caught:
        getattr(store, action)("2013-01-01")

    assert not isinstance(caught.value, MissingFileError)
    assert stranger["secret"] not in str(caught.value)


@pytest.mark.parametrize("action", ["exists", "list_folders", "list_files", "read_bytes", "size"])
def test_missing_bucket_is_a_wrong_location_and_not_an_empty_one(
    open_s3: OpenS3, action: str
) -> None:
    store = Store.at("s3://no-such-bucket-here/x", filesystem=open_s3())

    with pytest.raises(StorageError, match="no such bucket") as caught:
        getattr(store, action)("a")

    assert not isinstance(caught.value, MissingFileError)


def test_bucket_without_a_prefix_works(open_s3: OpenS3, bucket: str) -> None:
    store = Store.at(f"s3://{bucket}", filesystem=open_s3())

    assert store.list_folders() == []
    store.write_bytes("a/b", b"1")

    assert store.list_folders() == ["a"]
    assert store.list_files() == ["a/b"]


def test_default_filesystem_takes_the_environment(
    s3_address: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)

    store = Store.at(f"s3://{bucket}/x")
    store.write_bytes("a", b"1")

    assert store.read_bytes("a") == b"1"


def test_dead_address_is_unreachable_within_bounds(open_s3: OpenS3) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        store = Store.at("s3://b/x", filesystem=open_s3(address=f"http://127.0.0.1:{port}"))
        started = time.monotonic()

        with pytest.raises(StorageError, match="unreachable"):
            store.read_bytes("a")

    assert time.monotonic() - started < 60
