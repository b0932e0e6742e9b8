"""Errors of object stores and disks, each with what to do about it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from evergreen.errors import EvergreenError, MissingFileError, StorageError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
UNREACHABLE = (
    "EndpointConnectionError",
    "ConnectionClosedError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ConnectionError",
    "FSTimeoutError",
)
MAX_DETAIL = 300


@contextmanager
def storage_failures(action: str, uri: str) -> Iterator[None]:
    """Turn any error inside into a ``StorageError`` that names ``uri`` and the remedy.

    The clients raise from five unrelated families (OSError, botocore, aiohttp, asyncio, urllib3),
    so every exception is converted, except our own and a lack of memory.

    Args:
        action: What was being done, as in "reading".
        uri: What it was done to.
    """
    try:
        yield
    except (EvergreenError, MemoryError):
        raise
    except Exception as err:
        raise explain(err, action, uri) from err


def explain(err: Exception, action: str, uri: str) -> StorageError:
    """Return the ``StorageError`` for one exception of a file system."""
    codes = _codes(err)
    if "NoSuchBucket" in codes:
        return StorageError(
            f"{action} {uri}: there is no such bucket; create it or correct the location"
        )
    if isinstance(err, FileNotFoundError | NotADirectoryError):
        return MissingFileError(f"{action} {uri}: there is no such file")
    if isinstance(err, PermissionError) or "NoCredentialsError" in codes:
        return StorageError(
            f"{action} {uri}: not permitted ({_detail(err)}); check the keys of the connection and"
            " the policy of the bucket, or owner and mode of the folder"
        )
    if isinstance(err, OSError) and err.errno in NO_SPACE:
        return StorageError(
            f"{action} {uri}: no space left ({_detail(err)}); free some and try again"
        )
    if isinstance(err, TimeoutError | ConnectionError) or codes & set(UNREACHABLE):
        return StorageError(
            f"{action} {uri}: the storage is unreachable ({_detail(err)}); check its address and"
            " that it is up"
        )
    return StorageError(f"{action} {uri} failed: {_detail(err)}")


def _codes(err: BaseException) -> set[str]:
    """Class names and S3 error codes of an exception and its causes."""
    found: set[str] = set()
    current: BaseException | None = err
    while current is not None:
        found.update(cls.__name__ for cls in type(current).__mro__)
        response = getattr(current, "response", None)
        if isinstance(response, dict):
            found.add(str(response.get("Error", {}).get("Code", "")))
        current = current.__cause__ or current.__context__
    return found


def _detail(err: Exception) -> str:
    text = " ".join(f"{type(err).__name__}: {err}".split())
    return text if len(text) <= MAX_DETAIL else text[:MAX_DETAIL] + "..."
