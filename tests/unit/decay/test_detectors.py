import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.chance import least, most
from evergreen.decay import ScoredBatch
from evergreen.decay.detectors import (
    ALLOWANCE,
    DETECTORS,
    FALSE_ALARMS,
    OVERSHOOT,
    Detector,
    _cusum_threshold,
    detect_change,
    detect_changes,
)
from evergreen.decay.row_errors import row_errors

# Measured on other streams: a rise is found in 188 of 200 (adwin), 59 of 60 (page_hinkley); where
# rows err together 6 of 260 alarm (adwin), 0 of 60 (page_hinkley); constant errors: 0 of 660.
FOUND, TOGETHER = 0.9, 0.05


def make_errors(n_rows: int, rate: float = 0.3, *, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(n_rows) < rate).astype(float)


def make_change(*, before: float, after: float, seed: int = 0) -> np.ndarray:
    old, new = (
        make_errors(16_000, before, seed=seed),
        make_errors(4_000, after, seed=seed + 10_000),
    )
    return np.concatenate([old, new])


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_constant_errors_seldom_alarm(detector: Detector, rate: float) -> None:
    streams = [make_errors(20_000, rate, seed=seed) for seed in range(60)]

    n_alarms = sum(detect_change(errors, detector=detector).has_changed for errors in streams)

    assert n_alarms <= most(60, FALSE_ALARMS)


@pytest.mark.parametrize("run_length", [1e3, 1e5, 2e6])
def test_the_threshold_has_the_mean_run_that_siegmund_gives(run_length: float) -> None:
    height = 2 * ALLOWANCE * (_cusum_threshold(run_length) + OVERSHOOT)

    assert math.expm1(height) - height == pytest.approx(2 * ALLOWANCE**2 * run_length)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_rise_by_five_points_is_found(detector: Detector) -> None:
    streams = [make_change(before=0.3, after=0.35, seed=seed) for seed in range(40)]

    found = [detect_change(errors, detector=detector, n_newest=4_000) for errors in streams]

    assert sum(change.has_changed for change in found) >= least(40, FOUND)
    assert all(16_000 <= change.at_row < 20_000 for change in found if change.at_row is not None)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_doubled_error_rate_is_found_by_all(detector: Detector) -> None:
    errors = make_change(before=0.2, after=0.4)

    result = detect_change(errors, detector=detector, n_newest=4_000)

    assert result.has_changed
    assert result.before == pytest.approx(errors[:16_000].mean())
    assert result.newest == pytest.approx(errors[16_000:].mean())
    assert f"{detector} says that errors rose, at row {result.at_row} of 20000" in result.sentence


@pytest.mark.parametrize("detector", DETECTORS)
def test_falling_errors_are_no_alarm(detector: Detector) -> None:
    result = detect_change(make_change(before=0.4, after=0.2), detector=detector, n_newest=4_000)

    assert not result.has_changed
    assert "sees no rise" in result.sentence


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_rise_before_the_newest_batch_is_no_news(detector: Detector) -> None:
    errors = np.concatenate(
        [make_change(before=0.2, after=0.4), make_errors(2_000, 0.4, seed=30_000)]
    )

    result = detect_change(errors, detector=detector, n_newest=2_000)

    assert not result.has_changed


@pytest.mark.parametrize("detector", DETECTORS)
def test_rows_that_err_together_seldom_alarm(detector: Detector) -> None:
    n_alarms = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        rate = np.repeat(np.clip(0.3 + 0.06 * random.normal(size=200), 0, 1), 100)
        errors = (random.random(20_000) < rate).astype(float)
        change = detect_change(errors, detector=detector, n_newest=4_000)
        n_alarms += change.has_changed

    assert n_alarms <= most(20, TOGETHER)


def even_errors(n_rows: int, rate: float) -> np.ndarray:
    """Make errors of exactly this rate, evenly spread."""
    return np.diff(np.floor(np.arange(n_rows + 1) * rate + 1e-9))


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize(
    ("newest", "has_changed"),
    [
        pytest.param([(3_000, 0.3), (1_000, 0.42)], False, id="one more bad block"),
        pytest.param([(4_000, 0.6)], True, id="all rows worse than any block"),
    ],
)
def test_a_rise_counts_beyond_what_blocks_of_rows_differ_by(
    detector: Detector, newest: list[tuple[int, float]], has_changed: bool
) -> None:
    """The 40 blocks of the old rows lie .12 above or below .3, so one of .42 is nothing new."""
    old = [even_errors(400, rate) for rate in (0.42, 0.18) * 20]

    new = [even_errors(n_rows, rate) for n_rows, rate in newest]
    errors = np.concatenate([*old, *new])
    result = detect_change(errors, detector=detector, n_newest=4_000)

    assert result.has_changed == has_changed


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_rise_of_the_squared_error_is_found(detector: Detector) -> None:
    random = np.random.default_rng(0)
    score = random.beta(1, 12, 12_000)
    is_moved = np.arange(12_000) >= 8_000
    target = (random.random(12_000) < np.where(is_moved, 3 * score, score)).astype(float)

    errors = row_errors("log_loss", target, score)
    result = detect_change(errors, detector=detector, n_newest=4_000)

    assert result.has_changed


