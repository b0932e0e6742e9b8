import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from evergreen.drift.profile.categories import count_texts, key_of, label_of, text_of
from evergreen.spec.model import FeatureKind


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (3, "categorical", "3"),
        (3.0, "categorical", "3"),
        ("3", "categorical", "3"),
        (2.5, "categorical", "2.5"),
        (True, "categorical", "true"),
        (1, "boolean", "true"),
        (0.0, "boolean", "false"),
        (2, "boolean", "2"),
        (None, "categorical", None),
        (float("nan"), "categorical", None),
        (float("inf"), "categorical", "inf"),
        (dt.date(2013, 1, 8), "categorical", "2013-01-08"),
    ],
)
def test_a_value_has_one_text_however_a_file_stores_it(
    value: Any, kind: FeatureKind, text: str | None
) -> None:
    assert text_of(value, kind) == text


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["a", "b", None, "a"]),
        pa.array(["a", "b", None, "a"], pa.large_string()),
        pa.array(["a", "b", None, "a"], pa.string_view()),
        pa.array(["a", "b", None, "a"]).dictionary_encode(),
    ],
    ids=["string", "large string", "string view", "dictionary"],
)
def test_counts_are_the_same_for_every_way_to_store_text(array: pa.Array) -> None:
    assert count_texts(array, "categorical") == {"a": 2, "b": 1, None: 1}


def test_nan_is_null() -> None:
    assert count_texts(pa.array([1.0, float("nan"), None]), "categorical") == {"1": 1, None: 2}


def test_nulls_without_a_type_are_counted() -> None:
    assert count_texts(pa.nulls(3), "boolean") == {None: 3}


def test_keys_are_stable_over_time() -> None:
    assert key_of("EWR") == 4186926450
    assert key_of("\ud800") != key_of("")


def test_label_is_cut_at_40_characters() -> None:
    assert label_of("x" * 40) == "x" * 40
    assert label_of("x" * 41) == "x" * 39 + "…"
