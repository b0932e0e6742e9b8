import pytest

from evergreen.errors import StorageError
from evergreen.storage.locations import check_path, parse_root


@pytest.mark.parametrize(
    ("uri", "scheme", "path"),
    [
        ("file:///data/store/", "file", "/data/store"),
        ("file:///data/with space#and%20", "file", "/data/with space#and%20"),
        ("s3://bucket", "s3", "bucket"),
        ("s3://bucket/some/prefix/", "s3", "bucket/some/prefix"),
    ],
)
def test_root_is_parsed(uri: str, scheme: str, path: str) -> None:
    root = parse_root(uri)

    assert (root.scheme, root.path) == (scheme, path)
    assert root.uri == f"{scheme}://{path}"


@pytest.mark.parametrize(
    "uri",
    [
        "/data",
        "data",
        "http://169.254.169.254/",
        "s3a://bucket",
        "s3://",
        "s3:///prefix",
        "file://relative/x",
        "file://{home}/x",
        "file:///a/../b",
        "s3://bucket/../x",
        "file:///",
    ],
)
def test_other_addresses_are_refused(uri: str) -> None:
    with pytest.raises(StorageError):
        parse_root(uri)


@pytest.mark.parametrize(
    ("path", "inner"),
    [("", ""), ("a", "a"), ("a/b/", "a/b"), ("2013-01-08T06:00/x", "2013-01-08T06:00/x")],
)
def test_path_is_kept(path: str, inner: str) -> None:
    assert check_path(path) == inner


def test_longest_path_is_allowed() -> None:
    assert check_path("x" * 900) == "x" * 900
