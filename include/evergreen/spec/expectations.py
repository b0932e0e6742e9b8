"""``expectations.json``: the data rules of a model, in Great Expectations' own words.

Only the form of the file is checked here; the quality gate checks the expectations themselves.
"""

import json
from collections import Counter
from typing import Any


def parse_expectations(text: str) -> list[dict[str, Any]]:
    """Return the entries: a list, or the ``expectations`` of a suite that Great Expectations wrote.

    Raises:
        ValueError: The text is not JSON, a key occurs twice, or an entry has no ``type``.
    """
    try:
        content = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as err:
        place = f"line {err.lineno}, column {err.colno}"
        raise ValueError(f"{place}: is not JSON: {err.msg}") from err
    except RecursionError as err:
        raise ValueError("is nested too deeply") from err
    if isinstance(content, dict):
        content = content.get("expectations")
    problem = _problem_of(content)
    if problem:
        raise ValueError(problem)
    entries: list[dict[str, Any]] = content
    return entries


def _problem_of(content: Any) -> str:
    if not isinstance(content, list):
        return 'expected a list: [{"type": "expect_...", "kwargs": {...}}]'
    problems = (_problem_of_entry(entry, f"[{at}]") for at, entry in enumerate(content))
    return "; ".join(problem for problem in problems if problem)


def _problem_of_entry(entry: Any, place: str) -> str:
    if not isinstance(entry, dict):
        return f'{place} is {entry!r:.40}; expected {{"type": ..., "kwargs": ...}}'
    kind = entry.get("type")
    if not isinstance(kind, str) or not kind.startswith("expect_"):
        return f"{place}.type is {kind!r:.60}; expected text such as 'expect_...'"
    if not isinstance(entry.get("kwargs", {}), dict):
        return f"{place}.kwargs is {entry['kwargs']!r:.40}; expected {{...}}"
    return ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(f"the key {twice[0]!r} occurs twice in one entry; keep one")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number that an expectation can use; write a finite one")
