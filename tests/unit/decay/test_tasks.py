"""Decay of a model of several classes, and of a regression."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evergreen.decay import ScoredBatch, measure_decay
from evergreen.decay.calibration_shift import calibration_shift, measure_calibration
from evergreen.decay.detectors import DETECTORS, Detector, detect_changes
from evergreen.decay.row_errors import row_errors
from evergreen.decay.slices import cut_slices, measure_slices
from evergreen.decay.unlabelled import estimate_unlabelled, fit_calibrator
from evergreen.metrics import estimate
from evergreen.spec.deciding import Decay
from evergreen.spec.model import Feature, MetricName

CLASSES = 3


def make_classes(
    n_rows: int, *, seed: int = 0, easiness: float = 1.0, sharpness: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Make classes and their probabilities, which are right where ``sharpness`` is 1."""
    random = np.random.default_rng(seed)
    odds = 1.5 * easiness * random.normal(size=(n_rows, CLASSES))
    true = _softmax(odds)
    target = (random.random((n_rows, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(max=CLASSES - 1)
    return target, _softmax(sharpness * odds)


def _softmax(odds: np.ndarray) -> np.ndarray:
    raised = np.exp(odds)
    whole: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return whole


def make_numbers(
    n_rows: int, *, error: float = 1.0, seed: int = 0, unit: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Make labels and predictions that miss them by ``error`` (one standard deviation)."""
    random = np.random.default_rng(seed)
    signal = 3 * random.normal(size=n_rows)
    return unit * (signal + error * random.standard_t(5, size=n_rows)), unit * signal


def batches_of(*pairs: tuple[np.ndarray, np.ndarray]) -> list[ScoredBatch]:
    return [
        ScoredBatch(f"2024-01-{day:02d}", score, target, target.size)
        for day, (target, score) in enumerate(pairs, start=1)
    ]


@pytest.mark.parametrize(
    ("metric", "good", "bad"),
    [
        pytest.param("accuracy", make_classes(2000), make_classes(2000, easiness=0.1), id="acc"),
        pytest.param("log_loss", make_classes(2000), make_classes(2000, sharpness=-1), id="loss"),
        pytest.param("f1_macro", make_classes(2000), make_classes(2000, easiness=0.1), id="f1"),
        pytest.param("rmse", make_numbers(2000), make_numbers(2000, error=1.5), id="rmse"),
        pytest.param("mae", make_numbers(2000), make_numbers(2000, error=1.5), id="mae"),
    ],
)
def test_a_worse_metric_is_decay_and_the_same_is_not(
    metric: MetricName, good: Any, bad: Any
) -> None:
    reference, rules = estimate(metric, *good), Decay(max_drop=0.1, z=2)

    worse = measure_decay(
        batches_of(good, bad, bad), metric=metric, reference=reference, rules=rules
    )
    same = measure_decay(batches_of(good), metric=metric, reference=reference, rules=rules)

    assert (worse.verdict, same.verdict) == ("decayed", "stable")
    assert (worse.drop or 0) > 0.1
    assert worse.batches == ("2024-01-02", "2024-01-03")


def test_batches_predicted_for_other_classes_contradict_each_other() -> None:
    target, score = make_classes(1000)
    batches = batches_of((target, score), (target, score[:, :2]))

    result = measure_decay(batches, metric="accuracy", reference=None, rules=Decay())

    assert result.verdict == "not_computable"
    assert "predicted for other classes" in result.sentence


def test_slices_of_several_classes_are_measured() -> None:
    target, score = make_classes(1000)
    table = pa.table({"place": ["EWR", "JFK"] * 500})
    cuts = cut_slices(table, [Feature(name="place", kind="categorical")])

    found = measure_slices(cuts, table, target, score, metric="accuracy", min_rows=100)

    assert [one.estimate for one in found] == [
        estimate("accuracy", target[start::2], score[start::2]) for start in (0, 1)
    ]


def test_errors_of_rows_follow_the_task() -> None:
    target, numbers = np.array([0.0, 1.0, np.nan]), np.array([2.0, -2.0, 0.0])
    classes = np.array([[0.6, 0.4], [0.6, 0.4], [0.6, 0.4]])

    assert row_errors("log_loss", target, classes).tolist()[:2] == [0, 1]
    assert row_errors("mae", target, numbers).tolist()[:2] == [2, 3]
    assert row_errors("rmse", target, numbers).tolist()[:2] == [4, 9]
    assert np.isnan(row_errors("log_loss", target, classes)[2])
    assert np.isnan(row_errors("mae", target, numbers)[2])


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e6], ids=["tiny", "one", "huge"])
def test_errors_of_a_regression_are_told_in_any_unit(detector: Detector, unit: float) -> None:
    good = [make_numbers(4000, seed=seed, unit=unit) for seed in range(4)]
    bad = make_numbers(4000, error=1.3, seed=9, unit=unit)

    (quiet,) = detect_changes(batches_of(*good), metric="rmse", detectors=[detector])
    (risen,) = detect_changes(batches_of(*good, bad), metric="rmse", detectors=[detector])

    assert (quiet.has_changed, risen.has_changed) == (False, True)
    assert 1.2 < (risen.newest or 0) / (risen.before or 1) < 2
    assert 0.5 < (risen.before or 0) / unit**2 < 2


@pytest.mark.parametrize(
    ("sharpness", "verdict"), [(1.0, "stable"), (3.0, "shifted")], ids=["as before", "too sure"]
)
def test_calibration_of_the_likeliest_class_shifts(sharpness: float, verdict: str) -> None:
    reference = measure_calibration(*make_classes(5000), task="multiclass")
    now = make_classes(5000, seed=1, sharpness=sharpness)

    shift = calibration_shift(measure_calibration(*now, task="multiclass"), reference, min_rows=500)

    assert shift.verdict == verdict
    assert (reference.ece or 1) < 0.03


def test_a_regression_has_no_calibration() -> None:
    measured = measure_calibration(*make_numbers(1000), task="regression")

    shift = calibration_shift(measured, measured, min_rows=100)

    assert (shift.verdict, measured.n_rows) == ("not_computable", 1000)
    assert "gives no probabilities" in shift.sentence


def test_accuracy_of_several_classes_is_estimated_without_labels() -> None:
    misses = []
    for seed in range(20):
        holdout = make_classes(3000, seed=seed, sharpness=2)
        target, score = make_classes(3000, seed=seed + 99, easiness=0.6, sharpness=2)
        calibrator = fit_calibrator("accuracy", *holdout)
        estimated = estimate_unlabelled("accuracy", score, calibrator)
        came = estimate("accuracy", target, score)
        assert estimated.value is not None
        assert came.value is not None
        misses.append(estimated.value - came.value)

    assert abs(np.mean(misses)) < 0.02
    assert np.std(misses) < 0.03


@pytest.mark.parametrize(
    ("metric", "rows", "says"),
    [
        pytest.param("log_loss", make_classes(1000), "only accuracy is estimated", id="log loss"),
        pytest.param("f1_macro", make_classes(1000), "only accuracy is estimated", id="f1"),
        pytest.param("rmse", make_numbers(1000), "a regression gives no probabilities", id="rmse"),
    ],
)
def test_what_is_not_estimated_without_labels_is_said(
    metric: MetricName, rows: Any, says: str
) -> None:
    result = estimate_unlabelled(metric, rows[1], fit_calibrator(metric, *rows))

    assert result.value is None
    assert says in result.sentence
