"""Checks of single values."""

import pytest

from evergreen.spec.checks import check_runbooks, check_schedule, check_timezone


@pytest.mark.parametrize("schedule", ["@continuous", "@weekly", "0 6 * * 1", "*/10 0-6 1 jan MON"])
def test_check_schedule_takes_presets_and_cron(schedule: str) -> None:
    assert check_schedule(schedule) == schedule


@pytest.mark.parametrize(
    "schedule", ["", "weekly", "0 0 6 * * 1", "0 6 * *", "99 6 * * 1", "0 6 * * 9", "a b c d e"]
)
def test_check_schedule_refuses_the_rest(schedule: str) -> None:
    with pytest.raises(ValueError, match="five-field cron expression"):
        check_schedule(schedule)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/New_York"])
def test_check_timezone_takes_known_ones(name: str) -> None:
    assert check_timezone(name) == name


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "America", "../etc/passwd", "/etc/passwd", "a\x00b"]
)
def test_check_timezone_refuses_the_rest(name: str) -> None:
    with pytest.raises(ValueError, match="unknown timezone"):
        check_timezone(name)


def test_check_runbooks_takes_plain_markdown_names() -> None:
    assert check_runbooks({"drift": "flights-drift.md"}) == {"drift": "flights-drift.md"}


@pytest.mark.parametrize(
    ("runbooks", "text"),
    [
        ({"drfit": "a.md"}, "did you mean 'drift'"),
        ({"zzz": "a.md"}, "it is one of data_rejected"),
        ({"drift": "../secret.md"}, "name of a file"),
        ({"drift": "/etc/passwd"}, "name of a file"),
        ({"drift": "a.txt"}, "name of a file"),
        ({"drift": ".md"}, "name of a file"),
    ],
)
def test_check_runbooks_refuses_unknown_kinds_and_paths(
    runbooks: dict[str, str], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        check_runbooks(runbooks)
