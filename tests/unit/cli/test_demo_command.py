"""What the demo is asked for; the demo itself is tested beside its code and in the whole loop."""

from datetime import date
from pathlib import Path

import pytest

from builders.ledger_rows import Call
from evergreen.sandbox.demo import run as demo
from evergreen.sandbox.demo.options import DEFAULT_START, DEFAULT_WEEKS, DemoOptions

Asked = list[DemoOptions]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return the list of what was asked for, without starting real services."""
    for name in ("DEMO_EXIT", "DEMO_WEEKS", "DEMO_SEED", "DEMO_START", "DEMO_REPORT"):
        monkeypatch.delenv(name, raising=False)
    options: Asked = []

    def play(asked_for: DemoOptions) -> int:
        options.append(asked_for)
        return 0

    monkeypatch.setattr(demo, "run", play)
    return options


def test_without_options_the_demo_is_the_default_one(call: Call, asked: Asked) -> None:
    ended = call("demo")

    assert ended.code == 0
    assert asked == [DemoOptions(weeks=DEFAULT_WEEKS, start=DEFAULT_START)]


def test_options_reach_the_demo(call: Call, asked: Asked, tmp_path: Path) -> None:
    report = tmp_path / "r.json"

    call(
        *("demo", "--exit", "--weeks", "6", "--seed", "7", "--start", "2013-06-04"),
        *("--report", str(report)),
    )

    assert asked == [
        DemoOptions(weeks=6, seed=7, start=date(2013, 6, 4), report=report, exit_when_done=True)
    ]


def test_make_passes_its_variables_by_the_environment(
    call: Call, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("EXIT", "1"), ("WEEKS", "5"), ("SEED", ""), ("START", "2013-03-05")):
        monkeypatch.setenv(f"DEMO_{name}", value)

    call("demo")

    assert asked == [DemoOptions(weeks=5, start=date(2013, 3, 5), exit_when_done=True)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--weeks", "1"), "needs at least"),
        (("--start", "2014-01-01"), "the flights are those of 2013"),
        (("--start", "soon"), "'soon' is not a date or time"),
        (("--seed", "-1"), "expected 0 or more"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_starts(
    call: Call, asked: Asked, options: tuple[str, str], told: str
) -> None:
    refused = call("demo", *options)

    assert refused.code == 2
    assert told in refused.err
    assert asked == []


@pytest.mark.parametrize("status", [0, 1, 130])
def test_the_demo_says_how_the_command_ends(
    call: Call, asked: Asked, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(demo, "run", lambda _options: status)

    assert call("demo").code == status
    assert asked == []
