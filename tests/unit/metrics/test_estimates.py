from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from builders.chance import room
from evergreen.metrics import drop, estimate, higher_is_better, paired_gain
from evergreen.spec.model import MetricName

Scores = NDArray[np.float64]
METRICS: tuple[MetricName, ...] = ("auc", "accuracy", "log_loss", "brier")


def make_model(n_rows: int, *, noise: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    signal = random.normal(size=n_rows)
    target = (random.random(n_rows) < 1 / (1 + np.exp(-2 * signal))).astype(float)
    noisy = signal + noise * np.random.default_rng(seed + 100).normal(size=n_rows)
    return target, 1 / (1 + np.exp(-2 * noisy))


@pytest.mark.parametrize(
    ("metric", "peer"),
    [
        ("auc", roc_auc_score),
        ("accuracy", lambda target, score: accuracy_score(target, score >= 0.5)),
        ("log_loss", log_loss),
        ("brier", brier_score_loss),
    ],
)
def test_estimate_equals_scikit_learn(
    metric: MetricName, peer: Callable[[Scores, Scores], float]
) -> None:
    target, score = make_model(2000, noise=0.5)

    result = estimate(metric, target, score)

    assert result.value == pytest.approx(peer(target, score))
    assert result.n_rows == 2000
    assert result.name == metric


@pytest.mark.parametrize("metric", METRICS)
def test_standard_error_shrinks_with_the_root_of_the_rows(metric: MetricName) -> None:
    few = [estimate(metric, *make_model(1000, noise=0.5, seed=seed)).se for seed in range(30)]
    many = estimate(metric, *make_model(16000, noise=0.5, seed=1000)).se

    errors = np.array(few, dtype=np.float64)
    assert many is not None
    # The error over 16 times the rows is itself four times as well known as one of these.
    chance = room(n_draws=30) * errors.std(ddof=1) * np.hypot(1 / np.sqrt(30), 1 / 4)
    assert errors.mean() == pytest.approx(4 * many, abs=chance)


def test_accuracy_has_the_binomial_error() -> None:
    result = estimate("accuracy", [1, 1, 0, 0], [0.9, 0.2, 0.1, 0.3])

    assert result.value == 0.75
    assert result.se == pytest.approx(np.sqrt(0.75 * 0.25 / 4))


def test_a_score_of_one_half_counts_as_class_one() -> None:
    assert estimate("accuracy", [1, 0], [0.5, 0.5]).value == 0.5


def test_log_loss_of_a_certain_error_is_finite() -> None:
    assert estimate("log_loss", [1, 0], [0.0, 0.0]).value == pytest.approx(-np.log(1e-15) / 2)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("target", "score", "says"),
    [
        pytest.param([], [], "no rows", id="empty"),
        pytest.param([1, 0], [np.nan, 0.5], "missing or infinite score", id="NaN score"),
        pytest.param([1, 0], [np.inf, 0.5], "missing or infinite score", id="infinite score"),
        pytest.param([np.nan, 0], [0.1, 0.5], "missing or infinite target", id="NaN target"),
        pytest.param([None, 0], [0.1, 0.5], "missing or infinite target", id="None target"),
        pytest.param([2, 0], [0.1, 0.5], "neither 0 nor 1", id="not binary"),
        pytest.param(["late", "no"], [0.1, 0.5], "not numbers", id="text target"),
    ],
)
def test_what_cannot_be_computed_is_none_with_a_sentence(
    metric: MetricName, target: Sequence[Any], score: list[float], says: str
) -> None:
    result = estimate(metric, target, score)

    assert (result.value, result.se) == (None, None)
    assert says in result.sentence
    if says != "not numbers":
        assert paired_gain(metric, target, [0.5] * len(score), score) == (None, None)


@pytest.mark.parametrize("target", [[1, 1, 1], [0, 0, 0]], ids=["ones", "zeros"])
def test_one_class_has_no_auc_but_has_accuracy_and_log_loss(target: list[int]) -> None:
    score = [0.2, 0.6, 0.7]

    assert estimate("auc", target, score).value is None
    assert "are of class" in estimate("auc", target, score).sentence
    assert paired_gain("auc", target, score, score) == (None, None)
    assert estimate("accuracy", target, score).value is not None
    assert estimate("log_loss", target, score).value is not None


