"""What a model's ``expectations.json`` may hold: the keys of each entry, with a hint for typos."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from evergreen.errors import SpecError
from evergreen.spec import expectations as outside

EXPORTED_KEYS = ("id", "meta", "notes", "description", "rendered_content")
KNOWN_KEYS = ("type", "kwargs", "severity", *EXPORTED_KEYS)
GATE_KWARGS = ("result_format", "catch_exceptions", "batch_id")


def parse_expectations(text: str, path: str | Path) -> list[dict[str, Any]]:
    """Return the expectations that ``text`` holds: a list of ``{"type": ..., "kwargs": {...}}``.

    Whether a type exists is checked when the gate runs, where Great Expectations is loaded.

    Args:
        text: Content of ``expectations.json``.
        path: Where it came from; only named in errors.

    Raises:
        SpecError: The text is not JSON, or an entry holds a key that the gate does not use.
    """
    try:
        entries = outside.parse_expectations(text)
    except ValueError as err:
        raise SpecError(f"{path}: {err}") from err
    problems = entry_problems(entries)
    if problems:
        raise SpecError(f"{path}: {'; '.join(problems)}")
    return entries


def entry_problems(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is wrong with the entries' keys, one sentence each; empty when nothing is."""
    return [
        f"[{position}] ({entry.get('type', 'no type')}): {problem}"
        for position, entry in enumerate(entries)
        for problem in _problems_of(entry)
    ]


def _problems_of(entry: Mapping[str, Any]) -> list[str]:
    problems = []
    if not isinstance(entry.get("type"), str):
        problems.append('"type" is missing; name the expectation, for example "expect_..."')
    for key in entry:
        if key not in KNOWN_KEYS:
            near = get_close_matches(str(key), KNOWN_KEYS, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "an entry has 'type' and 'kwargs'"
            problems.append(f"unknown key {key!r}; {remedy}")
    severity = entry.get("severity", "critical")
    if severity != "critical":
        problems.append(
            f"severity is {severity!r}, but every broken rule rejects the batch; remove the key, or"
            " the rule"
        )
    taken = [name for name in GATE_KWARGS if name in (entry.get("kwargs") or {})]
    if taken:
        problems.append(f"kwargs holds {', '.join(taken)}, which the gate sets itself; remove it")
    return problems
