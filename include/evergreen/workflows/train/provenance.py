"""Where a model comes from: the code, the lock and the data it was made with."""

import os
import platform
import subprocess
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from evergreen.settings import project_root

UNKNOWN = "unknown"
LIBRARIES = ("evergreen", "lightgbm", "numpy", "pandas", "pyarrow")


def git_commit() -> str:
    """Return the project's commit: ``EVERGREEN_GIT_COMMIT``, or what git says, or ``unknown``."""
    named = os.environ.get("EVERGREEN_GIT_COMMIT")
    if named:
        return named
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(project_root()), "rev-parse", "HEAD"],  # noqa: S607 - git by PATH
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return answer.stdout.strip() or UNKNOWN


def lock_hash() -> str:
    """Return the SHA-256 of requirements.txt, the lock that everything runs on."""
    lock: Path = project_root() / "requirements.txt"
    return sha256(lock.read_bytes()).hexdigest() if lock.is_file() else UNKNOWN


def library_versions() -> dict[str, str]:
    """Return the versions of Python, of this suite and of each library that may change a fit."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = UNKNOWN
    return found
