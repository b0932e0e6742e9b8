import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from evergreen.sandbox.services import process_tree

WAIT = "import sys; sys.stdin.read()"


@contextmanager
def sleeper(**environment: str) -> Iterator[psutil.Process]:
    """Return a process of its own session that lives as long as the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT],
        stdin=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **environment},
        start_new_session=True,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.communicate()


def test_a_process_with_the_token_is_a_member() -> None:
    with sleeper(EVERGREEN_STACK="mine") as mine, sleeper(EVERGREEN_STACK="other"):
        found = process_tree.members("mine", {})

    assert [process.pid for process in found] == [mine.pid]


def test_a_leader_is_a_member_without_the_token() -> None:
    with sleeper() as leader:
        found = process_tree.members("mine", {leader.pid: leader.create_time()})

    assert [process.pid for process in found] == [leader.pid]


def test_a_stranger_with_the_number_of_a_dead_leader_is_not() -> None:
    with sleeper() as stranger:
        found = process_tree.members("mine", {stranger.pid: stranger.create_time() - 100})

    assert found == []


def test_the_caller_itself_is_not(monkeypatch: object) -> None:
    me = psutil.Process()

    found = process_tree.members("mine", {me.pid: me.create_time()})

    assert me.pid not in [process.pid for process in found]


def test_a_zombie_does_not_count_as_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    seen = psutil.Process(process.pid)
    while seen.status() != psutil.STATUS_ZOMBIE:
        pass

    assert not process_tree.is_alive(seen)
    process.wait()


def test_stop_kills_who_ignores_the_signal() -> None:
    with sleeper() as process:
        process_tree.stop([process], grace_seconds=0, how=psutil.signal.SIGCONT)

        assert not process_tree.is_alive(process)