def test_errors_of_rows_follow_the_metric() -> None:
    target, score = np.array([1.0, 0.0, 1.0, np.nan]), np.array([0.5, 0.6, np.nan, 0.1])

    wrong = row_errors("accuracy", target, score)
    squared = row_errors("auc", target, score)

    np.testing.assert_allclose(wrong, [0.0, 1.0, np.nan, np.nan])
    np.testing.assert_allclose(squared, [0.25, 0.36, np.nan, np.nan])


@pytest.mark.parametrize(
    ("errors", "detector", "says"),
    [
        pytest.param(np.zeros(99), "adwin", "99 rows with an error, needs 100", id="few"),
        pytest.param(np.full(200, np.nan), "adwin", "0 rows with an error", id="all missing"),
        pytest.param(np.full(200, -1.0), "page_hinkley", "an error is -1", id="negative"),
        pytest.param(np.full(200, 1e308), "page_hinkley", "an error is 1e+308", id="huge"),
    ],
)
def test_what_keeps_a_detector_from_running_is_named(
    errors: np.ndarray, detector: Detector, says: str
) -> None:
    result = detect_change(errors, detector=detector)

    assert not result.has_changed
    assert result.at_row is None
    assert says in result.sentence


def test_a_newest_batch_without_errors_is_named() -> None:
    errors = np.append(make_errors(200), [np.nan] * 10)

    result = detect_change(errors, n_newest=10)

    assert result.sentence == "adwin was not run: the newest batch has no row with an error"


def test_missing_errors_do_not_move_the_row_number() -> None:
    errors = make_change(before=0.1, after=0.6)
    with_gaps = np.insert(errors, 16_000, [np.nan] * 500)

    plain = detect_change(errors, n_newest=4_000)
    gaps = detect_change(with_gaps, n_newest=4_000)

    assert plain.at_row is not None
    assert gaps.at_row == plain.at_row + 500


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("errors", [np.zeros(500), np.ones(500)], ids=["no error", "all wrong"])
def test_constant_series_are_quiet(detector: Detector, errors: np.ndarray) -> None:
    assert not detect_change(errors, detector=detector, n_newest=100).has_changed


def test_unknown_detectors_and_shapes_are_refused() -> None:
    nonsense: Any = "kswin"
    with pytest.raises(ValueError, match="no detector 'kswin'; there are adwin, page_hinkley"):
        detect_change(np.zeros(200), detector=nonsense)
    with pytest.raises(ValueError, match="errors have 2 dimensions"):
        detect_change(np.zeros((20, 10)))


def test_batches_are_fed_in_order_of_time() -> None:
    target = np.ones(3_000)
    good, bad = np.where(make_errors(3_000, 0.1) == 1, 0.1, 0.9), np.full(3_000, 0.1)
    batches = [
        ScoredBatch("2013-01-22", bad, target, 3_000),
        ScoredBatch("2013-01-08", good, target, 3_000),
        ScoredBatch("2013-01-15", good, target, 3_000),
    ]

    found = detect_changes(batches, metric="accuracy")

    assert [change.detector for change in found] == ["adwin", "page_hinkley"]
    assert all(change.has_changed and change.n_rows == 9_000 for change in found)
    assert all(not change.has_changed for change in detect_changes([], metric="auc"))


def test_river_is_imported_only_when_a_detector_runs() -> None:
    code = (
        "import sys\nfrom evergreen.decay import calibration_shift, detectors, slices, unlabelled\n"
        "heavy = {'river', 'pandas', 'sklearn', 'scipy', 'lightgbm'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(
        st.one_of(st.floats(), st.sampled_from([0.0, 1.0])), min_size=0, max_size=150
    ).map(lambda few: few * 2),
    detector=st.sampled_from(DETECTORS),
    n_newest=st.one_of(st.none(), st.integers(0, 400)),
)
def test_detection_is_total(values: list[float], detector: Detector, n_newest: int | None) -> None:
    result = detect_change(np.array(values, dtype=float), detector=detector, n_newest=n_newest)

    assert result.sentence
    assert result.has_changed == (result.at_row is not None)
