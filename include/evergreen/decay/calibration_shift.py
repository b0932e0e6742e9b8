"""Residual and calibration shift: do the champion's probabilities still agree with the labels?

A model can keep its AUC while its probabilities come out too high for everybody; the mean residual
and the calibration intercept show that, the slope shows over- or underconfidence.
"""

from math import hypot, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evergreen.decay.logistic import Fitted, fit_logistic, log_odds
from evergreen.decay.top_class import of_likeliest
from evergreen.measurements import Calibration, CalibrationShift
from evergreen.metrics.wording import limit, number
from evergreen.spec.model import Task

FloatArray = NDArray[np.float64]

N_BINS = 10
Z = 3.0
NO_PROBABILITIES = "calibration cannot be computed: a regression gives no probabilities"
QUANTITIES = (
    ("mean residual", "mean_residual", "residual_se", 0.02),
    ("slope", "slope", "slope_se", 0.2),
)


def measure_calibration(
    target: ArrayLike, probability: ArrayLike, *, task: Task = "binary"
) -> Calibration:
    """Measure how well probabilities agree with labels.

    Of several classes the likeliest is looked at: does it come true as often as its probability
    says? A regression has no probabilities, and nothing is computed.

    The expected calibration error is over ten bins of equal width; chance alone makes it positive,
    so ``ece_noise`` says how large it would be for probabilities that are right. Total over data:
    rows with a missing label or probability are passed over; what cannot be computed (no rows,
    values out of 0..1, one class, perfect separation) is None.

    Args:
        target: Labels, shape (n,).
        probability: Predicted probability of class 1, 0..1, shape (n,); or of each class, (n, K).
        task: What the labels are.

    Raises:
        ValueError: The two differ in shape, or the labels are not one-dimensional.

    Source: Cox (1958), Biometrika 45:562; Van Calster et al. (2016), J Clin Epidemiol 74:167; of
    the likeliest class: Guo et al. (2017), ICML.
    """
    truth = np.asarray(target, dtype=np.float64)
    score = np.asarray(probability, dtype=np.float64)
    if task == "regression":
        return Calibration(n_rows=truth.size, sentence=NO_PROBABILITIES)
    if task == "multiclass":
        truth, score = of_likeliest(truth, score)
    if truth.ndim != 1 or truth.shape != score.shape:
        raise ValueError(f"labels {truth.shape}, probabilities {score.shape}; pass the same rows")
    known = np.isfinite(truth) & np.isfinite(score)
    truth, score = truth[known], score[known]
    problem = _problem(truth, score)
    if problem:
        return Calibration(n_rows=truth.size, sentence=f"calibration cannot be computed: {problem}")
    return _measured(truth, score)


def calibration_shift(
    current: Calibration, reference: Calibration | None, *, min_rows: int
) -> CalibrationShift:
    """Return whether calibration has moved: by more than a floor, and by more than chance.

    The mean residual must move by more than 0.02 or the slope by more than 0.2, and by more than
    three standard errors.

    Args:
        current: On the newest matured rows.
        reference: On the champion's holdout; None when nothing is known of it.
        min_rows: Rows needed on both sides.
    """
    facts: dict[str, Any] = {"current": current, "reference": reference}
    few = _too_few(current, reference, min_rows)
    if few or reference is None:
        sentence = f"calibration shift not judged: {few}"
        return CalibrationShift(verdict="insufficient_data", sentence=sentence, **facts)
    for side in (current, reference):
        if side.mean_residual is None:
            return CalibrationShift(verdict="not_computable", sentence=side.sentence, **facts)
    moved: list[tuple[bool, str]] = []
    for name, value, error, floor in QUANTITIES:
        shift, se = _difference(current, reference, value, error)
        if shift is None or se is None:
            continue
        short = name.split()[-1]
        facts |= {f"{short}_shift": shift, f"{short}_shift_se": se}
        moved.append(_over(name, shift, se, floor))
    return CalibrationShift(
        verdict="shifted" if any(is_over for is_over, _ in moved) else "stable",
        sentence=f"calibration on {current.n_rows} rows: {'; '.join(text for _, text in moved)}",
        **facts,
    )


