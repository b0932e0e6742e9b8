"""The default model and its data: sound batches pass its rules, broken ones do not."""

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from evergreen.landing.deliver import PlannedBatch, find_batch, plan_batches
from evergreen.landing.faults import break_table
from evergreen.landing.flights import FEATURE_KNOWN_AT, KEY, TARGET, TIME
from evergreen.quality.gate import run_gate
from evergreen.records import QualityResult
from evergreen.settings import project_root
from evergreen.spec.loader import LoadedSpec


def rows_of(flights: pd.DataFrame, batch: PlannedBatch) -> pd.DataFrame:
    inside = (flights[TIME] >= batch.window.start) & (flights[TIME] < batch.window.end)
    return flights.loc[inside, [KEY, TIME, *FEATURE_KNOWN_AT]].reset_index(drop=True)


def gate(frame: pd.DataFrame, loaded: LoadedSpec, batch: PlannedBatch) -> QualityResult:
    return run_gate(frame, loaded.spec, loaded.expectations, window=batch.window)


def test_every_feature_is_known_before_departure(loaded: LoadedSpec) -> None:
    data = loaded.spec.data

    assert set(data.feature_names) == set(FEATURE_KNOWN_AT)
    assert (data.key, data.time_column, data.target) == (KEY, TIME, TARGET)


def test_expectations_name_columns_of_the_model(loaded: LoadedSpec) -> None:
    known = {*loaded.spec.data.feature_names, KEY, TIME}

    for entry in loaded.expectations:
        kwargs: dict[str, Any] = entry["kwargs"]
        named = {kwargs[name] for name in ("column", "column_A", "column_B") if name in kwargs}
        assert named
        assert named <= known


def test_file_is_plain_json_that_an_editor_can_check() -> None:
    text = (project_root() / "include/models/flights/expectations.json").read_text("utf-8")

    assert len(json.loads(text)) >= 15


# The extremes of the year: coldest, hottest, and the one with the most missing pressure.
@pytest.mark.parametrize("batch", ["2013-01-01", "2013-01-22", "2013-07-16", "2013-12-03"])
def test_sound_week_is_accepted(flights: pd.DataFrame, loaded: LoadedSpec, batch: str) -> None:
    week = find_batch(plan_batches(flights), batch)

    result = gate(rows_of(flights, week), loaded, week)

    assert result.verdict == "accepted", result.sentence


@pytest.mark.parametrize("batch", ["2013-01-22", "2013-04-16", "2013-07-16"])
def test_changed_unit_is_rejected_in_winter_and_in_summer(
    flights: pd.DataFrame, loaded: LoadedSpec, batch: str
) -> None:
    week = find_batch(plan_batches(flights), batch)
    table = pa.Table.from_pandas(rows_of(flights, week), preserve_index=False)

    result = gate(break_table(table, "unit_changed").to_pandas(), loaded, week)

    assert result.verdict == "rejected"
    named = " ".join(rule.sentence for rule in result.broken_rules)
    assert "distance" in named
    assert "temp" in named


def test_half_missing_column_is_rejected(flights: pd.DataFrame, loaded: LoadedSpec) -> None:
    week = find_batch(plan_batches(flights), "2013-04-16")
    table = pa.Table.from_pandas(rows_of(flights, week), preserve_index=False)

    result = gate(break_table(table, "half_missing").to_pandas(), loaded, week)

    assert result.verdict == "rejected"
    assert "temp" in {rule.column for rule in result.broken_rules}
