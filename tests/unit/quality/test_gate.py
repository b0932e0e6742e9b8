from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.quality import run_gate
from evergreen.records import QualityResult, Window
from evergreen.spec.model import ModelSpec

MakeSpec = Callable[..., ModelSpec]
MakeBatch = Callable[..., pd.DataFrame]


def broken(result: QualityResult) -> set[tuple[str, str | None]]:
    return {(rule.rule, rule.column) for rule in result.broken_rules}


def between(column: str, low: float, high: float, **more: Any) -> dict[str, Any]:
    kwargs = {"column": column, "min_value": low, "max_value": high, **more}
    return {"type": "expect_column_values_to_be_between", "kwargs": kwargs}


def test_sound_batch_is_accepted_by_built_in_and_own_rules(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()

    result = run_gate(batch, make_spec(), [between("distance", 0, 3000)], window=window)

    assert result.verdict == "accepted"
    assert [rule.rule for rule in result.rules] == [
        "row_count",
        "schema",
        "key_not_null",
        "key_unique",
        "time_not_null",
        "time_in_window",
        "null_share",
        "null_share",
        "expect_column_values_to_be_between",
    ]


def test_column_order_does_not_matter(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()

    result = run_gate(batch[list(batch.columns)[::-1]], make_spec(), [], window=window)

    assert result.verdict == "accepted"


@pytest.mark.parametrize(
    ("n_rows", "verdict"),
    [
        pytest.param(10, "accepted", id="exactly enough rows"),
        pytest.param(9, "rejected", id="one row short"),
    ],
)
def test_row_count_has_a_limit(
    n_rows: int, verdict: str, make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    result = run_gate(make_batch(n_rows), make_spec(min_rows=10), [], window=window)

    assert result.verdict == verdict
    assert broken(result) == (set() if verdict == "accepted" else {("row_count", None)})


@pytest.mark.parametrize("limit", [0.1, 0.3, 0.7])
def test_null_share_counts_up_to_and_over_its_limit(
    limit: float, make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    spec = make_spec(max_null_shares={"distance": limit})
    at_limit, over = make_batch(), make_batch()
    n_allowed = round(100 * limit)
    at_limit.loc[: n_allowed - 1, "distance"] = np.nan
    over.loc[:n_allowed, "distance"] = np.nan

    at_limit_result = run_gate(at_limit, spec, [], window=window)
    over_result = run_gate(over, spec, [], window=window)

    assert at_limit_result.verdict == "accepted"
    assert broken(over_result) == {("null_share", "distance")}
    (rule,) = over_result.broken_rules
    assert f"{n_allowed + 1} of 100 rows are null" in rule.sentence


def test_zero_rows_are_never_a_vacuous_pass(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    result = run_gate(make_batch(0), make_spec(), [between("distance", 0, 1)], window=window)

    assert result.verdict == "rejected"
    assert {rule.rule for rule in result.rules if rule.is_met} == {"schema"}


def test_all_null_column_breaks_its_own_rules_too(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    batch["carrier"] = None
    own = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "carrier", "value_set": ["AA"]},
    }

    result = run_gate(batch, make_spec(), [own], window=window)

    assert broken(result) == {
        ("null_share", "carrier"),
        ("expect_column_values_to_be_in_set", "carrier"),
    }


def test_rule_over_a_pair_that_never_meets_is_broken(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    batch["distance"] = batch["distance"].where(batch.index % 2 == 0)
    batch["carrier"] = pd.Series(np.where(batch.index % 2 == 0, np.nan, 1.0))
    own = {
        "type": "expect_column_pair_values_a_to_be_greater_than_b",
        "kwargs": {
            "column_A": "distance",
            "column_B": "carrier",
            "ignore_row_if": "either_value_is_missing",
        },
    }

    result = run_gate(batch, make_spec(max_null_share=0.5), [own], window=window)

    assert broken(result) == {(own["type"], "distance, carrier")}
    assert "nothing to look at" in result.sentence


def test_condition_that_no_row_meets_is_met_and_says_so(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    own = between("distance", 0, 1, row_condition="distance > 1e9", condition_parser="pandas")

    result = run_gate(make_batch(), make_spec(), [own], window=window)

    assert result.verdict == "accepted"
    assert "so none was checked" in result.rules[-1].sentence


def test_missing_and_unexpected_columns_reject_by_name(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch().rename(columns={"distance": "distance_km"})

    result = run_gate(batch, make_spec(), [between("distance", 0, 3000)], window=window)

    assert broken(result) == {
        ("schema", None),
        ("null_share", "distance"),
        ("expect_column_values_to_be_between", "distance"),
    }
    assert "missing 'distance'; unexpected 'distance_km'" in result.sentence


def test_column_that_stands_twice_is_rejected(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    batch = pd.concat([batch, batch[["carrier"]]], axis=1)

    result = run_gate(batch, make_spec(), [], window=window)

    assert broken(result) == {("schema", None), ("null_share", "carrier")}


def test_repeated_and_missing_keys_are_counted(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    batch.loc[3, "flight_id"] = "f2"
    batch.loc[9, "flight_id"] = pd.NA

    result = run_gate(batch, make_spec(), [], window=window)

    assert broken(result) == {("key_unique", "flight_id"), ("key_not_null", "flight_id")}
    sentences = " ".join(rule.sentence for rule in result.broken_rules)
    assert "2 of 99 rows share their value" in sentences
    assert "1 of 100 rows are null" in sentences
    assert "f2" not in sentences


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [
        pytest.param(timedelta(0), "accepted", id="the window's start is part of it"),
        pytest.param(timedelta(microseconds=-1), "rejected", id="just before"),
        pytest.param(timedelta(days=7, microseconds=-1), "accepted", id="just before the end"),
        pytest.param(timedelta(days=7), "rejected", id="the window's end is not part of it"),
    ],
)
def test_event_times_lie_in_the_window(
    shift: timedelta, verdict: str, make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    batch.loc[5, "scheduled_at"] = window.start + shift

    result = run_gate(batch, make_spec(), [], window=window)

    assert result.verdict == verdict
    expected = set() if verdict == "accepted" else {("time_in_window", "scheduled_at")}
    assert broken(result) == expected


def test_null_event_times_are_rejected(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    batch.loc[5, "scheduled_at"] = pd.NaT

    result = run_gate(batch, make_spec(), [], window=window)

    assert broken(result) == {("time_not_null", "scheduled_at")}


@pytest.mark.parametrize("kind", ["naive", "text"])
def test_event_times_without_timezone_are_a_matter_of_the_data(
    kind: str, make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    naive = batch["scheduled_at"].dt.tz_localize(None)
    batch["scheduled_at"] = naive if kind == "naive" else naive.astype(str)

    result = run_gate(batch, make_spec(), [], window=window)

    assert broken(result) == {("time_in_window", "scheduled_at")}
    assert "timezone" in result.sentence


def test_broken_rule_names_rule_column_observed_and_rows(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch()
    batch.loc[:24, "distance"] = -5.0

    result = run_gate(batch, make_spec(), [between("distance", 0, 3000, mostly=0.8)], window=window)

    (rule,) = result.broken_rules
    assert rule.sentence == (
        "expect_column_values_to_be_between on 'distance' (min_value=0, max_value=3000,"
        " mostly=0.8): 25 of 100 rows lie outside, a share of 0.25 where 0.20 is allowed,"
        " such as -5"
    )


def test_figure_of_a_column_is_observed(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    batch = make_batch().assign(distance=12.5)
    own = {
        "type": "expect_column_mean_to_be_between",
        "kwargs": {"column": "distance", "min_value": 99},
    }

    result = run_gate(batch, make_spec(), [own], window=window)

    (rule,) = result.broken_rules
    assert "observed 12.5 over 100 rows" in rule.sentence


def test_same_expectation_twice_is_judged_twice(
    make_spec: MakeSpec, make_batch: MakeBatch, window: Window
) -> None:
    own = between("distance", 0, 1)

    result = run_gate(make_batch(), make_spec(), [own, dict(own)], window=window)

    assert len(result.rules) == 10
    assert len(result.broken_rules) == 2
