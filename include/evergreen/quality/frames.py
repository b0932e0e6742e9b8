"""Checks of a frame before Great Expectations runs.

Great Expectations raises an exception for a missing column, and passes most expectations on a
column without values. Both are faults of the data, so they are found here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evergreen.quality.rules import Rule

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FrameFacts:
    """What the rules need to know of a frame before they run.

    Attributes:
        n_rows: Rows of the frame.
        columns: Its column names, each once.
        repeated: Names that occur more than once.
        valueless: Columns that hold nulls only; all columns when there are no rows.
        times: Columns of timestamps with a timezone.
    """

    n_rows: int
    columns: tuple[str, ...]
    repeated: frozenset[str]
    valueless: frozenset[str]
    times: frozenset[str]


def examine(frame: "pd.DataFrame") -> FrameFacts:
    """Return the facts of ``frame``, from one pass over its columns."""
    import pandas as pd

    names = [str(name) for name in frame.columns]
    single = without_repeats(frame)
    return FrameFacts(
        n_rows=len(frame),
        columns=tuple(dict.fromkeys(names)),
        repeated=frozenset(name for name in names if names.count(name) > 1),
        valueless=frozenset(str(name) for name in single.columns if single[name].isna().all()),
        times=frozenset(
            str(name)
            for name in single.columns
            if isinstance(single[name].dtype, pd.DatetimeTZDtype)
        ),
    )


def without_repeats(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return the frame with the first column of each name."""
    repeats = frame.columns.duplicated()
    return frame.loc[:, ~repeats] if repeats.any() else frame


def obstacle(rule: Rule, facts: FrameFacts) -> str | None:
    """Return why ``rule`` is broken without being run; None when it can be run.

    A rule without any value to check counts as broken, never as met.
    """
    if rule.name == "schema" and facts.repeated:
        return f"{_list(sorted(facts.repeated))} occurs more than once; deliver each column once"
    if not rule.columns or rule.type == "expect_column_to_exist":
        return None
    return _missing(rule, facts) or _nothing_to_look_at(rule, facts)


def _missing(rule: Rule, facts: FrameFacts) -> str | None:
    missing = [column for column in rule.columns if column not in facts.columns]
    if missing:
        return f"{_list(missing)} is not in the batch"
    repeated = [column for column in rule.columns if column in facts.repeated]
    if repeated:
        return f"{_list(repeated)} occurs more than once, so it is not clear which one to check"
    return None


def _nothing_to_look_at(rule: Rule, facts: FrameFacts) -> str | None:
    if facts.n_rows == 0:
        return "the batch holds 0 rows, so there is nothing to look at"
    if rule.name == "time_in_window" and rule.columns[0] not in facts.times:
        return "its values are not timestamps with a timezone; deliver timestamp[us, tz=UTC]"
    valueless = [column for column in rule.columns if column in facts.valueless]
    if valueless and not rule.survives_nulls:
        return f"{_list(valueless)} holds only nulls in {facts.n_rows} rows: nothing to look at"
    return None


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
