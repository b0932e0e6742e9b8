from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen.drift.predictions_and_labels import (
    LABEL,
    PREDICTION,
    measure_labels,
    measure_predictions,
    profile_labels,
    profile_predictions,
)
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.spec.deciding import Drift

RULES = Drift(psi_limit=0.1, ks_limit=0.1, min_rows=100)


def make_scores(n_rows: int, *, power: float = 1.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(n_rows) ** power


def make_labels(n_rows: int, share: float, *, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(n_rows) < share).astype(float)


@pytest.mark.parametrize(("power", "verdict"), [(1.0, "stable"), (2.0, "drifted")])
def test_scores_are_compared_with_those_on_the_reference(power: float, verdict: str) -> None:
    profile = profile_predictions(make_scores(5000))

    result = measure_predictions(profile, make_scores(3000, power=power, seed=1), RULES)

    assert result.verdict == verdict
    assert (result.column, result.n_rows) == (PREDICTION, 3000)
    assert result.sentence.startswith("(prediction): ")
    assert result.ks is not None


@pytest.mark.parametrize(("share", "verdict"), [(0.2, "stable"), (0.5, "drifted")])
def test_shares_of_classes_are_compared(share: float, verdict: str) -> None:
    profile = profile_labels(make_labels(5000, 0.2))

    result = measure_labels(profile, make_labels(3000, share, seed=1), RULES)

    assert result.verdict == verdict
    assert result.column == LABEL
    assert result.kind == "categorical"


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "stable"), (80.0, "drifted")])
def test_numbers_of_a_regression_are_compared(shift: float, verdict: str) -> None:
    prices = 300 + 100 * np.random.default_rng(0).standard_normal((2, 4000))
    profile = profile_labels(prices[0], task="regression")

    result = measure_labels(profile, prices[1] + shift, RULES, task="regression")

    assert (result.verdict, result.kind) == (verdict, "numeric")


def test_missing_scores_are_drift_of_the_prediction() -> None:
    scores = make_scores(3000, seed=1)
    scores[:600] = np.nan

    result = measure_predictions(profile_predictions(make_scores(5000)), scores, RULES)

    assert result.verdict == "drifted"
    assert result.null_share == pytest.approx(0.2)


def test_labels_that_have_not_come_are_no_class() -> None:
    labels = make_labels(3000, 0.2, seed=1)
    labels[::2] = np.nan

    result = measure_labels(profile_labels(make_labels(5000, 0.2)), labels, RULES)

    assert result.verdict == "stable"
    assert result.n_rows == 1500


def test_of_several_classes_the_likeliest_counts() -> None:
    random = np.random.default_rng(0)
    even, skewed = random.dirichlet([1, 1, 1], 3000), random.dirichlet([1, 1, 4], 3000)
    even[0] = np.nan

    profile = profile_predictions(even)
    same = measure_predictions(profile, random.dirichlet([1, 1, 1], 3000), RULES)
    moved = measure_predictions(profile, skewed, RULES)

    assert (same.verdict, moved.verdict) == ("stable", "drifted")
    assert same.reference_null_share == pytest.approx(1 / 3000)


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        pytest.param([0, 1], [0.0, 1.0], id="integers and floats"),
        pytest.param([0, 1], [False, True], id="integers and booleans"),
        pytest.param([0.0, 1.0], [0, 1, None], id="objects"),
        pytest.param(["no", "yes"], ["no", "yes", None], id="text"),
    ],
)
def test_a_class_is_the_same_however_it_is_stored(reference: list[Any], current: list[Any]) -> None:
    profile = profile_labels(np.array(reference * 200))

    result = measure_labels(profile, np.array(current * 200, dtype=object), RULES)

    assert result.verdict == "stable"
    assert result.unseen_share == 0


@pytest.mark.parametrize(
    ("n_rows", "verdict"), [(99, "insufficient_data"), (100, "stable")], ids=["few", "enough"]
)
def test_rows_are_needed(n_rows: int, verdict: str) -> None:
    scores = np.linspace(0, 1, 1000)

    result = measure_predictions(profile_predictions(scores), np.linspace(0, 1, n_rows), RULES)

    assert result.verdict == verdict


@pytest.mark.parametrize("values", [np.empty(0), np.full(200, np.nan)], ids=["empty", "missing"])
def test_nothing_there_has_a_verdict(values: np.ndarray) -> None:
    prediction = measure_predictions(profile_predictions(make_scores(500)), values, RULES)
    label = measure_labels(profile_labels(make_labels(500, 0.2)), values, RULES)

    assert prediction.verdict in ("insufficient_data", "not_computable")
    assert label.verdict == "insufficient_data"


def test_profiles_survive_json_and_are_not_mixed_up() -> None:
    scores = profile_predictions(make_scores(500))

    assert ReferenceProfile.from_json(scores.to_json()) == scores
    with pytest.raises(ValueError, match=r"holds \(prediction\); expected \(label\) alone"):
        measure_labels(scores, make_labels(500, 0.2), RULES)


def test_shapes_that_are_no_output_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(n,\) or \(n, classes\)"):
        profile_predictions(np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="labels have 2 dimensions"):
        profile_labels(np.zeros((2, 2)))


@settings(deadline=None, max_examples=50)
@given(reference=st.lists(st.floats(), max_size=150), current=st.lists(st.floats(), max_size=150))
def test_output_drift_is_total(reference: list[float], current: list[float]) -> None:
    before, after = np.array(reference, dtype=float), np.array(current, dtype=float)

    assert measure_predictions(profile_predictions(before), after, RULES).sentence
    assert measure_labels(profile_labels(before), after, RULES).sentence
