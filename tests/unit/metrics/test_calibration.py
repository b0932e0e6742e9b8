import numpy as np
import pytest
from scipy.stats import chi2

from builders.chance import ERROR
from evergreen.metrics.calibration import calibration_error


def make_rows(n_rows: int, *, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    odds = random.normal(size=n_rows)
    target = random.random(n_rows) < 1 / (1 + np.exp(-odds))
    return target.astype(float), 1 / (1 + np.exp(-sharpness * odds))


def test_true_probabilities_have_a_small_error_and_sharpened_ones_a_large_one() -> None:
    honest = calibration_error(*make_rows(20_000))
    sharpened = calibration_error(*make_rows(20_000, sharpness=4.0))

    assert honest is not None
    assert sharpened is not None
    # The error is a mean of ten distances, each of 2,000 labels with an error of at most 1/2.
    assert honest < np.sqrt(chi2.isf(ERROR, 10) / 10) * 0.5 / np.sqrt(2_000)
    assert sharpened > 0.1


def test_a_constant_score_is_off_by_its_distance_from_the_share() -> None:
    target = np.tile([0, 0, 0, 1], 100)

    assert calibration_error(target, np.full(400, 0.4)) == pytest.approx(0.15)


def test_ten_bins_of_equal_numbers_weigh_the_same() -> None:
    score = np.repeat(np.arange(10) / 10 + 0.05, 40)
    target = np.tile([0, 1], 200)

    assert calibration_error(target, score) == pytest.approx(np.mean(abs(score - 0.5)))


def test_several_classes_are_judged_by_the_top_one() -> None:
    target = np.tile([0, 1, 2, 2], 100)
    score = np.tile([0.1, 0.2, 0.7], (400, 1))

    assert calibration_error(target, score) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("target", "score"),
    [
        pytest.param(np.zeros(199), np.zeros(199), id="199 rows"),
        pytest.param(np.zeros(200), np.full(200, np.nan), id="NaN"),
        pytest.param(np.zeros(200), np.full(200, 1.2), id="no probability"),
        pytest.param(np.full(200, 2), np.zeros(200), id="no class"),
        pytest.param(np.full(200, "a"), np.zeros(200), id="text"),
    ],
)
def test_what_cannot_be_computed_is_none(target: np.ndarray, score: np.ndarray) -> None:
    assert calibration_error(target, score) is None
