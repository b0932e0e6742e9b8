import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.data.join import LabelMatch, join_labels, match_labels
from evergreen.errors import DataError, SchemaError

keys = st.lists(st.integers(0, 30), unique=True, max_size=20)


def predictions(*ids: object) -> pd.DataFrame:
    return pd.DataFrame({"id": list(ids), "score": [n / 10 for n in range(len(ids))]})


def labels(*pairs: tuple[object, object]) -> pd.DataFrame:
    return pd.DataFrame({"id": [i for i, _ in pairs], "bought": [value for _, value in pairs]})


def test_labels_meet_their_predictions_by_key() -> None:
    joined = join_labels(
        predictions("a", "b", "c"), labels(("c", 1), ("a", 0), ("x", 1)), key="id", target="bought"
    )

    assert joined.to_dict("list") == {"id": ["a", "c"], "score": [0.0, 0.2], "bought": [0, 1]}
    assert joined["bought"].dtype == "int8"


def test_label_without_a_value_has_not_arrived() -> None:
    joined = join_labels(
        predictions("a", "b"), labels(("a", None), ("b", 1.0)), key="id", target="bought"
    )

    assert joined["id"].tolist() == ["b"]


@given(keys, keys)
def test_join_holds_each_shared_key_once(left: list[int], right: list[int]) -> None:
    found = join_labels(
        predictions(*left), labels(*[(key, key % 2) for key in right]), key="id", target="bought"
    )

    assert found["id"].tolist() == [key for key in left if key in right]
    assert (found["bought"] == found["id"] % 2).all()


@given(keys, keys)
def test_counts_add_up(left: list[int], right: list[int]) -> None:
    found = match_labels(
        predictions(*left), labels(*[(key, 1) for key in right]), key="id", target="bought"
    )

    assert found.n_matched + found.n_strangers == found.n_labels == len(right)
    assert found.n_duplicate_keys == found.n_without_value == 0
    assert found.matched_share == (found.n_matched / len(left) if left else None)


def test_what_does_not_fit_is_counted() -> None:
    found = match_labels(
        predictions("a", "b", "c", "d"),
        labels(("a", 1), ("a", 0), ("a", 0), ("b", None), ("x", 1)),
        key="id",
        target="bought",
    )

    assert found == LabelMatch(
        n_rows=4,
        n_labels=5,
        n_matched=1,
        n_duplicate_keys=1,
        n_strangers=1,
        n_without_value=1,
        matched_share=0.25,
    )


@pytest.mark.parametrize("side", ["predictions", "labels"])
def test_key_that_stands_twice_is_refused(side: str) -> None:
    rows, found = predictions("a", "b"), labels(("a", 1), ("b", 0))
    if side == "labels":
        found = pd.concat([found, found[:1]])
    else:
        rows = pd.concat([rows, rows[:1]])

    with pytest.raises(DataError, match=f"1 id stand twice in the {side}, such as 'a'"):
        join_labels(rows, found, key="id", target="bought")


@pytest.mark.parametrize("value", [2, -1, 0.5, float("inf"), "yes"])
def test_label_that_is_no_yes_or_no_is_refused(value: object) -> None:
    with pytest.raises(DataError, match="neither 0 nor 1"):
        join_labels(
            predictions("a", "b"), labels(("a", value), ("b", 0)), key="id", target="bought"
        )


def test_true_and_false_are_labels() -> None:
    joined = join_labels(
        predictions("a", "b"), labels(("a", True), ("b", False)), key="id", target="bought"
    )

    assert joined["bought"].tolist() == [1, 0]


def test_keys_of_different_kinds_are_refused() -> None:
    for call in (join_labels, match_labels):
        with pytest.raises(SchemaError, match="would never meet"):
            call(predictions(1, 2), labels(("1", 1), ("2", 0)), key="id", target="bought")


def test_keys_beyond_2_to_the_53_stay_apart() -> None:
    large = 2**53
    joined = join_labels(
        predictions(large, large + 1), labels((large + 1, 1)), key="id", target="bought"
    )

    assert joined["id"].tolist() == [large + 1]


@pytest.mark.parametrize(("rows", "found"), [(["score"], None), (None, ["bought"])])
def test_missing_column_is_named(rows: list[str] | None, found: list[str] | None) -> None:
    left, right = predictions("a"), labels(("a", 1))

    with pytest.raises(SchemaError, match="have no column id"):
        join_labels(
            left[rows or left.columns], right[found or right.columns], key="id", target="bought"
        )
