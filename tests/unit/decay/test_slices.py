from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen.decay.slices import SliceCut, cut_slices, measure_slices
from evergreen.measurements import SliceMetric
from evergreen.metrics import estimate
from evergreen.spec.model import Feature, FeatureKind


def feature(name: str, kind: FeatureKind) -> Feature:
    return Feature(name=name, kind=kind)


def cut(values: Any, kind: FeatureKind) -> SliceCut:
    return cut_slices(pa.table({"x": values}), [feature("x", kind)])[0]


def measure(
    cuts: tuple[SliceCut, ...] | SliceCut,
    values: Any,
    *,
    min_rows: int = 10,
    accuracy: float = 0.75,
    reference: tuple[SliceMetric, ...] = (),
) -> dict[str, SliceMetric]:
    table = pa.table({"x": values})
    target = np.ones(table.num_rows)
    prediction = np.where(np.arange(table.num_rows) % 4 < 4 * accuracy, 0.9, 0.1)
    found = measure_slices(
        (cuts,) if isinstance(cuts, SliceCut) else cuts,
        table,
        target,
        prediction,
        metric="accuracy",
        min_rows=min_rows,
        reference=reference,
    )
    return {one.value: one for one in found}


def test_numbers_are_cut_at_reference_quartiles() -> None:
    result = measure(cut(np.arange(1.0, 101.0), "numeric"), np.arange(0.0, 200.0))

    assert {value: one.estimate.n_rows for value, one in result.items()} == {
        "up to 25": 26,
        "25 to 50": 25,
        "50 to 75": 25,
        "over 75": 124,
    }


def test_categories_are_the_frequent_values_and_the_rest() -> None:
    reference = [letter for n, letter in enumerate("abcdefghijklm") for _ in range(n + 1)]

    result = measure(cut(reference, "categorical"), ["m"] * 20 + ["a", "new", None] * 10)

    assert {value: one.estimate.n_rows for value, one in result.items()} == {
        "= m": 20,
        "other values": 20,
        "missing": 10,
    }


def test_a_slice_is_compared_with_its_own_reference() -> None:
    cuts = cut(["a", "b"] * 200, "categorical")
    before = tuple(measure(cuts, ["a", "b"] * 200, accuracy=1.0).values())

    result = measure(cuts, ["a"] * 400, accuracy=0.75, reference=before)["= a"]

    assert result.verdict == "measured"
    assert result.drop == pytest.approx(0.25)
    assert result.drop_se == pytest.approx(np.sqrt(0.75 * 0.25 / 400))
    assert result.sentence.startswith("x = a: accuracy 0.7500 +/- 0.0217 on 400 rows, was 1.0000")


def test_a_slice_without_reference_has_no_drop() -> None:
    result = measure(cut(["a"] * 100, "categorical"), ["a"] * 100)["= a"]

    assert result.verdict == "measured"
    assert result.drop is None


@pytest.mark.parametrize(
    ("n_rows", "verdict"), [(49, "insufficient_data"), (50, "measured")], ids=["few", "enough"]
)
def test_a_slice_needs_rows(n_rows: int, verdict: str) -> None:
    result = measure(cut(["a", "b"], "categorical"), ["a"] * n_rows + ["b"] * 200, min_rows=50)

    assert result["= a"].verdict == verdict
    assert result["= b"].verdict == "measured"


def test_one_class_in_a_slice_is_not_computable() -> None:
    cuts = cut_slices(pa.table({"x": ["a"]}), [feature("x", "categorical")])
    rows = pa.table({"x": ["a"] * 100})

    result = measure_slices(
        cuts, rows, np.ones(100), np.linspace(0, 1, 100), metric="auc", min_rows=10
    )[0]

    assert result.verdict == "not_computable"
    assert "all 100 rows are of class 1" in result.sentence


def test_missing_and_infinite_numbers_have_their_place() -> None:
    values = [1.0, 2.0, 3.0, 4.0] * 10

    result = measure(
        cut([*values, np.nan, np.inf], "numeric"),
        pa.array([*values, None, np.nan, np.inf, -np.inf]),
        min_rows=1,
    )

    assert result["missing"].estimate.n_rows == 2
    assert result["up to 1"].estimate.n_rows == 11
    assert result["over 3"].estimate.n_rows == 11


