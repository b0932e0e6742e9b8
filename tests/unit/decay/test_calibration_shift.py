from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, chi2, norm

from builders.chance import ERROR, most, room
from evergreen.decay.calibration_shift import calibration_shift, measure_calibration
from evergreen.decay.logistic import log_odds, logistic
from evergreen.measurements import Calibration


def make_rows(
    n_rows: int, *, slope: float = 1.0, intercept: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make labels whose true log odds are ``slope`` times those of the score plus ``intercept``."""
    random = np.random.default_rng(seed)
    score = random.beta(2, 3, n_rows)
    truth = random.random(n_rows) < logistic(slope * log_odds(score) + intercept)
    return truth.astype(float), score


def calibration(
    n_rows: int = 5000, *, slope: float = 1.0, intercept: float = 0.0, seed: int = 0
) -> Calibration:
    return measure_calibration(*make_rows(n_rows, slope=slope, intercept=intercept, seed=seed))


class Truth(NamedTuple):
    """What the rows of ``make_rows`` have truly, and the errors of a sample of one row."""

    residual: float
    residual_sd: float
    slope_sd: float
    intercept_sd: float


def truth_of(*, slope: float = 1.0, intercept: float = 0.0) -> Truth:
    """Return the truth from the distribution of the scores; errors from Fisher's information."""
    score = beta.ppf((np.arange(100_000) + 0.5) / 100_000, 2, 3)
    odds = log_odds(score)
    chance = logistic(slope * odds + intercept)
    weight = chance * (1 - chance)
    level, first, second = (float((weight * odds**power).mean()) for power in range(3))
    return Truth(
        residual=float((chance - score).mean()),
        residual_sd=float(np.sqrt(weight.mean() + (chance - score).var())),
        slope_sd=float(np.sqrt(level / (level * second - first**2))),
        intercept_sd=float(np.sqrt(1 / level)),
    )


def test_right_probabilities_are_calibrated() -> None:
    result, truth = calibration(20_000), truth_of()

    chance = room() / np.sqrt(20_000)
    assert result.mean_residual == pytest.approx(0, abs=chance * truth.residual_sd)
    assert result.slope == pytest.approx(1, abs=chance * truth.slope_sd)
    assert result.intercept == pytest.approx(0, abs=chance * truth.intercept_sd)
    assert result.ece is not None
    # Over ten bins, each with a normal error: the sum of sizes is bounded by that of squares.
    assert result.ece < np.sqrt(chi2.isf(ERROR, 10) / 20_000) * truth.residual_sd


@pytest.mark.parametrize("slope", [1.0, 0.5])
@pytest.mark.parametrize("n_rows", [1_000, 20_000])
def test_errors_are_those_of_the_information_in_the_rows(n_rows: int, slope: float) -> None:
    result, truth = calibration(n_rows, slope=slope), truth_of(slope=slope)

    # A sum over rows: at 1,000 rows it is off by a few per cent.
    assert result.slope_se == pytest.approx(truth.slope_sd / np.sqrt(n_rows), rel=0.25)
    assert result.residual_se == pytest.approx(truth.residual_sd / np.sqrt(n_rows), rel=0.15)
    if slope == 1:
        expected = truth.intercept_sd / np.sqrt(n_rows)
        assert result.intercept_se == pytest.approx(expected, rel=0.15)


def test_slope_and_intercept_are_found() -> None:
    over_confident = calibration(20_000, slope=0.5)
    too_low = calibration(20_000, intercept=0.7)

    chance, truth = room() / np.sqrt(20_000), truth_of(intercept=0.7)
    assert over_confident.slope == pytest.approx(0.5, abs=chance * truth_of(slope=0.5).slope_sd)
    assert too_low.intercept == pytest.approx(0.7, abs=chance * truth.intercept_sd)
    assert too_low.mean_residual == pytest.approx(truth.residual, abs=chance * truth.residual_sd)


def test_residual_has_the_error_of_a_mean() -> None:
    truth, score = make_rows(400)

    result = measure_calibration(truth, score)

    assert result.mean_residual == pytest.approx((truth - score).mean())
    assert result.residual_se == pytest.approx((truth - score).std(ddof=1) / 20)


def test_error_over_bins_is_that_of_the_definition() -> None:
    truth, score = np.array([0.0, 1, 1, 0]), np.array([0.1, 0.1, 0.9, 1.0])

    result = measure_calibration(truth, score)

    assert result.ece == pytest.approx((0.8 + abs(1 - 1.9)) / 4)


def test_noise_of_the_error_is_what_chance_gives() -> None:
    found = [calibration(1_000, seed=seed) for seed in range(200)]

    errors = [one.ece or 0.0 for one in found]
    noise = np.mean([one.ece_noise or 0.0 for one in found])

    chance_of_mean = room(n_draws=200) * np.std(errors, ddof=1) / np.sqrt(200)
    assert np.mean(errors) == pytest.approx(noise, abs=chance_of_mean)


def test_the_same_calibration_is_stable() -> None:
    verdicts = [
        calibration_shift(
            calibration(1_000, seed=seed), calibration(1_000, seed=seed + 1000), min_rows=100
        ).verdict
        for seed in range(200)
    ]

    # So few rows that three standard errors are the limit of both, of residual and of slope.
    assert verdicts.count("shifted") <= most(200, 2 * 2 * float(norm.sf(3)))


@pytest.mark.parametrize(
    ("slope", "intercept", "says"),
    [
        pytest.param(1.0, 0.4, "mean residual moved by +0.", id="labels more often"),
        pytest.param(1.0, -0.4, "mean residual moved by -0.", id="labels less often"),
        pytest.param(0.4, 0.0, "slope moved by -0.", id="over-confident"),
    ],
)
def test_a_planted_shift_is_seen(slope: float, intercept: float, says: str) -> None:
    """Each lies over nine standard errors away, so that chance leaves it over the limit of three.

    The shift is the planted one, but for the errors of both sides.
    """
    moved = calibration(seed=1, slope=slope, intercept=intercept)

    result = calibration_shift(moved, calibration(), min_rows=100)

    after, before = truth_of(slope=slope, intercept=intercept), truth_of()
    chance = room() / np.sqrt(5_000)
    assert result.verdict == "shifted"
    assert says in result.sentence
    assert result.residual_shift == pytest.approx(
        after.residual, abs=chance * np.hypot(after.residual_sd, before.residual_sd)
    )
    if intercept == 0:
        assert result.slope_shift == pytest.approx(
            slope - 1, abs=chance * np.hypot(after.slope_sd, before.slope_sd)
        )


def test_a_shift_under_the_floor_is_stable_however_sure() -> None:
    result = calibration_shift(
        calibration(400_000, seed=1, intercept=0.06), calibration(400_000), min_rows=100
    )

    assert result.residual_shift is not None
    assert result.residual_shift_se is not None
    assert result.residual_shift > 3 * result.residual_shift_se
    assert result.verdict == "stable"
    assert "within 0.02" in result.sentence


def test_a_large_but_unsure_shift_is_stable() -> None:
    current = Calibration(n_rows=100, mean_residual=0.1, residual_se=0.05, sentence="said so")
    reference = Calibration(n_rows=100, mean_residual=0.0, residual_se=0.0, sentence="said so")

    unsure = calibration_shift(current, reference, min_rows=100)
    sure = calibration_shift(
        current.model_copy(update={"residual_se": 0.03}), reference, min_rows=100
    )

    assert (unsure.verdict, sure.verdict) == ("stable", "shifted")
    assert "over 0.02 but within 3 standard errors" in unsure.sentence


@pytest.mark.parametrize(
    ("n_rows", "n_reference", "verdict", "says"),
    [
        pytest.param(99, 500, "insufficient_data", "99 rows, needs 100", id="few rows"),
        pytest.param(500, 99, "insufficient_data", "99 reference rows", id="few reference rows"),
        pytest.param(100, 100, "stable", "calibration on 100 rows", id="enough"),
    ],
)
def test_rows_are_needed_on_both_sides(
    n_rows: int, n_reference: int, verdict: str, says: str
) -> None:
    result = calibration_shift(calibration(n_rows), calibration(n_reference), min_rows=100)

    assert result.verdict == verdict
    assert says in result.sentence


def test_no_reference_is_insufficient_data() -> None:
    result = calibration_shift(calibration(), None, min_rows=100)

    assert result.verdict == "insufficient_data"
    assert result.current.mean_residual is not None


def test_one_class_still_has_a_residual_but_no_slope() -> None:
    one_class = measure_calibration(np.zeros(200), np.full(200, 0.3))

    result = calibration_shift(one_class, calibration(200), min_rows=100)

    assert one_class.mean_residual == pytest.approx(-0.3)
    assert one_class.slope is None
    assert one_class.intercept is None
    assert result.verdict == "shifted"
    assert result.slope_shift is None


@pytest.mark.parametrize(
    ("truth", "score", "says"),
    [
        pytest.param([], [], "0 rows with label and probability", id="empty"),
        pytest.param([np.nan] * 3, [0.1] * 3, "0 rows with label", id="all missing"),
        pytest.param([0.0, 2.0], [0.1, 0.2], "neither 0 nor 1", id="third class"),
        pytest.param([0.0, 1.0], [-3.0, 4.0], "go from -3 to 4", id="no probabilities"),
    ],
)
def test_what_cannot_be_computed_is_named(
    truth: list[float], score: list[float], says: str
) -> None:
    result = measure_calibration(np.array(truth), np.array(score))
    shift = calibration_shift(result, result, min_rows=0)

    assert result.mean_residual is None
    assert says in result.sentence
    assert shift.verdict == "not_computable"
    assert says in shift.sentence


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="pass the same rows"):
        measure_calibration(np.zeros(3), np.zeros(4))


@settings(deadline=None, max_examples=80)
@given(
    rows=st.lists(st.tuples(st.sampled_from([0.0, 1.0, float("nan")]), st.floats()), max_size=30)
)
def test_calibration_is_total(rows: list[tuple[float, float]]) -> None:
    truth = np.array([label for label, _ in rows], dtype=float)
    score = np.array([value for _, value in rows], dtype=float)

    result = measure_calibration(truth, score)

    assert result.sentence
    assert calibration_shift(result, result, min_rows=2).verdict != "shifted"
