"""The guard of a stack: a small process that stops the stack when the one who started it is gone.

``python -m evergreen.sandbox.services.cleanup_process <token>`` reads lines
``<pid> <born>`` (a new leader) from its standard input. The line ``done`` ends it. End of file
without that line means that the starter died, by SIGKILL for one: then the whole family is stopped.
"""

import signal
import subprocess
import sys
from typing import IO

import psutil

from evergreen.sandbox.services import process_tree

GRACE_SECONDS = 10.0
DONE = "done"


class Guard:
    """The starter's end of the guard process."""

    def __init__(self, token: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "evergreen.sandbox.services.cleanup_process", token],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def watch(self, leader: psutil.Process) -> None:
        """Tell the guard of one more process that leads a session."""
        self._say(f"{leader.pid} {leader.create_time()!r}")

    def dismiss(self) -> None:
        """End the guard: its stack was stopped in order."""
        self._say(DONE)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(GRACE_SECONDS)

    def _say(self, line: str) -> None:
        if self._process.stdin is not None and self._process.poll() is None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


def keep_watch(token: str, lines: IO[str]) -> None:
    """Read leaders until the end; stop the family unless the last line says ``done``."""
    leaders: dict[int, float] = {}
    for line in lines:
        if line.strip() == DONE:
            return
        pid, born = line.split()
        leaders[int(pid)] = float(born)
    process_tree.stop(process_tree.members(token, leaders), grace_seconds=GRACE_SECONDS)
    process_tree.kill(process_tree.members(token, leaders))  # born while the others were stopping


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep_watch(sys.argv[1], sys.stdin)
