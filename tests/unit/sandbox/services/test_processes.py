import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from evergreen.errors import ServiceError
from evergreen.sandbox.services import process_tree
from evergreen.sandbox.services.processes import (
    Command,
    Service,
    run_to_end,
    signals_raise,
    tail,
    wait_until_healthy,
)

# Says that it is ready, and sleeps for longer than any test.
SLEEP = "print('ready', flush=True); import time; time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
# A child in a session of its own, as Airflow's tasks and PostgreSQL's connections are.
PARENT = (
    "import subprocess, sys;"
    " subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " start_new_session=True); " + SLEEP
)


def make_command(tmp_path: Path, code: str) -> Command:
    return Command(
        name="sleeper",
        argv=(sys.executable, "-c", code),
        environment={"PATH": os.environ["PATH"]},
        log=tmp_path / "logs" / "sleeper.log",
    )


def start_ready(command: Command) -> Service:
    service = Service(command)
    wait_until_healthy(service, lambda: "ready" in service.log_tail(), timeout_seconds=60)
    return service


def test_stop_ends_a_service_in_order(tmp_path: Path) -> None:
    service = start_ready(make_command(tmp_path, SLEEP))

    service.stop(grace_seconds=60)

    assert service.exit_status == -signal.SIGTERM


def test_stop_kills_a_service_that_does_not_listen(tmp_path: Path) -> None:
    service = start_ready(make_command(tmp_path, STUBBORN))

    service.stop(grace_seconds=0.2)

    assert service.exit_status == -signal.SIGKILL


def test_stop_takes_children_in_other_sessions_along(tmp_path: Path) -> None:
    service = start_ready(make_command(tmp_path, PARENT))
    children = service.leader.children()

    service.stop(grace_seconds=60)

    assert len(children) == 1
    assert not process_tree.is_alive(children[0])


def test_kill_takes_children_in_other_sessions_along(tmp_path: Path) -> None:
    service = start_ready(make_command(tmp_path, PARENT))
    children = service.leader.children()

    service.kill()

    assert service.exit_status == -signal.SIGKILL
    assert not any(process_tree.is_alive(child) for child in children)


def test_waiting_fails_early_with_the_log_when_the_service_dies(tmp_path: Path) -> None:
    service = Service(make_command(tmp_path, "print('no such key'); raise SystemExit(3)"))

    with pytest.raises(ServiceError, match="sleeper ended with status 3") as caught:
        wait_until_healthy(service, lambda: False, timeout_seconds=600)

    assert "no such key" in str(caught.value)


def test_waiting_fails_when_another_service_dies(tmp_path: Path) -> None:
    service = start_ready(make_command(tmp_path, SLEEP))
    other = Service(make_command(tmp_path, "raise SystemExit(4)"))
    try:
        with pytest.raises(ServiceError, match="status 4"):
            wait_until_healthy(service, lambda: False, timeout_seconds=600, others=[other])
    finally:
        service.kill()


def test_waiting_fails_when_nothing_answers_in_time(tmp_path: Path) -> None:
    service = start_ready(make_command(tmp_path, SLEEP))
    try:
        with pytest.raises(ServiceError, match="did not answer within 0 s") as caught:
            wait_until_healthy(service, lambda: False, timeout_seconds=0.1)
    finally:
        service.kill()

    assert "ready" in str(caught.value)


def test_run_to_end_is_silent_about_success(tmp_path: Path) -> None:
    run_to_end(make_command(tmp_path, "print('done')"), timeout_seconds=60)

    assert tail(tmp_path / "logs" / "sleeper.log") == "done"


@pytest.mark.parametrize(
    ("code", "seconds", "text"),
    [
        pytest.param("raise SystemExit(5)", 60, "status 5", id="fails"),
        pytest.param(SLEEP, 0.5, "did not end within", id="hangs"),
    ],
)
def test_run_to_end_raises(tmp_path: Path, code: str, seconds: float, text: str) -> None:
    with pytest.raises(ServiceError, match=text):
        run_to_end(make_command(tmp_path, code), timeout_seconds=seconds)


def test_environment_is_what_was_given_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/of/the/caller")
    code = "import os; print(os.environ.get('AIRFLOW_HOME'))"

    run_to_end(make_command(tmp_path, code), timeout_seconds=60)

    assert tail(tmp_path / "logs" / "sleeper.log") == "None"


def test_tail_gives_the_last_lines(tmp_path: Path) -> None:
    file = tmp_path / "some.log"
    file.write_text("\n".join(str(number) for number in range(100_000)))

    assert tail(file, lines=2) == "99998\n99999"


def test_tail_of_a_missing_file_says_so(tmp_path: Path) -> None:
    assert "no file" in tail(tmp_path / "none.log")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_through_finally_and_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with pytest.raises(SystemExit) as caught, signals_raise():
        psutil.Process().send_signal(number)

    assert caught.value.code == 128 + number
    assert signal.getsignal(number) is before
