"""One tree of files below ``file://`` or ``s3://``; callers do not need to know which."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Self, cast

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import DataError, SchemaError, StorageError
from evergreen.storage import disk
from evergreen.storage.failures import storage_failures
from evergreen.storage.locations import Root, check_path, parse_root
from evergreen.storage.parquet import parquet_batches

# A dead address fails within half a minute; the caller retries, not the client.
S3_CONFIG = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}}
PIECE_BYTES = 2**20


class Store:
    """A tree of files. Paths are relative to its root, with ``/`` between the segments.

    Every failure is a ``StorageError`` that names the address; a missing file is a
    ``MissingFileError``, a file that may not be read is not. Writing is all or nothing.
    """

    def __init__(self, root: Root, filesystem: fsspec.AbstractFileSystem) -> None:
        self._root = root
        self._fs = filesystem

    @classmethod
    def at(cls, uri: str, filesystem: fsspec.AbstractFileSystem | None = None) -> Self:
        """Return the store at ``file:///folder`` or ``s3://bucket/prefix``.

        Args:
            uri: The root; nothing is created or looked up yet.
            filesystem: The file system, as made from an Airflow connection; without one,
                AWS' own chain of environment, profile and role is used for ``s3://``.

        Raises:
            StorageError: The address cannot be used.
        """
        root = parse_root(uri)
        with storage_failures("opening", root.uri):
            if filesystem is None and root.is_local:
                filesystem = fsspec.filesystem("file")
            elif filesystem is None:
                filesystem = fsspec.filesystem(
                    "s3", use_listings_cache=False, config_kwargs=S3_CONFIG
                )
        return cls(root, filesystem)

    @property
    def uri(self) -> str:
        """The address of the root, without a slash at the end."""
        return self._root.uri

    def uri_of(self, path: str) -> str:
        """Return the full address of a path."""
        inner = check_path(path)
        return f"{self.uri}/{inner}" if inner else self.uri

    def list_folders(self, path: str = "") -> list[str]:
        """The sorted names of the folders directly below ``path``; none if it is not there."""
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("listing", uri):
            try:
                entries = self._fs.ls(full, detail=True)
            except FileNotFoundError as err:
                if _names_bucket(err):
                    raise
                return []
            names = {_name(e) for e in entries if e["type"] == "directory" and _name(e) != full}
        return sorted(name.rsplit("/", 1)[-1] for name in names)

    def list_files(self, path: str = "") -> list[str]:
        """Return the sorted paths, from the root, of all files at or below ``path``."""
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("listing", uri):
            if self._root.is_local:
                names = [str(file) for file in disk.list_tree(Path(full))]
            else:
                names = self._fs.find(full)
        start = len(self._root.path) + 1
        return sorted(name[start:] for name in names if not name.endswith("/"))

    def exists(self, path: str) -> bool:
        """Whether ``path`` is a file or folder; refused access is an error, never False."""
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("looking for", uri):
            try:
                self._fs.info(full)
            except (FileNotFoundError, NotADirectoryError) as err:
                if _names_bucket(err):
                    raise
                return False
        return True

    def size(self, path: str) -> int:
        """Return the size of a file in bytes."""
        return int(self._info(path)["size"])

    def modified(self, path: str) -> datetime:
        """Return the time, in UTC, at which a file was last written."""
        info = self._info(path)
        if "LastModified" in info:
            return cast(datetime, info["LastModified"]).astimezone(UTC)
        return datetime.fromtimestamp(info["mtime"], tz=UTC)

    def read_bytes(self, path: str) -> bytes:
        """Return the content of a file."""
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("reading", uri):
            return cast(bytes, self._fs.cat_file(full))

    def read_pieces(self, path: str, *, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
        """Return the content of a file piece by piece, so that memory does not grow with it."""
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("reading", uri), self._fs.open(full, "rb") as file:
            while piece := file.read(piece_bytes):
                yield piece

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file as a whole; an earlier one is replaced."""
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("writing", uri):
            if self._root.is_local:
                with disk.replacing(Path(full)) as temporary:
                    temporary.write_bytes(data)
            else:
                self._fs.pipe_file(full, data)

    def read_json(self, path: str) -> Any:
        """Return the content of a JSON file.

        Raises:
            DataError: It is not JSON.
        """
        data = self.read_bytes(path)
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as err:
            raise DataError(f"{self.uri_of(path)} is not JSON ({len(data)} bytes): {err}") from err

    def write_json(self, path: str, payload: Any) -> None:
        """Write JSON; NaN and infinity are refused, because JSON has none."""
        text = json.dumps(payload, indent=2, ensure_ascii=False, allow_nan=False)
        self.write_bytes(path, text.encode("utf-8") + b"\n")

    def download(self, path: str, to: Path) -> None:
        """Copy a file of the store to the disk, whole or not at all."""
        uri, full = self.uri_of(path), self._full(path)
        expected = self.size(path)
        with storage_failures("downloading", uri), disk.replacing(to) as temporary:
            self._fs.get_file(full, str(temporary))
            got = temporary.stat().st_size
            if got != expected:
                raise StorageError(
                    f"downloading {uri}: got {got} of {expected} bytes; the file may have been"
                    " replaced meanwhile, try again"
                )

    def upload(self, source: Path, path: str) -> None:
        """Copy a file of the disk into the store, whole or not at all."""
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures(f"uploading {source} to", uri):
            if self._root.is_local:
                with disk.replacing(Path(full)) as temporary:
                    shutil.copyfile(source, temporary)
            else:
                self._fs.put_file(str(source), full)

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all its content; a missing one is not an error.

        Raises:
            ValueError: ``path`` is the root.
        """
        if not check_path(path):
            raise ValueError(f"refusing to delete the whole store {self.uri}")
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("deleting", uri):
            if self._root.is_local:
                disk.remove(Path(full))
                return
            for inner in self.list_files(path):
                self._fs.rm_file(f"{self._root.path}/{inner}")

    def read_table(self, path: str, columns: list[str] | None = None) -> pa.Table:
        """Return a Parquet file as a table, or some of its columns.

        Raises:
            DataError: The file is not Parquet; no retry helps.
            SchemaError: A column of ``columns`` is not in it.
        """
        data = self.read_bytes(path)
        try:
            file = pq.ParquetFile(pa.BufferReader(data))
            missing = sorted(set(columns or ()) - set(file.schema_arrow.names))
            if missing:
                raise SchemaError(f"{self.uri_of(path)} has no column {', '.join(missing)}")
            return file.read(columns=columns)
        except (pa.ArrowException, OSError, ValueError) as err:
            raise DataError(
                f"{self.uri_of(path)} ({len(data)} bytes) is not a readable Parquet file: {err}"
            ) from err

    @contextmanager
    def open_batches(
        self, path: str, columns: Sequence[str] | None = None, *, folder: Path | None = None
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        """Return a Parquet file as record batches, for a ``with`` block; see ``parquet_batches``.

        Memory does not grow with the file. A file in a bucket is first copied to the disk as a
        whole, so a broken connection repeats only the copy and not the work on the rows.

        Args:
            path: The file.
            columns: Names of the columns wanted; one that the file lacks is skipped.
            folder: Where the copy lies during the block; the system's own folder without it.

        Raises:
            StorageError: The file is not there, or cannot be fetched.
            DataError: Raised while reading: the file is not Parquet; no retry helps.
        """
        if self._root.is_local:
            full = Path(self._full(path))
            self.size(path)
            yield parquet_batches(full, columns, uri=self.uri_of(path))
            return
        with tempfile.TemporaryDirectory(prefix="evergreen-", dir=folder) as scratch:
            copy = Path(scratch) / "batch.parquet"
            self.download(path, copy)
            yield parquet_batches(copy, columns, uri=self.uri_of(path))

    def write_table(self, path: str, table: pa.Table) -> str:
        """Write a table as one Parquet file and return the SHA-256 (hex) of that file."""
        buffer = BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        data = buffer.getvalue()
        self.write_bytes(path, data)
        return hashlib.sha256(data).hexdigest()

    def _info(self, path: str) -> dict[str, Any]:
        uri, full = self.uri_of(path), self._full(path)
        with storage_failures("looking at", uri):
            info: dict[str, Any] = self._fs.info(full)
            if info["type"] == "directory":
                raise FileNotFoundError(full)
            return info

    def _full(self, path: str) -> str:
        """A path as the file system takes it, and make it forget what it has listed before."""
        inner = check_path(path)
        full = f"{self._root.path}/{inner}" if inner else self._root.path
        if self._root.is_local:
            disk.check_inside(Path(full), Path(self._root.path))
        else:
            self._fs.invalidate_cache()
        return full


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]).rstrip("/")


def _names_bucket(err: OSError) -> bool:
    """Return whether S3 said that the bucket is not there: a wrong location is not an empty one."""
    response = getattr(err.__cause__, "response", None)
    return isinstance(response, dict) and response.get("Error", {}).get("Code") == "NoSuchBucket"
