from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.profile.bins_for_display import bin_labels, fill_bins
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import BrokenColumn, ColumnProfile
from evergreen.errors import DataError
from evergreen.spec.model import Feature, FeatureKind


def make_column(values: Any, kind: FeatureKind = "numeric") -> ColumnProfile:
    table = pa.table({"x": values})
    return build_profile(table, [Feature(name="x", kind=kind)]).columns[0]


def make_batches(values: Any) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = pa.table({"x": values}).to_batches()
    return batches


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param(np.random.default_rng(0).normal(size=5000), "numeric", id="continuous"),
        pytest.param([0.0] * 80 + [1.0] * 15 + [7.5] * 5, "numeric", id="few values, many ties"),
        pytest.param([3] * 100, "integer", id="constant"),
        pytest.param([None] * 100, "numeric", id="all null"),
        pytest.param([True, False] * 50, "boolean", id="boolean"),
        pytest.param([f"v{i % 60}" for i in range(600)], "categorical", id="many categories"),
    ],
)
def test_every_bin_has_a_name_of_its_own_place(values: Any, kind: FeatureKind) -> None:
    column = make_column(values, kind)

    labels = bin_labels(column)

    assert not isinstance(column, BrokenColumn)
    assert len(labels) == len(column.psi_counts)
    assert len(set(labels)) == len(labels)


def test_ranges_follow_each_other() -> None:
    column = make_column(list(range(1000)), "integer")

    labels = bin_labels(column)

    assert labels[0].startswith(("below", "up to"))
    assert labels[-4].startswith(("above", "from"))
    assert labels[-3:] == ("-inf", "+inf", "null")
    ends = [label.split(" to ") for label in labels[1:-4]]
    assert all(before[1] == after[0] for before, after in pairwise(ends))


def test_a_value_that_many_rows_hold_is_a_bin_of_its_own() -> None:
    column = make_column([0.0] * 500 + list(np.linspace(1, 2, 500)))

    filled = fill_bins(column, make_batches([0.0] * 90 + [1.5] * 10))

    assert "0" in filled.labels
    assert filled.current[filled.labels.index("0")] == pytest.approx(0.9)
    assert filled.reference[filled.labels.index("0")] == pytest.approx(0.5)


def test_datetimes_are_named_as_such() -> None:
    start = datetime(2013, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(days=i) for i in range(300)]
    column = make_column(pa.array(moments, pa.timestamp("us", tz="UTC")), "datetime")

    labels = bin_labels(column)

    assert any("2013-03" in label for label in labels)


def test_null_infinite_and_unseen_rows_have_their_bins() -> None:
    numbers = fill_bins(
        make_column([1.0, 2.0, 3.0, 4.0] * 50),
        make_batches([1.0, None, float("inf"), float("-inf")]),
    )
    texts = fill_bins(
        make_column(["a", "b"] * 50, "categorical"), make_batches(["a", "new", None, "<b>"])
    )

    for label in ("null", "+inf", "-inf"):
        assert numbers.current[numbers.labels.index(label)] == 0.25
    assert texts.current[texts.labels.index("unseen values")] == 0.5
    assert texts.current[texts.labels.index("null")] == 0.25


def test_bins_that_are_empty_on_both_sides_are_left_out() -> None:
    filled = fill_bins(make_column(["a", "b"] * 50, "categorical"), make_batches(["a", "b"]))

    assert filled.labels == ("a", "b")
    assert filled.reference == filled.current == (0.5, 0.5)


def test_a_column_that_became_all_null_is_shown() -> None:
    filled = fill_bins(make_column([1.0, 2.0] * 50), make_batches(pa.nulls(10, pa.float64())))

    assert filled.current[filled.labels.index("null")] == 1.0


@pytest.mark.parametrize(
    ("batches", "why"),
    [
        pytest.param(make_batches(["one", "two"]), "expected numbers", id="other type"),
        pytest.param(pa.table({"y": [1.0]}).to_batches(), "column is missing", id="no such column"),
        pytest.param([], "the batch has no rows", id="no rows"),
    ],
)
def test_what_cannot_be_counted_says_why(batches: list[pa.RecordBatch], why: str) -> None:
    with pytest.raises(DataError, match=why):
        fill_bins(make_column([1.0, 2.0] * 50), batches)


def test_a_feature_without_a_profile_says_why() -> None:
    broken = BrokenColumn(name="x", kind="numeric", problem="column is missing")

    with pytest.raises(DataError, match="no profile of it: column is missing"):
        fill_bins(broken, make_batches([1.0]))
    assert bin_labels(broken) == ()
