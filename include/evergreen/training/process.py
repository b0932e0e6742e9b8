"""Running a job in a fresh child process that is always gone afterwards."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, overload

from evergreen import errors
from evergreen.errors import EvergreenError, ModelFileError, TrainingError, TrainingTimeoutError
from evergreen.training.jobs import FitJob, FitResult, ScoreJob, ScoreResult
from evergreen.training.limits import scoring_memory_bytes

TAIL_BYTES = 2000
TAIL_LINES = 6


class _Crash(Exception):  # noqa: N818 - not an error of ours: it becomes one, or a second try
    """The child died without an answer."""

    def __init__(self, returncode: int, stage: str, tail: str) -> None:
        super().__init__()
        self.returncode = returncode
        self.stage = stage
        self.tail = tail


@overload
def run_child(
    job: FitJob, *, time_limit_seconds: float, memory_limit_bytes: int | None = None
) -> FitResult: ...


@overload
def run_child(
    job: ScoreJob, *, time_limit_seconds: float, memory_limit_bytes: int | None = None
) -> ScoreResult: ...


def run_child(
    job: FitJob | ScoreJob, *, time_limit_seconds: float, memory_limit_bytes: int | None = None
) -> FitResult | ScoreResult:
    """Do ``job`` in a process of its own and give its result.

    The process group is killed when the time is over, when this process gets an exception or
    SIGTERM, and (on Linux) when this process or thread dies. A fit that crashes on an accelerator
    is done again without it, unless the job insists on one.

    Args:
        job: What to do.
        time_limit_seconds: For all tries together.
        memory_limit_bytes: Limit of the address space. None: none for a fit, which runs our own
            code on checked rows; for scoring, whose model file comes from outside, one that follows
            from its files.

    Raises:
        TrainingTimeoutError: The time is over.
        ModelFileError: The model file is not the expected one, or LightGBM crashed on it.
        DataError: The rows cannot be used.
        DeviceError: The job insists on an accelerator and none works.
        TrainingError: Anything else: killed, crashed, no space.
    """
    deadline = time.monotonic() + time_limit_seconds
    if memory_limit_bytes is None and isinstance(job, ScoreJob):
        memory_limit_bytes = scoring_memory_bytes(job)
    while True:
        try:
            answer = _run_once(
                job, deadline - time.monotonic(), time_limit_seconds, memory_limit_bytes
            )
        except _Crash as crash:
            job = _without_device(job, crash)
            continue
        if "error" in answer:
            raise _error(answer["error"]["kind"], answer["error"]["text"])
        if isinstance(job, FitJob):
            return FitResult.from_json(answer["result"])
        return ScoreResult.from_json(answer["result"])


def _run_once(
    job: FitJob | ScoreJob, seconds_left: float, time_limit_seconds: float, memory: int | None
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="evergreen-child-") as name:
        folder = Path(name)
        order = {"parent": os.getpid(), "memory_limit_bytes": memory, "job": job.to_json()}
        (folder / "job.json").write_text(json.dumps(order))
        returncode = _wait(folder, job, seconds_left, time_limit_seconds)
        answer = folder / "result.json"
        if answer.is_file():
            read: dict[str, Any] = json.loads(answer.read_text())
            return read
        stage = folder / "stage"
        raise _Crash(returncode, stage.read_text() if stage.is_file() else "start", _tail(folder))


def _wait(
    folder: Path, job: FitJob | ScoreJob, seconds_left: float, time_limit_seconds: float
) -> int:
    """Start the child, wait for its end, and leave nothing of its group behind."""
    command = [sys.executable, "-P", "-m", "evergreen.training.child", str(folder)]
    with _sigterm_as_exit(), (folder / "log").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return child.wait(timeout=max(seconds_left, 0))
        except subprocess.TimeoutExpired as err:
            tail = f"; last lines: {_tail(folder) or 'none'}" if isinstance(job, FitJob) else ""
            raise TrainingTimeoutError(
                f"the {job.kind} process ran past its limit of {time_limit_seconds:g} s and was"
                f" killed{tail}"
            ) from err
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@contextlib.contextmanager
def _sigterm_as_exit() -> Iterator[None]:
    """Turn SIGTERM into SystemExit meanwhile, where nobody else handles it, so that we clean up."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _without_device(job: FitJob | ScoreJob, crash: _Crash) -> FitJob:
    """Return the job without the accelerator that crashed.

    Raises:
        EvergreenError: It did not crash on an accelerator.
    """
    device = crash.stage.removeprefix("device ")
    was_killed = crash.returncode == -signal.SIGKILL
    if not isinstance(job, FitJob) or device not in ("cuda", "gpu") or was_killed:
        raise _told(job, crash)
    refused = {**job.refused_devices, device: f"crashed: {_death(crash.returncode)}"}
    return job.model_copy(update={"refused_devices": refused})


def _told(job: FitJob | ScoreJob, crash: _Crash) -> EvergreenError:
    death = _death(crash.returncode)
    is_crash = crash.returncode < 0 and crash.returncode != -signal.SIGKILL
    if isinstance(job, ScoreJob) and is_crash and crash.stage in ("load", "predict"):
        # Without the last lines: LightGBM quotes what it read, which may lie outside the file.
        return ModelFileError(
            f"LightGBM crashed ({death}) on {job.model_file}; the file is damaged or was made to do"
            " so: do not use it"
        )
    tail = f"; last lines: {crash.tail}" if crash.tail else ""
    return TrainingError(f"the {job.kind} process was {death} at stage {crash.stage!r}{tail}")


def _death(returncode: int) -> str:
    if returncode == -signal.SIGKILL:
        return "killed (likely out of memory)"
    if returncode < 0:
        return f"ended by {signal.Signals(-returncode).name}"
    return f"ended with exit code {returncode} and no result"


def _error(kind: str, text: str) -> EvergreenError:
    """Make the child's error again, by the name of its class."""
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, EvergreenError):
        return found(text)
    return TrainingError(f"{kind}: {text}")


def _tail(folder: Path) -> str:
    """Return the last lines that the child printed."""
    log = folder / "log"
    data = log.read_bytes()[-TAIL_BYTES:] if log.is_file() else b""
    lines = data.decode("utf-8", "replace").strip().splitlines()[-TAIL_LINES:]
    return " | ".join(line.strip() for line in lines)
