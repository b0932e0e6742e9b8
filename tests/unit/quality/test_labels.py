from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.quality import gate_labels
from evergreen.spec.model import ModelSpec, Task

MakeSpec = Callable[..., ModelSpec]
KEYS = [f"f{i}" for i in range(20)]


def make_labels(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"flight_id": KEYS, "is_late": [0, 1] * 10, **columns})


def broken(labels: pd.DataFrame, spec: ModelSpec, keys: Any = KEYS) -> set[str]:
    return {rule.rule for rule in gate_labels(labels, keys, spec).broken_rules}


def test_whole_labels_are_accepted(make_spec: MakeSpec) -> None:
    result = gate_labels(make_labels(), pd.Series(KEYS), make_spec())

    assert result.verdict == "accepted"


@pytest.mark.parametrize(
    ("n_labels", "expected"),
    [
        pytest.param(19, set(), id="exactly 95 percent"),
        pytest.param(18, {"label_match"}, id="one label less"),
    ],
)
def test_share_matched_has_a_limit(n_labels: int, expected: set[str], make_spec: MakeSpec) -> None:
    assert broken(make_labels().head(n_labels), make_spec()) == expected


@pytest.mark.parametrize(
    ("target", "is_met"),
    [
        pytest.param([0.0, 1.0] * 10, True, id="floats"),
        pytest.param([False, True] * 10, True, id="booleans"),
        pytest.param([0, 1, 2, 0] * 5, False, id="a third class"),
        pytest.param([0.0, np.nan] * 10, False, id="NaN"),
        pytest.param([0.0, np.inf] * 10, False, id="infinity"),
        pytest.param(["0", "1"] * 10, False, id="text"),
        pytest.param([None] * 20, False, id="nothing at all"),
    ],
)
def test_labels_are_zero_or_one(target: list[Any], is_met: bool, make_spec: MakeSpec) -> None:
    assert broken(make_labels(is_late=target), make_spec()) == (
        set() if is_met else {"label_range"}
    )


def of_task(spec: ModelSpec, task: Task) -> ModelSpec:
    classes = 3 if task == "multiclass" else None
    data = spec.data.model_copy(update={"task": task, "classes": classes})
    return spec.model_copy(update={"data": data})


@pytest.mark.parametrize(
    ("task", "target", "says"),
    [
        pytest.param("multiclass", [0, 1, 2, 0] * 5, "", id="three classes"),
        pytest.param("multiclass", [0.0, 2.0] * 10, "", id="floats, one class missing"),
        pytest.param(
            "multiclass",
            [0, 1, 3, -1] * 5,
            "10 of 20 rows are not a class from 0 to 2, such as 3, -1",
            id="classes out of range",
        ),
        pytest.param("multiclass", [0.5, 1.0] * 10, "such as 0.5", id="half a class"),
        pytest.param("multiclass", ["a", "b"] * 10, "deliver classes from 0 to 2", id="names"),
        pytest.param("regression", [-3.5, 1e9] * 10, "", id="numbers"),
        pytest.param("regression", [4] * 20, "", id="the same number"),
        pytest.param(
            "regression",
            [np.nan, np.inf, -np.inf, 1.0] * 5,
            "15 of 20 rows are missing or not finite",
            id="not finite",
        ),
        pytest.param("regression", ["1"] * 20, "deliver numbers", id="text"),
    ],
)
def test_labels_are_what_the_task_takes(
    task: Task, target: list[Any], says: str, make_spec: MakeSpec
) -> None:
    result = gate_labels(make_labels(is_late=target), KEYS, of_task(make_spec(), task))

    assert [rule.rule for rule in result.broken_rules] == (["label_range"] if says else [])
    assert says in result.sentence


def test_one_label_per_key(make_spec: MakeSpec) -> None:
    labels = pd.concat([make_labels(), make_labels().head(1)])

    result = gate_labels(labels, KEYS, make_spec())

    (rule,) = result.broken_rules
    assert rule.rule == "one_label_per_key"
    assert "2 of 21 rows" in rule.sentence


def test_missing_keys_are_rejected(make_spec: MakeSpec) -> None:
    labels = pd.concat([make_labels(), pd.DataFrame({"flight_id": [None], "is_late": [1]})])

    assert broken(labels, make_spec()) == {"key_not_null"}


@pytest.mark.parametrize("dropped", ["flight_id", "is_late"])
def test_missing_column_is_named(dropped: str, make_spec: MakeSpec) -> None:
    result = gate_labels(make_labels().drop(columns=dropped), KEYS, make_spec())

    assert result.verdict == "rejected"
    assert dropped in result.sentence


def test_no_labels_and_no_scored_rows_are_rejected(make_spec: MakeSpec) -> None:
    empty = make_labels().head(0)

    assert "label_match" in broken(empty, make_spec())
    assert broken(make_labels(), make_spec(), keys=[]) == {"label_match"}


def test_keys_of_another_type_show_one_of_each(make_spec: MakeSpec) -> None:
    result = gate_labels(make_labels(flight_id=range(20)), KEYS, make_spec())

    (rule,) = result.broken_rules
    assert "a scored key is 'f0', a delivered one 0" in rule.sentence


def test_integer_keys_beyond_two_to_the_53_stay_apart(make_spec: MakeSpec) -> None:
    scored = [2**53, 2**53 + 1]
    labels = pd.DataFrame({"flight_id": [2**53 + 1, 2**53 + 2], "is_late": [0, 1]})

    result = gate_labels(labels, scored, make_spec())

    assert "1 of 2 scored rows" in result.sentence
    assert "1 labels belong to no scored row" in result.sentence
