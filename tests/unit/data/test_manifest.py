import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.data.manifest import MAX_BYTES, check_file, parse_manifest
from evergreen.errors import ManifestError
from evergreen.records import DeliveredFile, Manifest

FILE = DeliveredFile(path="part-0.parquet", size_bytes=10, sha256="ab" * 32, n_rows=5)
Make = Callable[..., Any]


def parse(text: bytes, *, model: str = "shop", batch: str = "2013-01-08") -> Manifest:
    return parse_manifest(text, model=model, batch=batch, kind="data")


@pytest.fixture
def payload(make_table: Make, make_manifest: Make) -> dict[str, Any]:
    manifest: Manifest = make_manifest(make_table())
    return manifest.to_json()


def test_manifest_comes_back_as_written(payload: dict[str, Any]) -> None:
    manifest = parse(json.dumps(payload).encode())

    assert manifest.to_json() == payload


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        pytest.param("model", "other", "says model 'other'", id="another model"),
        pytest.param("batch", "2013-01-01", "says batch '2013-01-01'", id="another batch"),
        pytest.param("kind", "labels", "says kind 'labels'", id="another kind"),
        pytest.param("version", 2, "version", id="another version"),
        pytest.param("n_rows", 99, "says 99 rows, its files add up to 4", id="sum of rows"),
        pytest.param("files", [], "files", id="no files"),
        pytest.param("extra", 1, "extra", id="unknown key"),
        pytest.param(
            "window",
            {"start": "2013-01-08T00:00:00Z", "end": "2013-01-08T00:00:00Z"},
            "empty window",
            id="empty window",
        ),
        pytest.param(
            "window",
            {"start": "2013-01-08T00:00:00", "end": "2013-01-15T00:00:00"},
            "no timezone",
            id="window without timezone",
        ),
    ],
)
def test_wrong_value_is_named(payload: dict[str, Any], key: str, value: Any, text: str) -> None:
    payload[key] = value

    with pytest.raises(ManifestError, match=text):
        parse(json.dumps(payload).encode())


def test_missing_keys_are_named_together(payload: dict[str, Any]) -> None:
    del payload["files"], payload["window"]

    with pytest.raises(ManifestError, match=r"files: Field required; window: Field required"):
        parse(json.dumps(payload).encode())


@pytest.mark.parametrize(
    "path",
    [
        "../part-0.parquet",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        "./a",
        "",
        "a\\b",
        "a\u0000",
        "s3://other/x",
        "x" * 201,
        "manifest.json",
        "a\u202eb",
    ],
)
def test_path_that_could_leave_the_folder_is_refused(payload: dict[str, Any], path: str) -> None:
    payload["files"][0]["path"] = path

    with pytest.raises(ManifestError):
        parse(json.dumps(payload).encode())


def test_path_in_a_sub_folder_is_fine(payload: dict[str, Any]) -> None:
    payload["files"][0]["path"] = "day=1/part-0.parquet"

    assert parse(json.dumps(payload).encode()).files[0].path == "day=1/part-0.parquet"


def test_file_listed_twice_is_refused(payload: dict[str, Any]) -> None:
    payload["files"] *= 2
    payload["n_rows"] *= 2

    with pytest.raises(ManifestError, match=r"lists part-0\.parquet twice"):
        parse(json.dumps(payload).encode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"\xff\xfe{}", id="not UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"model": NaN}', id="NaN"),
        pytest.param(b'{"model": "a", "model": "b"}', id="key twice"),
        pytest.param(b"[" * 100_000, id="nested deeply"),
        pytest.param(b" " * (MAX_BYTES + 1), id="too long"),
    ],
)
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(ManifestError, match="manifest of data batch 2013-01-08 of shop"):
        parse(text)


@given(st.binary(max_size=200))
def test_noise_is_refused_and_nothing_else_happens(text: bytes) -> None:
    with pytest.raises(ManifestError):
        parse(text)


def test_file_as_listed_is_accepted() -> None:
    check_file(FILE, size_bytes=10, sha256="ab" * 32, n_rows=5)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"size_bytes": 9}, "size in bytes is 9, the manifest says 10"),
        ({"sha256": "cd" * 32}, "sha256 is cd"),
        ({"n_rows": 6}, "rows is 6, the manifest says 5"),
    ],
)
def test_file_that_differs_is_named(change: dict[str, Any], text: str) -> None:
    seen: dict[str, Any] = {"size_bytes": 10, "sha256": "ab" * 32, "n_rows": 5} | change

    with pytest.raises(ManifestError, match=rf"part-0\.parquet: {text}"):
        check_file(FILE, **seen)
