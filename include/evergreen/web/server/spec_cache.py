"""The model specs for pages: each is parsed at first use, and again when its files change.

A model whose spec cannot be read is shown too, with the error.
"""

import os
import time
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from evergreen.errors import ExternalError, SpecError
from evergreen.spec.files import EXPECTATIONS_FILE, FEATURES_FILE, SPEC_FILE, model_folders
from evergreen.spec.loader import LoadedSpec, load_spec

FILES = (SPEC_FILE, EXPECTATIONS_FILE, FEATURES_FILE)
RECHECK_SECONDS = 5.0

Stamp = tuple[tuple[int, int] | None, ...]


class ReadSpec(NamedTuple):
    """A spec, or the reason why it cannot be read; exactly one of the two is set."""

    loaded: LoadedSpec | None
    problem: str


class _Kept(NamedTuple):
    stamp: Stamp
    read: ReadSpec


class SpecCache:
    """The specs of one folder; safe to use from several threads.

    Args:
        models_dir: One sub-folder per model.
        home: What ``{home}`` stands for in their locations.
        recheck_seconds: Seconds until the files are checked again.
    """

    def __init__(
        self, models_dir: Path, *, home: Path, recheck_seconds: float = RECHECK_SECONDS
    ) -> None:
        self._models_dir = models_dir
        self._home = home
        self._recheck_seconds = recheck_seconds
        self._lock = Lock()
        self._kept: dict[str, _Kept] = {}
        self._checked_at: float | None = None

    def read_all(self) -> dict[str, ReadSpec]:
        """Return every model's spec, by the name of its folder.

        Raises:
            ExternalError: The folder of the specs cannot be listed now.
        """
        with self._lock:
            now = time.monotonic()
            if self._checked_at is None or now - self._checked_at >= self._recheck_seconds:
                self._kept = {folder.name: self._fresh(folder) for folder in self._folders()}
                self._checked_at = now
            return {name: kept.read for name, kept in self._kept.items()}

    def names(self) -> tuple[str, ...]:
        """Return the names of all models, sorted."""
        return tuple(sorted(self.read_all()))

    def get(self, model: str) -> ReadSpec | None:
        """Return one model's spec; None if there is no such folder."""
        return self.read_all().get(model)

    def runbook(self, model: str, kind: str) -> str:
        """Return the runbook of an alert kind: the one that the spec names, or the usual one."""
        read = self.get(model)
        file = read.loaded.spec.runbooks.get(kind, "") if read and read.loaded else ""
        return file.removesuffix(".md") or kind

    def _folders(self) -> list[Path]:
        try:
            return model_folders(self._models_dir)
        except SpecError as err:
            raise ExternalError(str(err)) from err

    def _fresh(self, folder: Path) -> _Kept:
        stamp = _stamp(folder)
        kept = self._kept.get(folder.name)
        if kept is not None and kept.stamp == stamp:
            return kept
        try:
            return _Kept(stamp, ReadSpec(load_spec(folder, home=self._home), ""))
        except SpecError as err:
            return _Kept(stamp, ReadSpec(None, str(err)))


def _stamp(folder: Path) -> Stamp:
    """Return time and size of each file; they change when a file does."""
    return tuple(_stamp_of(f"{folder}{os.sep}{name}") for name in FILES)


def _stamp_of(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - for a thousand models, several times a minute
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
