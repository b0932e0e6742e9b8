"""Files that appear whole or not at all."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from evergreen.errors import TrainingError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it.

    Raises:
        TrainingError: There is no space, or the folder cannot be written to.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as err:
        problem = "no space" if err.errno == errno.ENOSPC else err.strerror or str(err)
        raise TrainingError(
            f"{problem} writing {path}; free the disk or its rights, then try again"
        ) from err
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def text_sha256(data: bytes) -> str:
    """Return the sha256 of ``data``, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
