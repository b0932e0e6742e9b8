"""Checks of single values in a spec that need more than a type and a range."""

import re
from difflib import get_close_matches
from typing import get_args
from zoneinfo import ZoneInfo

from evergreen.records import AlertKind

PRESETS = ("@continuous", "@hourly", "@daily", "@weekly", "@monthly")
CRON_FIELDS = 5
RUNBOOK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.md")


def check_schedule(schedule: str) -> str:
    """Return the schedule, unchanged.

    Raises:
        ValueError: It is neither a preset nor a five-field cron expression in its ranges.
    """
    if schedule in PRESETS:
        return schedule
    # Known only to cron expressions, so a spec with a preset does not pay for the import.
    from croniter import croniter  # type: ignore[import-untyped]  # ships no types

    if len(schedule.split()) != CRON_FIELDS or not croniter.is_valid(schedule):
        raise ValueError(
            f"{schedule!r} is neither a five-field cron expression such as '0 6 * * 1' nor one of"
            f" {', '.join(PRESETS)}"
        )
    return schedule


def check_timezone(name: str) -> str:
    """Return the timezone, unchanged.

    Raises:
        ValueError: No such timezone is known here.
    """
    try:
        ZoneInfo(name)
    except (OSError, KeyError, ValueError) as err:
        from zoneinfo import available_timezones

        near = get_close_matches(name, available_timezones(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write it as in 'Europe/Berlin' or 'UTC'"
        raise ValueError(f"unknown timezone {name!r}; {hint}") from err
    return name


def check_runbooks(runbooks: dict[str, str]) -> dict[str, str]:
    """Return the runbooks, unchanged.

    Raises:
        ValueError: A key is not a kind of alert, or a value is not a plain Markdown file name.
    """
    kinds = get_args(AlertKind)
    for kind, file in runbooks.items():
        if kind not in kinds:
            near = get_close_matches(kind, kinds, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(kinds)}"
            raise ValueError(f"unknown alert kind {kind!r}; {hint}")
        if not RUNBOOK.fullmatch(file):
            raise ValueError(
                f"the runbook of {kind} is {file!r:.80}; expected the name of a file in"
                " include/runbooks, such as drift.md"
            )
    return runbooks
