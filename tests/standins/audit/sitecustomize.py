"""Writes down what a process, and every process that it starts, unpickles on Evergreen's behalf.

``EVERGREEN_TEST_EVENTS`` names the file to write to, one JSON per line.
"""

import json
import os
import sys
from types import FrameType
from typing import Any

LOG = os.environ.get("EVERGREEN_TEST_EVENTS", "")
WATCHED = ("pickle.find_class", "marshal.loads")
OURS = f"{os.sep}evergreen{os.sep}"


def note(event: str, what: str) -> None:
    """Append one event; a single write, so that processes do not mix their lines."""
    line = json.dumps({"event": event, "what": what, "pid": os.getpid()}) + "\n"
    handle = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, line.encode())
    os.close(handle)


def is_ours(frame: FrameType | None) -> bool:
    """Return whether Evergreen's own code is calling, however far up."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            return False  # an import reads its own bytecode
        if OURS in name:
            return True
        frame = frame.f_back
    return False


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Write down an unpickling on our behalf."""
    if event in WATCHED and is_ours(sys._getframe(1)):
        note(event, str(arguments)[:200])


if LOG:
    note("began", " ".join(sys.orig_argv)[:200])
    sys.addaudithook(hook)
