from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
)

from builders.chance import spread_room
from builders.paired_models import IDS, METRICS, make_pair
from evergreen.metrics import estimate, paired_gain
from evergreen.spec.model import MetricName

Scores = NDArray[np.float64]


@given(
    metric=st.sampled_from(["rmse", "mae"]),
    rows=st.lists(st.tuples(st.floats(), st.floats()), max_size=30),
)
def test_errors_of_numbers_are_total_and_never_nan(
    metric: MetricName, rows: list[tuple[float, float]]
) -> None:
    target, score = [target for target, _ in rows], [score for _, score in rows]

    result = estimate(metric, target, score)
    gain, se = paired_gain(metric, target, score, target)

    assert (result.value is None) == (gain is None)
    assert all(one is None or np.isfinite(one) for one in (result.value, result.se, gain, se))


@pytest.mark.parametrize(
    ("metric", "peer"),
    [
        ("accuracy", lambda target, score: accuracy_score(target, score.argmax(axis=1))),
        ("log_loss", log_loss),
        ("f1_macro", lambda y, score: f1_score(y, score.argmax(axis=1), average="macro")),
    ],
)
def test_estimate_of_several_classes_equals_scikit_learn(
    metric: MetricName, peer: Callable[[Scores, Scores], float]
) -> None:
    target, score, _ = make_pair("multiclass", 2000)

    assert estimate(metric, target, score).value == pytest.approx(peer(target, score))


@pytest.mark.parametrize(
    ("metric", "peer"),
    [
        ("rmse", lambda target, score: np.sqrt(mean_squared_error(target, score))),
        ("mae", mean_absolute_error),
    ],
)
def test_estimate_of_numbers_equals_scikit_learn(
    metric: MetricName, peer: Callable[[Scores, Scores], float]
) -> None:
    target, score, _ = make_pair("regression", 2000)

    assert estimate(metric, target, score).value == pytest.approx(peer(target, score))


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_standard_error_is_the_spread_over_repeated_samples(task: str, metric: MetricName) -> None:
    samples = [make_pair(task, 400, seed=seed) for seed in range(400)]

    found = [estimate(metric, sample.target, sample.good) for sample in samples]

    spread = np.std([one.value for one in found if one.value is not None])
    claimed = np.mean([one.se for one in found if one.se is not None])
    assert claimed == pytest.approx(spread, rel=spread_room(400))


@pytest.mark.parametrize(
    ("target", "score", "says"),
    [
        pytest.param(
            [0, 3], [[0.5, 0.5]] * 2, "1 of 2 rows have a target that is not a class", id="3"
        ),
        pytest.param([0, 0.5], [[0.5, 0.5]] * 2, "not a class of 0..1", id="half a class"),
        pytest.param([0, 1], [[0.5, 0.5], [0.9, 0.9]], "of 1 of 2 rows do not sum", id="sum"),
        pytest.param([0, 1], [[0.5, 0.5], [1.5, -0.5]], "expected probabilities", id="outside"),
        pytest.param([0, 1], [[0.5, 0.5], [1, np.nan]], "1 of 2 rows have a missing", id="NaN"),
    ],
)
@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "f1_macro"])
def test_several_classes_that_cannot_be_computed_are_none_with_a_sentence(
    metric: MetricName, target: list[float], score: list[list[float]], says: str
) -> None:
    result = estimate(metric, target, score)

    assert (result.value, result.se) == (None, None)
    assert says in result.sentence


@pytest.mark.parametrize(
    ("metric", "score"),
    [
        pytest.param("f1_macro", [0.1, 0.2], id="a column per class is missing"),
        pytest.param("accuracy", [[0.1], [0.2]], id="one class"),
        pytest.param("auc", [[0.1, 0.9]] * 2, id="AUC of columns"),
        pytest.param("rmse", [[0.1, 0.9]] * 2, id="numbers in columns"),
    ],
)
def test_scores_of_another_shape_are_refused(metric: MetricName, score: list[Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        estimate(metric, [0, 1], score)


def test_one_row_has_a_macro_f1_and_no_error() -> None:
    result = estimate("f1_macro", [2], [[0.1, 0.2, 0.7]])

    assert (result.value, result.se) == (1.0, None)
