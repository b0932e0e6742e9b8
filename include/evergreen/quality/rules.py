"""The rules of one gate run: those that always hold, and those of ``expectations.json``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evergreen.records import Window
from evergreen.spec.model import ModelSpec

SINGLE_COLUMN_KWARGS = ("column", "column_A", "column_B")

# These check presence or nulls themselves, so they run on a column without values too.
SURVIVE_NULLS = frozenset(
    {
        "expect_column_to_exist",
        "expect_column_values_to_be_null",
        "expect_column_values_to_not_be_null",
        "expect_column_proportion_of_non_null_values_to_be_between",
    }
)


@dataclass(frozen=True)
class Rule:
    """One rule of the gate.

    Attributes:
        name: What people read: ``row_count``, ``null_share``, ... or the expectation's type.
        type: The Great Expectations type that runs it.
        kwargs: The expectation's arguments.
        is_built_in: The gate adds it to every suite.
    """

    name: str
    type: str
    kwargs: Mapping[str, Any]
    is_built_in: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it looks at, in the order of its arguments; none for rules over the table."""
        single = [self.kwargs[key] for key in SINGLE_COLUMN_KWARGS if key in self.kwargs]
        many = self.kwargs.get("column_list")
        listed = [*single, *(many if isinstance(many, list | tuple) else ())]
        return tuple(column for column in listed if isinstance(column, str))

    @property
    def column(self) -> str | None:
        """Its columns as one text, for the record of its result."""
        return ", ".join(self.columns) or None

    @property
    def survives_nulls(self) -> bool:
        """It can judge a column that holds no values."""
        return self.type in SURVIVE_NULLS

    @property
    def is_conditional(self) -> bool:
        """It looks only at rows that meet a condition of its own, possibly none."""
        return bool(self.kwargs.get("row_condition"))


def delivered_columns(spec: ModelSpec) -> tuple[str, ...]:
    """The columns that a batch of this model holds, no more and no less."""
    features = (feature.name for feature in spec.data.delivered_features)
    return (spec.data.key, spec.data.time_column, *features)


def built_in_rules(spec: ModelSpec, window: Window) -> list[Rule]:
    """Return the rules that hold for every batch of ``spec``, whatever its expectations say."""
    data, quality = spec.data, spec.quality
    rules = [
        _built_in("row_count", "expect_table_row_count_to_be_between", min_value=quality.min_rows),
        _built_in(
            "schema",
            "expect_table_columns_to_match_set",
            column_set=list(delivered_columns(spec)),
            exact_match=True,
        ),
        _built_in("key_not_null", "expect_column_values_to_not_be_null", column=data.key),
        _built_in("key_unique", "expect_column_values_to_be_unique", column=data.key),
        _built_in("time_not_null", "expect_column_values_to_not_be_null", column=data.time_column),
        _built_in(
            "time_in_window",
            "expect_column_values_to_be_between",
            column=data.time_column,
            min_value=window.start,
            max_value=window.end,
            strict_max=True,
        ),
    ]
    for feature in data.delivered_features:
        limit = quality.max_null_shares.get(feature.name, quality.max_null_share)
        rules.append(
            _built_in(
                "null_share",
                "expect_column_values_to_not_be_null",
                column=feature.name,
                mostly=round(1 - limit, 12),  # 1 - 0.7 is 0.30000000000000004: wrong at the limit
            )
        )
    return rules


def own_rules(expectations: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Return the rules of the model's ``expectations.json``, in its order."""
    return [
        Rule(entry["type"], entry["type"], dict(entry.get("kwargs") or {}))
        for entry in expectations
    ]


def _built_in(name: str, type_: str, **kwargs: Any) -> Rule:
    return Rule(name, type_, kwargs, is_built_in=True)
