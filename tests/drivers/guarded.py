"""What tests start ends with them: a guard process stops it when the test process is gone.

One guard serves a test process and all that it starts. It acts at the end of its input, which comes
with any end of the test process, SIGKILL among them; whatever was stopped before is not there then.
"""

import secrets
from collections.abc import Mapping
from functools import cache

import psutil

from evergreen.sandbox.services.cleanup_process import Guard
from evergreen.sandbox.services.process_tree import TOKEN_VARIABLE

_TOKEN = secrets.token_hex(16)


def guarded(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the mark by which the guard finds what was started in it."""
    _guard()
    return {**environment, TOKEN_VARIABLE: _TOKEN}


def guard(pid: int) -> None:
    """Put a process that leads a session, and all that comes from it, under guard."""
    _guard().watch(psutil.Process(pid))


@cache
def _guard() -> Guard:
    return Guard(_TOKEN)
