"""Addresses: the root of a store, and paths that always stay below it."""

from dataclasses import dataclass

from evergreen.errors import StorageError

MAX_PATH = 900  # S3 allows 1,024 bytes for prefix and path together


@dataclass(frozen=True)
class Root:
    """The root of a store: ``path`` as the file system takes it, without a slash at the end."""

    uri: str
    scheme: str
    path: str

    @property
    def is_local(self) -> bool:
        """Whether the store lies on a disk."""
        return self.scheme == "file"


def parse_root(uri: str) -> Root:
    """Return the parts of ``file:///folder`` or ``s3://bucket/prefix``.

    Raises:
        StorageError: The address is of another kind, relative, or names no bucket.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in ("file", "s3"):
        raise StorageError(
            f"{uri!r} is not a location; expected file:///folder or s3://bucket/prefix"
        )
    rest = rest.rstrip("/")
    if ".." in rest.split("/"):
        raise StorageError(f"{uri!r} must not contain '..'; write the folder itself")
    if scheme == "file" and not rest.startswith("/"):
        raise StorageError(f"{uri!r} is not absolute; write three slashes: file:///folder")
    if scheme == "s3" and (not rest or rest.startswith("/")):
        raise StorageError(f"{uri!r} names no bucket; expected s3://bucket/prefix")
    return Root(uri=f"{scheme}://{rest}", scheme=scheme, path=rest)


def check_path(path: str) -> str:
    """Return a path below the root, without a slash at the end; the root itself is ``""``.

    Raises:
        StorageError: It is absolute, contains '..', is too long, or holds a character that some
            stores change.
    """
    inner = path.rstrip("/")
    if not inner and not path:
        return ""
    segments = inner.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise StorageError(
            f"{path!r:.120} is not a path below a store; expected folder/file, without '.',"
            " '..' or //"
        )
    if len(inner.encode("utf-8", "replace")) > MAX_PATH:
        raise StorageError(f"path {path!r:.60}... is longer than {MAX_PATH} bytes; shorten it")
    if "\\" in inner or not inner.isprintable():
        raise StorageError(f"path {path!r:.120} holds a backslash or an unprintable character")
    return inner
