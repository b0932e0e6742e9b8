"""Services as processes: started with a log file, awaited, stopped with all that they started."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from evergreen.errors import ServiceError
from evergreen.sandbox.services import process_tree

POLL_SECONDS = 0.2
TAIL_LINES = 25
TAIL_BYTES = 64 * 1024


@dataclass(frozen=True)
class Command:
    """How one service is started.

    Attributes:
        name: What people call it, also the name of its log file.
        argv: Program and arguments.
        environment: The whole environment; nothing is inherited.
        log: File that its output is appended to.
        owner: User and group id to run as, for a caller who is root; None for the caller's own.
        stop_signal: What makes it end in order.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    owner: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Service:
    """One running service: the leader of a session of its own."""

    def __init__(self, command: Command) -> None:
        command.log.parent.mkdir(parents=True, exist_ok=True)
        self.command = command
        uid, gid = command.owner or (None, None)
        with command.log.open("ab") as log:
            self._popen = subprocess.Popen(  # noqa: S603 - commands of this package only
                command.argv,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=command.log.parent if command.owner is None else "/",
                start_new_session=True,
                user=uid,
                group=gid,
                extra_groups=None if gid is None else [],
            )
        self.leader = psutil.Process(self._popen.pid)
        self.born = self.leader.create_time()

    @property
    def name(self) -> str:
        """Name of the service."""
        return self.command.name

    @property
    def pid(self) -> int:
        """Process id of the leader."""
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Whether the leader lives."""
        return self.exit_status is None

    @property
    def exit_status(self) -> int | None:
        """How the leader ended; None while it lives, negative for a signal."""
        return self._popen.poll()

    def processes(self) -> list[psutil.Process]:
        """Return the living processes of this service."""
        return process_tree.members(f"{self.name} has no token", {self.pid: self.born})

    def send_stop(self) -> None:
        """Ask the leader to end; it knows best how to end its children."""
        if self.is_running:
            self._popen.send_signal(self.command.stop_signal)

    def stop(self, *, grace_seconds: float) -> None:
        """End the service: ask, wait, then kill it with everything that it started."""
        everyone = self.processes()
        self.send_stop()
        self.wait(seconds=grace_seconds)
        self._kill(everyone)

    def kill(self) -> None:
        """Kill it at once, with everything that it started, as a crash would."""
        self._kill(self.processes())

    def _kill(self, everyone: Sequence[psutil.Process]) -> None:
        # The leader is ours to wait for: psutil would take its exit status away from us.
        self._popen.kill()
        self.wait(seconds=process_tree.KILL_SECONDS)
        process_tree.kill([p for p in (*everyone, *self.processes()) if p.pid != self.pid])

    def wait(self, *, seconds: float) -> bool:
        """Wait until the leader is gone; False when it is not after so long."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last lines of its log."""
        return tail(self.command.log, lines=lines)

    def require_running(self) -> None:
        """Raise when it is gone.

        Raises:
            ServiceError: With how it ended and the tail of its log.
        """
        if not self.is_running:
            raise ServiceError(
                f"{self.name} ended with status {self.exit_status}; the end of"
                f" {self.command.log}:\n{self.log_tail()}"
            )


def wait_until_healthy(
    service: Service,
    is_healthy: Callable[[], bool],
    *,
    timeout_seconds: float,
    others: Sequence[Service] = (),
) -> None:
    """Wait until a service answers.

    Raises:
        ServiceError: It, or one of the others, died, or it did not answer in time; with log tail.
    """
    deadline = time.monotonic() + timeout_seconds
    while not is_healthy():
        for one in (service, *others):
            one.require_running()
        if time.monotonic() > deadline:
            raise ServiceError(
                f"{service.name} did not answer within {timeout_seconds:.0f} s; the end of"
                f" {service.command.log}:\n{service.log_tail()}"
            )
        time.sleep(POLL_SECONDS)


def run_to_end(command: Command, *, timeout_seconds: float) -> None:
    """Run a command that ends by itself, such as a migration.

    Raises:
        ServiceError: It failed or took too long; with the tail of its log.
    """
    service = Service(command)
    try:
        if not service.wait(seconds=timeout_seconds):
            raise ServiceError(
                f"{command.name} did not end within {timeout_seconds:.0f} s; the end of"
                f" {command.log}:\n{service.log_tail()}"
            )
    finally:
        service.stop(grace_seconds=0)
    if service.exit_status != 0:
        service.require_running()


def tail(file: Path, *, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a text file; a missing file gives a sentence instead."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return f"(no file {file})"
    return "\n".join(text.splitlines()[-lines:])


@contextmanager
def signals_raise() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into ``SystemExit``, so that ``finally`` blocks run on them too.

    Outside the main thread Python allows no signal handlers; there it changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _raise_exit) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_ENDING = (signal.SIGTERM, signal.SIGHUP)


def _raise_exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