@pytest.mark.parametrize(
    ("reference", "current", "kind"),
    [
        pytest.param([1, 2], [1.0, 2.0], "categorical", id="integers as floats"),
        pytest.param(["1", "2"], [1, 2], "categorical", id="text as integers"),
        pytest.param([True, False], [1, 0], "boolean", id="true and 1"),
        pytest.param([True, False], [1.0, 0.0], "boolean", id="true and 1.0"),
        pytest.param(
            pa.array(["a", "b"]).dictionary_encode(), ["a", "b"], "categorical", id="dictionary"
        ),
    ],
)
def test_a_category_is_known_by_its_text(reference: Any, current: Any, kind: FeatureKind) -> None:
    result = measure(cut(reference, kind), pa.array(current), min_rows=1)

    assert len(result) == 2
    assert "other values" not in result


def test_moments_are_cut_into_ranges() -> None:
    start = datetime(2013, 1, 1, tzinfo=UTC)
    moments = pa.array([start + timedelta(hours=n) for n in range(40)], pa.timestamp("us", "UTC"))

    result = measure(cut(moments, "datetime"), moments, min_rows=1)

    assert next(iter(result)) == "up to 2013-01-01T09:00:00.000000"
    assert sum(one.estimate.n_rows for one in result.values()) == 40


def test_a_feature_that_cannot_be_cut_does_not_take_others_along() -> None:
    table = pa.table({"fine": ["a"] * 20, "bad": [[1]] * 20})
    features = [
        feature("gone", "numeric"),
        feature("bad", "categorical"),
        feature("fine", "categorical"),
    ]

    cuts = cut_slices(table, features)
    result = measure_slices(cuts, table, np.ones(20), np.ones(20), metric="accuracy", min_rows=5)

    assert [one.verdict for one in result] == ["not_computable", "not_computable", "measured"]
    assert "gone: slices cannot be measured" in result[0].sentence
    assert "column is missing" in result[0].sentence
    assert "expected categories, came list" in result[1].sentence


def test_text_in_a_numeric_feature_is_named() -> None:
    result = measure(cut([1.0, 2.0], "numeric"), ["one", "two"])

    assert "expected numeric values, came string" in result["all"].sentence


def test_constant_and_empty_references_still_cut() -> None:
    constant = measure(cut([5.0] * 20, "numeric"), [5.0] * 20 + [6.0] * 20)
    empty = measure(cut(pa.array([None] * 5, pa.float64()), "numeric"), [5.0] * 20)

    assert {value: one.estimate.n_rows for value, one in constant.items()} == {
        "up to 5": 20,
        "over 5": 20,
    }
    assert list(empty) == ["any value"]


def test_cuts_survive_json() -> None:
    known = cut(["a", "ü"] * 10, "categorical")

    assert SliceCut.from_json(known.to_json()) == known


def test_rows_and_labels_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="3 rows, labels"):
        measure_slices(
            (), pa.table({"x": [1, 2, 3]}), np.ones(2), np.ones(3), metric="auc", min_rows=10
        )


@settings(deadline=None, max_examples=200)
@given(
    reference=st.lists(st.one_of(st.none(), st.floats()), max_size=40),
    current=st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=40),
    kind=st.sampled_from(["numeric", "integer", "categorical", "boolean"]),
)
def test_slices_hold_every_row_once(
    reference: list[float | None], current: list[float | None], kind: FeatureKind
) -> None:
    found = measure(
        cut(pa.array(reference, pa.float64()), kind), pa.array(current, pa.float64()), min_rows=1
    )

    assert sum(one.estimate.n_rows for one in found.values()) == len(current)
    assert all(one.sentence for one in found.values())


@settings(deadline=None, max_examples=60)
@given(
    reference=st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=40),
    current=st.lists(
        st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=40
    ),
)
def test_slices_of_moments_hold_every_row_once(
    reference: list[int | None], current: list[int | None]
) -> None:
    moments = pa.timestamp("us", "UTC")

    found = measure(
        cut(pa.array(reference, moments), "datetime"), pa.array(current, moments), min_rows=1
    )

    assert sum(one.estimate.n_rows for one in found.values()) == len(current)


def test_numbers_are_no_moments_and_moments_no_numbers() -> None:
    moments = pa.array([datetime(2013, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))

    assert cut([1.0, 2.0], "datetime").problem == "expected datetime values, came double"
    assert "expected numeric values, came timestamp" in cut(moments, "numeric").problem


def test_a_slice_of_all_rows_is_the_metric_itself() -> None:
    random = np.random.default_rng(0)
    target, score = (random.random(500) < 0.4).astype(float), random.random(500)
    rows = pa.table({"x": ["a"] * 500})

    result = measure_slices(
        (cut(["a"], "categorical"),), rows, target, score, metric="auc", min_rows=10
    )

    assert result[0].estimate == estimate("auc", target, score)