def _measured(truth: FloatArray, score: FloatArray) -> Calibration:
    residual = truth - score
    mean, se = float(residual.mean()), float(residual.std(ddof=1) / sqrt(truth.size))
    ece, noise = _calibration_error(truth, score)
    odds, ones = log_odds(score), np.ones(truth.size)
    intercept, intercept_se = _first(fit_logistic(truth, ones[:, np.newaxis], odds))
    slope, slope_se = _first(fit_logistic(truth, np.column_stack([odds, ones]), 0 * odds))
    said = (
        f"mean residual {mean:+.4f} +/- {number(se, decimals=4)} on {truth.size} rows, calibration"
        f" error {number(ece, decimals=4)} ({number(noise, decimals=4)} by chance), slope"
    )
    return Calibration(
        n_rows=truth.size,
        mean_residual=mean,
        residual_se=se,
        ece=ece,
        ece_noise=noise,
        intercept=intercept,
        intercept_se=intercept_se,
        slope=slope,
        slope_se=slope_se,
        sentence=f"{said} {'unknown' if slope is None else number(slope)}",
    )


def _first(fitted: Fitted | None) -> tuple[float | None, float | None]:
    """Return the first coefficient and its standard error."""
    if fitted is None:
        return None, None
    return float(fitted.coefficients[0]), float(fitted.errors[0])


def _problem(truth: FloatArray, score: FloatArray) -> str:
    if truth.size < 2:  # noqa: PLR2004 - one row has no spread
        return f"{truth.size} rows with label and probability, needs 2"
    if not np.isin(truth, (0.0, 1.0)).all():
        return "a label is neither 0 nor 1"
    if score.min() < 0 or score.max() > 1:
        return f"probabilities go from {score.min():.4g} to {score.max():.4g}; expected 0..1"
    return ""


def _calibration_error(truth: FloatArray, score: FloatArray) -> tuple[float, float]:
    """Return the expected calibration error, and what it would be by chance.

    Source: Naeini, Cooper, Hauskrecht (2015), AAAI; by chance: the mean size of a normal error.
    """
    place = np.minimum((score * N_BINS).astype(np.int64), N_BINS - 1)
    gap = np.bincount(place, weights=truth - score, minlength=N_BINS)
    variance = np.bincount(place, weights=score * (1 - score), minlength=N_BINS)
    noise = np.sqrt(2 / pi) * np.sqrt(variance)
    return float(np.abs(gap).sum() / truth.size), float(noise.sum() / truth.size)


def _too_few(current: Calibration, reference: Calibration | None, min_rows: int) -> str:
    if reference is None:
        return "the champion has no reference calibration"
    for whose, side in (("", current), ("reference ", reference)):
        if side.n_rows < min_rows:
            return f"{side.n_rows} {whose}rows, needs {min_rows}"
    return ""


def _difference(
    current: Calibration, reference: Calibration, value: str, error: str
) -> tuple[float | None, float | None]:
    """Return current minus reference and its standard error; None twice where a side has none."""
    now, before = getattr(current, value), getattr(reference, value)
    errors = getattr(current, error), getattr(reference, error)
    if now is None or before is None or None in errors:
        return None, None
    return now - before, hypot(*errors)


def _over(name: str, shift: float, se: float, floor: float) -> tuple[bool, str]:
    text = f"{name} moved by {shift:+.4f} +/- {number(se, decimals=4)}"
    if abs(shift) <= floor:
        return False, f"{text}, within {limit(floor)}"
    if abs(shift) <= Z * se:
        return False, f"{text}, over {limit(floor)} but within {Z:g} standard errors"
    return True, f"{text}, over {limit(floor)}"
