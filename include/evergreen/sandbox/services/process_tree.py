"""Every process that came from a stack: found, and stopped, however far it has wandered.

Airflow gives each task a process group of its own, PostgreSQL gives each connection a session, and
both may be orphaned by a crash. So a family is: the leaders, all that descend from them, all in
their groups and sessions, and all that carry the stack's token in their environment.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

TOKEN_VARIABLE = "EVERGREEN_STACK"  # noqa: S105 - the name of a variable, not a secret
KILL_SECONDS = 10.0
GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied, ProcessLookupError)

# Process id of each leader, and when it was born: a stranger may get the id of one that is gone.
Leaders = Mapping[int, float]


def members(token: str, leaders: Leaders) -> list[psutil.Process]:
    """Return the living processes of a family, without the caller itself.

    Args:
        token: Value of ``EVERGREEN_STACK`` in the environment of the family.
        leaders: Processes that lead their own session; those that are gone are fine.
    """
    led = {pid for pid, born in leaders.items() if not _is_taken_over(pid, born)}
    found = {
        process.pid: process for process in psutil.process_iter() if _belongs(process, token, led)
    }
    for process in list(found.values()):
        with suppress(*GONE):
            found.update({child.pid: child for child in process.children(recursive=True)})
    found.pop(os.getpid(), None)
    return [process for process in found.values() if is_alive(process)]


def stop(
    processes: Sequence[psutil.Process],
    *,
    grace_seconds: float,
    how: signal.Signals = signal.SIGTERM,
) -> None:
    """Send a signal, wait, then SIGKILL what is left, and wait for those too."""
    for process in processes:
        with suppress(*GONE):
            process.send_signal(how)
    kill(wait(processes, seconds=grace_seconds))


def kill(processes: Sequence[psutil.Process]) -> None:
    """Send SIGKILL and wait until they are gone."""
    for process in processes:
        with suppress(*GONE):
            process.kill()
    wait(processes, seconds=KILL_SECONDS)


def wait(processes: Sequence[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Wait until the processes are gone, at most so long; give those that still live."""
    waiting = [process for process in processes if is_alive(process)]
    _, alive = psutil.wait_procs(waiting, timeout=seconds)
    return [process for process in alive if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process still runs; a zombie that nobody has waited for does not."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except GONE:
        return False


def _is_taken_over(pid: int, born: float) -> bool:
    try:
        return bool(psutil.Process(pid).create_time() != born)
    except GONE:
        return False


def _belongs(process: psutil.Process, token: str, led: set[int]) -> bool:
    with suppress(*GONE):
        if led & {process.pid, os.getpgid(process.pid), os.getsid(process.pid)}:
            return True
        return bool(process.environ().get(TOKEN_VARIABLE) == token)
    return False
