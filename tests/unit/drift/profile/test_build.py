import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import (
    BrokenColumn,
    CategoryColumn,
    NumericColumn,
    ReferenceProfile,
)
from evergreen.spec.model import Feature


def make_category(texts: Sequence[str | None]) -> CategoryColumn:
    profile = build_profile(pa.table({"c": list(texts)}), [Feature(name="c", kind="categorical")])
    column = profile.columns[0]
    assert isinstance(column, CategoryColumn)
    return column


def test_profile_survives_json() -> None:
    table = pa.table(
        {
            "x": [0.1, None, 3e300, float("inf"), -1.0],
            "n": [1, 2, 2, 2, None],
            "c": ["a", "b", None, "a", "é"],
            "b": [True, False, True, None, True],
        }
    )
    features = [
        Feature(name="x", kind="numeric"),
        Feature(name="n", kind="integer"),
        Feature(name="c", kind="categorical"),
        Feature(name="b", kind="boolean"),
        Feature(name="gone", kind="numeric"),
    ]

    profile = build_profile(table, features)

    assert ReferenceProfile.from_json(json.loads(json.dumps(profile.to_json()))) == profile
    assert [column.name for column in profile.columns] == ["x", "n", "c", "b", "gone"]


def test_profile_of_50_wide_columns_is_well_below_300_kb() -> None:
    random = np.random.default_rng(0)
    n_rows = 20_000
    numbers = {f"x{i}": random.normal(size=n_rows) * 1e-7 for i in range(30)}
    texts = {
        f"c{i}": (random.zipf(1.3, n_rows) % 5000).astype(str).astype("U60") for i in range(20)
    }
    features = [Feature(name=name, kind="numeric") for name in numbers]
    features += [Feature(name=name, kind="categorical") for name in texts]

    profile = build_profile(pa.table(numbers | texts), features)

    assert len(json.dumps(profile.to_json())) < 200_000
    errors = [c.ks_error for c in profile.columns if isinstance(c, NumericColumn)]
    assert 0 < max(errors) <= 0.01


def test_numeric_profile_counts_nulls_and_infinities_apart() -> None:
    table = pa.table({"x": [1.0, None, float("nan"), float("inf"), float("-inf"), 2.0]})

    column = build_profile(table, [Feature(name="x", kind="numeric")]).columns[0]

    assert isinstance(column, NumericColumn)
    assert (column.n_null, column.n_positive_inf, column.n_negative_inf) == (2, 1, 1)
    assert column.grid == (1.0, 2.0)


def test_chunks_are_one_column() -> None:
    chunked = pa.chunked_array([[1.0, 2.0], [3.0], []], type=pa.float64())

    column = build_profile(pa.table({"x": chunked}), [Feature(name="x", kind="numeric")]).columns[0]

    assert isinstance(column, NumericColumn)
    assert column.grid == (1.0, 2.0, 3.0)


def test_values_with_half_a_percent_are_named_and_others_only_known() -> None:
    column = make_category(["often"] * 990 + ["named"] * 5 + ["rare"] * 4 + [None])

    assert column.labels == ("often", "named")
    assert column.counts == (990, 5)
    assert (column.n_rare, column.n_unlisted, column.n_null) == (4, 0, 1)
    assert "rare" not in json.dumps(column.to_json()["labels"])


def test_at_most_30_values_are_named_and_200_known() -> None:
    column = make_category([f"v{i}" for i in range(40) for _ in range(300)])
    many = make_category([f"v{i}" for i in range(1000)])

    assert (len(column.labels), len(column.rare_keys)) == (30, 10)
    assert (len(many.labels), len(many.rare_keys), many.n_unlisted) == (0, 200, 800)


def test_long_values_are_shortened_but_not_confused() -> None:
    column = make_category(["x" * 100 + "1"] * 3 + ["x" * 100 + "2"] * 2)

    assert {len(label) for label in column.labels} == {40}
    assert column.counts == (3, 2)
    assert len(set(column.keys)) == 2


@pytest.mark.parametrize(
    ("table", "kind", "says"),
    [
        pytest.param({"other": [1]}, "numeric", "column is missing", id="missing"),
        pytest.param({"x": ["1"]}, "numeric", "expected numbers, came string", id="text"),
        pytest.param({"x": [[1]]}, "categorical", "expected categories, came list", id="nested"),
        pytest.param({"x": ["yes"]}, "boolean", "expected true, false", id="text boolean"),
    ],
)
def test_what_cannot_be_profiled_says_why_and_leaves_the_others(
    table: dict[str, list[object]], kind: str, says: str
) -> None:
    features = [
        Feature.model_validate({"name": "x", "kind": kind}),
        Feature(name="fine", kind="numeric"),
    ]

    broken, fine = build_profile(pa.table(table | {"fine": [1.0]}), features).columns

    assert isinstance(broken, BrokenColumn)
    assert says in broken.problem
    assert isinstance(fine, NumericColumn)


def test_a_column_that_occurs_twice_is_not_guessed() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])

    column = build_profile(table, [Feature(name="x", kind="numeric")]).columns[0]

    assert isinstance(column, BrokenColumn)
    assert column.problem == "column occurs 2 times"