def test_scores_outside_0_to_1_are_fine_for_auc_only() -> None:
    target, score = [1, 0, 1, 0], [3.0, -2.0, 1.5, 0.5]

    assert estimate("auc", target, score).value == 1.0
    assert "expected probabilities" in estimate("log_loss", target, score).sentence
    assert estimate("accuracy", target, score).value is None


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_one_row_has_a_value_and_no_error(metric: MetricName) -> None:
    result = estimate(metric, [1], [0.7])

    assert result.value is not None
    assert result.se is None
    assert "needs 2 rows" in result.sentence
    assert paired_gain(metric, [1], [0.7], [0.8])[1] is None


def test_auc_with_one_positive_has_a_value_and_no_error() -> None:
    result = estimate("auc", [1, 0, 0], [0.9, 0.1, 0.2])

    assert (result.value, result.se) == (1.0, None)
    assert paired_gain("auc", [1, 0, 0], [0.1, 0.2, 0.3], [0.9, 0.1, 0.2]) == (1.0, None)


@pytest.mark.parametrize(
    ("target", "score"),
    [([1, 0], [0.5]), ([[1, 0]], [[0.5, 0.1]])],
    ids=["lengths differ", "two dimensions"],
)
def test_rows_that_do_not_match_are_the_callers_mistake(
    target: list[Any], score: list[Any]
) -> None:
    with pytest.raises(ValueError, match=r"differ in length|dimensions"):
        estimate("auc", target, score)


@pytest.mark.parametrize("metric", METRICS)
def test_paired_gain_is_positive_for_the_better_model_and_turns_sign_when_swapped(
    metric: MetricName,
) -> None:
    target, good = make_model(5000, noise=0.2)
    _, bad = make_model(5000, noise=2.0)

    gain, se = paired_gain(metric, target, bad, good)
    loss, se_swapped = paired_gain(metric, target, good, bad)

    assert gain is not None
    assert se is not None
    assert gain > 3 * se > 0
    assert loss == pytest.approx(-gain)
    assert se_swapped == pytest.approx(se)
    old, new = estimate(metric, target, bad).value, estimate(metric, target, good).value
    assert old is not None
    assert new is not None
    assert gain == pytest.approx(drop(metric, new, old))


@pytest.mark.parametrize("metric", METRICS)
def test_pairing_makes_the_error_smaller_than_two_separate_ones(metric: MetricName) -> None:
    target, champion = make_model(3000, noise=0.5)
    challenger = np.clip(champion + 0.02 * np.random.default_rng(5).normal(size=3000), 0.001, 0.999)

    _, paired = paired_gain(metric, target, champion, challenger)

    separate = estimate(metric, target, champion).se
    assert paired is not None
    assert separate is not None
    assert paired < separate * np.sqrt(2) / 2


@pytest.mark.parametrize("metric", METRICS)
def test_a_model_gains_nothing_over_itself(metric: MetricName) -> None:
    target, score = make_model(500, noise=1)

    gain, se = paired_gain(metric, target, score, score)

    assert gain == 0.0
    assert se == pytest.approx(0.0, abs=1e-9)


@given(
    metric=st.sampled_from(METRICS),
    rows=st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, float("nan")]), st.floats(width=32)), max_size=30
    ),
)
def test_estimate_is_total_and_never_nan(
    metric: MetricName, rows: list[tuple[float, float]]
) -> None:
    result = estimate(metric, [target for target, _ in rows], [score for _, score in rows])

    assert result.sentence
    if result.value is not None and metric != "log_loss":
        assert 0 <= result.value <= 1
    if result.se is not None:
        assert result.se >= 0


def test_direction_of_each_metric() -> None:
    assert [higher_is_better(metric) for metric in get_args(MetricName)] == [
        True,
        True,
        False,
        False,
        True,
        False,
        False,
    ]
    assert drop("auc", 0.75, 0.5) == 0.25
    assert drop("log_loss", 0.5, 0.75) == 0.25
