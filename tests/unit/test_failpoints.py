import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evergreen.failpoints import FAILPOINTS, failpoint

CODE = "from evergreen.failpoints import failpoint; failpoint('after_intent'); print('on')"


@pytest.mark.parametrize(
    ("variables", "is_killed"),
    [
        pytest.param(
            {"EVERGREEN_TEST_FAILPOINTS": "1", "EVERGREEN_FAILPOINT": "after_intent"},
            True,
            id="armed and named",
        ),
        pytest.param(
            {"EVERGREEN_TEST_FAILPOINTS": "1", "EVERGREEN_FAILPOINT": "after_alias"},
            False,
            id="another one",
        ),
        pytest.param({"EVERGREEN_FAILPOINT": "after_intent"}, False, id="not armed"),
        pytest.param({"EVERGREEN_TEST_FAILPOINTS": "1"}, False, id="not named"),
        pytest.param({}, False, id="in production"),
    ],
)
def test_a_failpoint_kills_only_when_armed_and_named(
    variables: dict[str, str], is_killed: bool
) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EVERGREEN_")}

    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == ((-signal.SIGKILL, "") if is_killed else (0, "on\n"))


def test_the_signal_is_one_that_nothing_can_catch(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    monkeypatch.setenv("EVERGREEN_TEST_FAILPOINTS", "1")
    monkeypatch.setenv("EVERGREEN_FAILPOINT", "after_intent")

    failpoint("after_intent")
    failpoint("after_alias")

    assert sent == [(os.getpid(), signal.SIGKILL)]


def test_each_failpoint_stands_in_one_place_and_each_place_is_listed() -> None:
    import evergreen

    package = Path(evergreen.__path__[0])
    placed = [
        name
        for source in package.rglob("*.py")
        for name in re.findall(r'\bfailpoint\("(\w+)"\)', source.read_text())
    ]

    assert sorted(placed) == sorted(FAILPOINTS)
