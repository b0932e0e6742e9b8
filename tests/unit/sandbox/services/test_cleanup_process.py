import io
import os
import signal
import subprocess
import sys
import time

import psutil

from evergreen.sandbox.services import process_tree
from evergreen.sandbox.services.cleanup_process import keep_watch

# A starter as the demo is: it starts a service, puts it under guard, and hangs.
STARTER = """
import os, subprocess, sys, time
import psutil
from evergreen.sandbox.services.cleanup_process import Guard
guard = Guard("guarded-by-test")
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True, stdout=subprocess.DEVNULL)
guard.watch(psutil.Process(child.pid))
if sys.argv[1] == "dismiss":
    guard.dismiss()
print(child.pid, flush=True)
time.sleep(600)
"""


def start(how: str) -> tuple[subprocess.Popen[str], psutil.Process]:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, how], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    return starter, psutil.Process(int(starter.stdout.readline()))


def is_gone_within(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process_tree.is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not process_tree.is_alive(process)


def test_a_killed_starter_takes_its_services_along() -> None:
    starter, service = start("keep")

    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()

    assert is_gone_within(service, 60)


def test_a_dismissed_guard_leaves_everything_alone() -> None:
    starter, service = start("dismiss")

    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()

    try:
        assert not is_gone_within(service, 2)
    finally:
        service.kill()


def test_end_of_input_stops_the_leaders() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    )
    leader = psutil.Process(process.pid)

    keep_watch("a token nobody has", io.StringIO(f"{leader.pid} {leader.create_time()!r}\n"))

    assert not process_tree.is_alive(leader)
    process.wait()


def test_done_stops_nothing() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    )
    born = psutil.Process(process.pid).create_time()

    keep_watch("a token nobody has", io.StringIO(f"{process.pid} {born!r}\ndone\n"))

    assert process.poll() is None
    process.kill()
    process.wait()
