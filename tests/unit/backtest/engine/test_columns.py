"""Columns as features: what each becomes, and what is refused."""

import numpy as np
import pyarrow as pa
import pytest

from evergreen.backtest.engine.columns import encode, missing_column, plain_table
from evergreen.errors import SchemaError
from evergreen.spec.model import Feature


def test_dictionaries_become_text_whatever_they_hold() -> None:
    table = pa.table({"level": pa.array([10, 2, None]).dictionary_encode()})

    plain = plain_table(table)

    assert plain["level"].to_pylist() == ["10", "2", None]


def test_codes_follow_the_sorted_values_and_missing_is_nan() -> None:
    table = pa.table({"carrier": ["UA", "AA", None, "UA"]})

    matrix, categorical = encode(table, [Feature(name="carrier", kind="categorical")])

    np.testing.assert_array_equal(matrix[:, 0], [1, 0, np.nan, 1])
    assert categorical == (0,)


def test_features_are_taken_by_name_in_the_order_asked() -> None:
    table = pa.table({"b": [1, 2], "a": ["x", "y"]})
    features = [Feature(name="a", kind="categorical"), Feature(name="b", kind="integer")]

    matrix, categorical = encode(table, features)

    assert matrix.tolist() == [[0, 1], [1, 2]]
    assert categorical == (0,)


def test_infinities_stay_apart_from_the_largest_number() -> None:
    table = pa.table({"x": [np.inf, -np.inf, 1e9]})

    matrix, _ = encode(table, [Feature(name="x", kind="numeric")])

    assert matrix[:, 0].tolist() == [1e300, -1e300, 1e9]


def test_a_kind_that_does_not_fit_is_refused() -> None:
    table = pa.table({"x": ["1"], "day": [1]})

    with pytest.raises(SchemaError, match="column 'x' is string, expected numeric"):
        encode(table, [Feature(name="x", kind="numeric")])
    with pytest.raises(SchemaError, match="column 'day' is int64, expected datetime"):
        encode(table, [Feature(name="day", kind="datetime")])


def test_a_missing_column_names_the_nearest() -> None:
    assert "did you mean 'target'?" in str(missing_column("tagret", ["ts", "target"], what="a"))
    assert "it has ts, target" in str(missing_column("label", ["ts", "target"], what="a"))
