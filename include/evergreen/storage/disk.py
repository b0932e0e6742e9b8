"""Files on a disk: written whole or not at all, and never outside of the store."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evergreen.errors import StorageError

FILE_MODE = 0o640
TEMPORARY = ".tmp"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Return the path of a file that becomes ``target`` in one step, when the block ends well.

    Until then it is a file of mode 0600 beside the target, which listings do not show; a block that
    fails leaves the target unchanged and no other file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name[:100]}.", suffix=TEMPORARY
    )
    os.close(handle)
    try:
        yield Path(name)
        with Path(name).open("rb") as written:
            os.fsync(written.fileno())
            os.fchmod(written.fileno(), FILE_MODE)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def is_temporary(name: str) -> bool:
    """Whether a file name is that of a file still being written (or left by a killed process)."""
    return name.startswith(".") and name.endswith(TEMPORARY)


def list_tree(folder: Path) -> Iterator[Path]:
    """Return every file below ``folder``; none where there is no such folder.

    Unlike with ``Path.rglob``, a folder that may not be read is an error. Links to folders are not
    followed.
    """
    if not folder.exists():
        return
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from list_tree(Path(entry.path))
        elif entry.is_file() and not is_temporary(entry.name):
            yield Path(entry.path)


def remove(path: Path) -> None:
    """Delete a file, or a folder with all its content; a missing one is not an error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def check_inside(path: Path, root: Path) -> Path:
    """Return ``path`` if it lies below ``root`` after every link is followed.

    Raises:
        StorageError: A link leads out of the store.
    """
    if not path.resolve().is_relative_to(root.resolve()):
        raise StorageError(f"{path} leads out of the store {root} through a link; remove the link")
    return path
