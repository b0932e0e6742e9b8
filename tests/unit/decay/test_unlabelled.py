import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.chance import room, spread_room
from evergreen.decay.logistic import logistic
from evergreen.decay.unlabelled import Calibrator, estimate_unlabelled, fit_calibrator
from evergreen.metrics import estimate, higher_is_better
from evergreen.spec.model import MetricName

METRICS: tuple[MetricName, ...] = ("auc", "accuracy", "log_loss", "brier")

# How an estimate without labels misses, in units of its own error: on average, and by its spread.
# Below 1 because the error counts the luck of a calibration too, which most of them have less of.
# Measured over 400 other draws: bias .02 to .16 (+/- .05); spread, by rows of the holdout, .67 to
# 1.00 and .84 to .99 (+/- .04).
MOST_BIAS, LEAST_MISS, MOST_MISS = 0.3, {500: 0.6, 5000: 0.8}, 1.1


def make_rows(
    n_rows: int, random: np.random.Generator, *, easiness: float = 1.0, flip: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Make labels and scores that are not calibrated; ``flip`` of the labels are turned around."""
    signal = easiness * random.normal(size=n_rows)
    target = (random.random(n_rows) < logistic(1.3 * signal - 1)).astype(float)
    target = np.where(random.random(n_rows) < flip, 1 - target, target)
    return target, logistic(0.7 * signal + 0.2)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_reference", [500, 5000], ids=["logistic", "isotonic"])
def test_estimates_agree_with_the_labels_that_come_later(
    metric: MetricName, n_reference: int
) -> None:
    n_draws = 150
    misses = []
    for seed in range(n_draws):
        random = np.random.default_rng(seed)
        calibrator = fit_calibrator(metric, *make_rows(n_reference, random))
        target, score = make_rows(3000, random, easiness=0.7)
        estimated = estimate_unlabelled(metric, score, calibrator)
        came = estimate(metric, target, score)
        assert estimated.value is not None
        assert estimated.se is not None
        assert came.value is not None
        misses.append((estimated.value - came.value) / estimated.se)

    chance_of_mean = room(n_draws=n_draws) * np.std(misses, ddof=1) / np.sqrt(n_draws)
    assert abs(np.mean(misses)) < MOST_BIAS + chance_of_mean
    assert LEAST_MISS[n_reference] * (1 - spread_room(n_draws)) < np.std(misses)
    assert np.std(misses) < MOST_MISS * (1 + spread_room(n_draws))


@pytest.mark.parametrize("metric", METRICS)
def test_harder_rows_lower_the_estimate(metric: MetricName) -> None:
    random = np.random.default_rng(0)
    calibrator = fit_calibrator(metric, *make_rows(5000, random))

    easy, hard = (
        estimate_unlabelled(metric, make_rows(5000, random, easiness=e)[1], calibrator).value or 0.0
        for e in (1.5, 0.5)
    )

    assert hard < easy if higher_is_better(metric) else hard > easy


def test_concept_drift_is_not_seen_and_the_sentence_says_so() -> None:
    random = np.random.default_rng(0)
    calibrator = fit_calibrator("auc", *make_rows(5000, random))
    target, score = make_rows(5000, random, flip=0.3)

    estimated, came = (
        estimate_unlabelled("auc", score, calibrator),
        estimate("auc", target, score),
    )

    assert estimated.value is not None
    assert came.value is not None
    assert estimated.value > came.value + 0.1
    assert "if rows of the same probability still have the same outcomes" in estimated.sentence


def test_expected_auc_is_the_mean_over_drawn_labels() -> None:
    random = np.random.default_rng(0)
    chance = np.repeat(random.beta(2, 2, 20), 20)
    reference = estimate("auc", [0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    as_is = Calibrator(
        kind="isotonic", reference=reference, xs=(0.0, 1.0), ys=(0.0, 1.0), sentence="as it is"
    )

    estimated = estimate_unlabelled("auc", chance, as_is)

    drawn = [
        estimate("auc", (random.random(chance.size) < chance).astype(float), chance).value or 0.0
        for _ in range(400)
    ]
    chance_of_mean = room(n_draws=400) * np.std(drawn, ddof=1) / np.sqrt(400)
    assert estimated.value == pytest.approx(np.mean(drawn), abs=chance_of_mean)


@pytest.mark.parametrize(
    ("n_rows", "kind"), [(99, "none"), (100, "logistic"), (999, "logistic"), (1000, "isotonic")]
)
def test_the_calibration_follows_the_rows(n_rows: int, kind: str) -> None:
    calibrator = fit_calibrator("auc", *make_rows(n_rows, np.random.default_rng(1)))

    assert calibrator.kind == kind


@pytest.mark.parametrize(("n_rows", "is_estimated"), [(99, False), (100, True)])
def test_an_estimate_needs_rows(n_rows: int, is_estimated: bool) -> None:
    random = np.random.default_rng(0)
    calibrator = fit_calibrator("auc", *make_rows(1000, random))

    result = estimate_unlabelled("auc", make_rows(n_rows, random)[1], calibrator)

    assert (result.value is not None) == is_estimated


def test_a_calibrator_is_small_and_survives_json() -> None:
    random = np.random.default_rng(0)
    score = random.random(50_000)
    target = (random.random(50_000) < score).astype(float)

    calibrator = fit_calibrator("auc", target, score)

    assert len(calibrator.xs) <= 200
    assert Calibrator.from_json(calibrator.to_json()) == calibrator


@pytest.mark.parametrize(
    ("metric", "target", "score", "says"),
    [
        pytest.param("auc", np.ones(200), np.full(200, 0.5), "all 200 rows", id="one class"),
        pytest.param("auc", np.tile([0.0, 1], 500), np.arange(1000.0), "no prob", id="scores"),
        pytest.param(
            "accuracy", np.tile([0.0, 1], 100), np.full(200, np.nan), "missing", id="missing scores"
        ),
        pytest.param(
            "accuracy", np.tile([0.0, 1], 100), np.tile([0.9, 0.1], 100), "rise", id="turned around"
        ),
    ],
)
def test_a_holdout_that_teaches_nothing_is_named(
    metric: MetricName, target: np.ndarray, score: np.ndarray, says: str
) -> None:
    calibrator = fit_calibrator(metric, target, score)
    result = estimate_unlabelled(metric, np.full(500, 0.5), calibrator)

    assert calibrator.kind == "none"
    assert says in calibrator.sentence
    assert result.value is None
    assert calibrator.sentence in result.sentence


@pytest.mark.parametrize(
    ("metric", "score", "says"),
    [
        pytest.param("accuracy", np.full(200, 0.5), "was learnt for auc", id="other metric"),
        pytest.param("auc", np.full(200, np.nan), "0 rows with a probability", id="all missing"),
        pytest.param("auc", np.full(200, 7.0), "scores go from 7 to 7", id="no probability"),
    ],
)
def test_rows_that_cannot_be_estimated_are_named(
    metric: MetricName, score: np.ndarray, says: str
) -> None:
    calibrator = fit_calibrator("auc", *make_rows(1000, np.random.default_rng(0)))

    result = estimate_unlabelled(metric, score, calibrator)

    assert result.value is None
    assert says in result.sentence


def test_no_auc_where_one_class_is_not_expected() -> None:
    random = np.random.default_rng(0)
    score = np.concatenate([np.full(2000, 0.0), random.random(2000)])
    calibrator = fit_calibrator("auc", (random.random(4000) < score).astype(float), score)

    result = estimate_unlabelled("auc", np.zeros(200), calibrator)

    assert result.value is None
    assert "less than one row of one class" in result.sentence


def test_three_dimensions_are_refused() -> None:
    calibrator = fit_calibrator("auc", *make_rows(1000, np.random.default_rng(0)))

    with pytest.raises(ValueError, match="3 dimensions"):
        estimate_unlabelled("auc", np.zeros((200, 2, 2)), calibrator)


@settings(deadline=None, max_examples=60)
@given(
    score=st.lists(st.one_of(st.floats(), st.floats(0, 1)), max_size=60),
    metric=st.sampled_from(METRICS),
    n_times=st.integers(1, 5),
)
def test_estimation_is_total(score: list[float], metric: MetricName, n_times: int) -> None:
    calibrator = fit_calibrator(metric, *make_rows(400, np.random.default_rng(0)))

    result = estimate_unlabelled(metric, np.array(score * n_times, dtype=float), calibrator)

    assert result.sentence
    assert (result.value is None) == (result.se is None)
