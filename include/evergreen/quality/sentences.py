"""What a rule saw, in one sentence: rule, column, what was observed, and in how many rows."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from evergreen.metrics.wording import limit, number
from evergreen.quality.rules import Rule
from evergreen.records import Window

MAX_VALUE = 40
MAX_EXAMPLES = 3
MAX_ITEMS = 6
UNSHOWN_KWARGS = ("column", "column_A", "column_B", "column_list", "condition_parser")


def describe(rule: Rule, result: Mapping[str, Any], n_rows: int) -> str:
    """Return the sentence for a rule that Great Expectations has judged.

    Args:
        rule: The rule.
        result: Great Expectations' ``result`` for it, in its SUMMARY format.
        n_rows: Rows of the batch.
    """
    return f"{headline(rule)}: {_observed(rule, result, n_rows)}"


def headline(rule: Rule) -> str:
    """Name the rule, its column and what it wants."""
    place = f"{rule.name} on {rule.column!r}" if rule.column else rule.name
    if rule.is_built_in:
        return place
    wanted = [
        f"{key}={show(value)}" for key, value in rule.kwargs.items() if key not in UNSHOWN_KWARGS
    ]
    return f"{place} ({', '.join(wanted)})" if wanted else place


def is_vacuous(rule: Rule, result: Mapping[str, Any]) -> bool:
    """Return whether a rule over all rows found no value to check."""
    return examined(result) == 0 and not rule.survives_nulls and not rule.is_conditional


def examined(result: Mapping[str, Any]) -> int | None:
    """Return how many rows the rule checked; None for rules about one figure of the column."""
    if "element_count" not in result:
        return None
    return int(result["element_count"]) - int(result.get("missing_count") or 0)


def _observed(rule: Rule, result: Mapping[str, Any], n_rows: int) -> str:
    if rule.name == "row_count":
        return f"{n_rows} rows, at least {rule.kwargs['min_value']} expected"
    if rule.name == "schema":
        return _columns_differ(result, rule)
    if "unexpected_count" in result and "element_count" in result:
        return _counted(rule, result)
    return _figure(result, n_rows)


def _figure(result: Mapping[str, Any], n_rows: int) -> str:
    if result.get("observed_value") is not None:
        return f"observed {show(result['observed_value'])}{_examples(result)} over {n_rows} rows"
    if "unexpected_count" in result:
        return f"{result['unexpected_count']} values unexpected in {n_rows} rows{_examples(result)}"
    if "observed_value" in result:
        return f"no value could be observed in {n_rows} rows"
    return f"looked at {n_rows} rows"


def _columns_differ(result: Mapping[str, Any], rule: Rule) -> str:
    n_columns = len(rule.kwargs["column_set"])
    mismatched = (result.get("details") or {}).get("mismatched") or {}
    parts = [
        f"{word} {', '.join(repr(name) for name in mismatched[word])}"
        for word in ("missing", "unexpected")
        if mismatched.get(word)
    ]
    return (
        f"{'; '.join(parts)}; {n_columns} columns expected" if parts else f"all {n_columns} columns"
    )


def _counted(rule: Rule, result: Mapping[str, Any]) -> str:
    count, total = int(result["unexpected_count"]), examined(result) or 0
    if total == 0:
        return "no row met its condition, so none was checked" if rule.is_conditional else "0 rows"
    what = {
        "expect_column_values_to_not_be_null": "rows are null",
        "expect_column_values_to_be_unique": "rows share their value with another row",
        "expect_column_values_to_be_between": "rows lie outside",
    }.get(rule.type, "rows do not meet it")
    if not count:
        return f"none of {total} {what}{_span(rule)}"
    is_shown = "null" not in rule.type and rule.name != "key_unique"  # keys may name a person
    examples = _examples(result) if is_shown else ""
    return f"{count} of {total} {what}{_span(rule)}{_share(rule, count / total)}{examples}"


def _share(rule: Rule, share: float) -> str:
    mostly = rule.kwargs.get("mostly", 1.0)
    if not isinstance(mostly, int | float) or mostly >= 1:
        return ""
    allowed = round(1 - mostly, 12)
    return f", a share of {number(share, allowed)} where {limit(allowed)} is allowed"


def _span(rule: Rule) -> str:
    if rule.name != "time_in_window":
        return ""
    return f" of {Window(start=rule.kwargs['min_value'], end=rule.kwargs['max_value'])}"


def _examples(result: Mapping[str, Any]) -> str:
    shown = dict.fromkeys(show(value) for value in result.get("partial_unexpected_list") or ())
    return f", such as {', '.join(list(shown)[:MAX_EXAMPLES])}" if shown else ""


def show(value: Any) -> str:
    """Write one value of the data or of a rule shortly, on one line."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else f"{value:.6g}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Mapping):
        return f"{{{_several([f'{key}: {show(item)}' for key, item in value.items()])}}}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{_several([show(item) for item in value])}]"
    text = repr(value)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}..."


def _several(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - MAX_ITEMS} more" if len(texts) > MAX_ITEMS else ""
    return ", ".join(texts[:MAX_ITEMS]) + more
