"""What the champion probably scores on rows whose labels have not come: an estimate, a signal.

Confidence-based performance estimation: a probability that is calibrated says how often the model
is right about rows like this one, so the metric can be had without the labels. It sees that rows
have become harder or easier. It assumes that rows of the same probability still have the same
outcomes; under concept drift, or where a shift the model does not see changes the outcomes, the
estimate stays high while the model fails. So it never decides alone.

Of several classes the accuracy is estimated, by the calibrated probability of the likeliest class;
other metrics would take calibrated probabilities of all classes, and a regression has none.

Source: NannyML, "Confidence-based Performance Estimation (CBPE)", nannyml.readthedocs.io.
"""

from math import hypot
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evergreen.decay.logistic import fit_logistic, log_odds, logistic
from evergreen.decay.top_class import of_likeliest
from evergreen.metrics import estimate
from evergreen.metrics.wording import number
from evergreen.records import MetricEstimate, Record
from evergreen.spec.model import METRICS_OF_TASK, MetricName

FloatArray = NDArray[np.float64]

MIN_ROWS = 100
MIN_ISOTONIC_ROWS = 1000
MAX_KNOTS = 200
CUTOFF = 0.5
TWO = 2
CLIP = 1e-15
ASSUMES = "if rows of the same probability still have the same outcomes"


class Calibrator(Record):
    """What the champion's probabilities truly mean, learnt on its holdout; small, plain JSON.

    ``isotonic``: a rising curve through the points (``xs``, ``ys``). ``logistic``: a straight line
    in log odds, for holdouts of fewer than 1,000 rows. ``none``: it could not be learnt, and the
    sentence says why. ``reference`` is the metric on the holdout, whose error is part of that of
    each estimate.
    """

    kind: Literal["isotonic", "logistic", "none"]
    reference: MetricEstimate
    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    slope: float = 1.0
    intercept: float = 0.0
    sentence: str


def fit_calibrator(metric: MetricName, target: ArrayLike, probability: ArrayLike) -> Calibrator:
    """Learn what the champion's probabilities mean on labelled rows that it was not trained on.

    Args:
        metric: The spec's metric.
        target: Labels, shape (n,).
        probability: The champion's probability of class 1, 0..1, shape (n,); or of each class,
            shape (n, K).

    Raises:
        ValueError: The two differ in shape, or the labels are not one-dimensional.
    """
    reference = estimate(metric, target, probability)
    truth = np.asarray(target, dtype=np.float64)
    score = np.asarray(probability, dtype=np.float64)
    why_not = reference.sentence if reference.se is None else _not_estimated(metric, score)
    if reference.value is None or why_not:
        sentence = why_not or reference.sentence
        return Calibrator(kind="none", reference=reference, sentence=sentence)
    if score.ndim == TWO:
        truth, score = of_likeliest(truth, score)
    if truth.size < MIN_ROWS:
        few = f"{truth.size} labelled rows to calibrate on, needs {MIN_ROWS}"
        return Calibrator(kind="none", reference=reference, sentence=few)
    if score.min() < 0 or score.max() > 1:
        return Calibrator(kind="none", reference=reference, sentence="scores are no probabilities")
    if truth.size >= MIN_ISOTONIC_ROWS:
        return _isotonic(truth, score, reference)
    return _logistic(truth, score, reference)


def estimate_unlabelled(
    metric: MetricName, probability: ArrayLike, calibrator: Calibrator
) -> MetricEstimate:
    """Estimate the metric on rows without labels.

    Total over data: rows without a probability are passed over; ``value`` is None where nothing can
    be estimated, and the sentence says why.

    Args:
        metric: The spec's metric.
        probability: The champion's probability of class 1, as it came, shape (n,); or of each
            class, shape (n, K).
        calibrator: From ``fit_calibrator``, on the champion's holdout.

    Returns:
        The estimate; ``se`` covers the chance in the labels to come and what the holdout left open
        about the calibration, not a change of outcomes.

    Raises:
        ValueError: The probabilities are neither.
    """
    score = np.asarray(probability, dtype=np.float64)
    if score.ndim not in (1, TWO):
        raise ValueError(f"probabilities have {score.ndim} dimensions; expected (n,) or (n, K)")
    problem = _not_estimated(metric, score)
    is_of_many = score.ndim == TWO
    score = score.max(axis=1) if is_of_many else score
    score = score[np.isfinite(score)]
    problem = problem or _problem(metric, score, calibrator)
    if problem:
        return _nothing(metric, score.size, problem)
    chance = _calibrated(score, calibrator)
    if metric == "auc" and (chance.sum() < 1 or (1 - chance).sum() < 1):
        return _nothing(metric, score.size, "less than one row of one class is expected")
    value, own = _share(chance) if is_of_many else _expected(metric, score, chance)
    se = hypot(own, calibrator.reference.se or 0.0)
    said = f"{number(value, decimals=4)} +/- {number(se, decimals=4)} on {score.size} rows"
    sentence = f"{metric} estimated without labels: {said}, {ASSUMES}"
    return MetricEstimate(name=metric, value=value, se=se, n_rows=score.size, sentence=sentence)


def _nothing(metric: MetricName, n_rows: int, problem: str) -> MetricEstimate:
    sentence = f"{metric} not estimated without labels: {problem}"
    return MetricEstimate(name=metric, value=None, se=None, n_rows=n_rows, sentence=sentence)


def _not_estimated(metric: MetricName, score: FloatArray) -> str:
    """Say why a metric is not estimated from such scores; empty where it is."""
    if metric in METRICS_OF_TASK["regression"]:
        return "a regression gives no probabilities to estimate from"
    if score.ndim == TWO and metric != "accuracy":
        return f"of several classes only accuracy is estimated, not {metric}"
    return ""


def _problem(metric: MetricName, score: FloatArray, calibrator: Calibrator) -> str:
    if calibrator.kind == "none":
        return calibrator.sentence
    if calibrator.reference.name != metric:
        return f"the calibration was learnt for {calibrator.reference.name}"
    if score.size < MIN_ROWS:
        return f"{score.size} rows with a probability, needs {MIN_ROWS}"
    if score.min() < 0 or score.max() > 1:
        return f"scores go from {score.min():.4g} to {score.max():.4g}; expected probabilities"
    return ""


def _isotonic(truth: FloatArray, score: FloatArray, reference: MetricEstimate) -> Calibrator:
    """Fit a rising curve; the mean of each step stands at the mean of its scores.

    Source: Zadrozny and Elkan (2002), KDD.
    """
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(score, kind="stable")
    score, truth = score[order], truth[order]
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(score, truth).predict(score)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(fitted) > 0) + 1))
    sizes = np.diff(np.append(starts, score.size))
    xs = np.add.reduceat(score, starts) / sizes
    ys = np.add.reduceat(truth, starts) / sizes
    kept = np.unique(np.linspace(0, xs.size - 1, min(xs.size, MAX_KNOTS)).round().astype(int))
    return Calibrator(
        kind="isotonic",
        reference=reference,
        xs=tuple(xs[kept].tolist()),
        ys=tuple(ys[kept].tolist()),
        sentence=f"isotonic calibration over {score.size} labelled rows",
    )


def _logistic(truth: FloatArray, score: FloatArray, reference: MetricEstimate) -> Calibrator:
    """Fit a line in log odds.

    Source: Platt (1999), Advances in Large Margin Classifiers.
    """
    design = np.column_stack([log_odds(score), np.ones(score.size)])
    fitted = fit_logistic(truth, design, np.zeros(score.size))
    if fitted is None or fitted.coefficients[0] <= 0:
        why = "the holdout's probabilities do not rise with its labels, or separate them perfectly"
        return Calibrator(kind="none", reference=reference, sentence=why)
    return Calibrator(
        kind="logistic",
        reference=reference,
        slope=float(fitted.coefficients[0]),
        intercept=float(fitted.coefficients[1]),
        sentence=f"logistic calibration over {score.size} labelled rows",
    )


def _calibrated(score: FloatArray, calibrator: Calibrator) -> FloatArray:
    """Return the chance that a row is of class 1, shape (n,)."""
    if calibrator.kind == "isotonic":
        return np.interp(score, calibrator.xs, calibrator.ys)
    return logistic(calibrator.slope * log_odds(score) + calibrator.intercept)


def _expected(metric: MetricName, score: FloatArray, chance: FloatArray) -> tuple[float, float]:
    """Return the metric's expectation and its standard error over the labels and the rows."""
    match metric:
        case "auc":
            return _expected_auc(score, chance)
        case "accuracy":
            return _share(np.where(score >= CUTOFF, chance, 1 - chance))
        case "log_loss":
            inside = np.clip(score, CLIP, 1 - CLIP)
            if_one, if_zero = -np.log(inside), -np.log(1 - inside)
            mean = float((chance * if_one + (1 - chance) * if_zero).mean())
            square = float((chance * if_one**2 + (1 - chance) * if_zero**2).mean())
            return mean, float(np.sqrt(max(square - mean**2, 0.0) / score.size))
        case "brier":
            mean = float((chance * (1 - score) ** 2 + (1 - chance) * score**2).mean())
            square = float((chance * (1 - score) ** 4 + (1 - chance) * score**4).mean())
            return mean, float(np.sqrt(max(square - mean**2, 0.0) / score.size))
        case _:
            raise ValueError(f"{metric} is not estimated; expected a metric of two classes")


def _share(is_right: FloatArray) -> tuple[float, float]:
    """The share of rows that will be right, by their chance to be, and its standard error."""
    share = float(is_right.mean())
    return share, float(np.sqrt(share * (1 - share) / is_right.size))


def _expected_auc(score: FloatArray, chance: FloatArray) -> tuple[float, float]:
    """Return the AUC that labels drawn by ``chance`` would have, to first order.

    Every pair of rows counts by the chance that the one is of class 1 and the other of class 0.

    Source of the error: Hanley and McNeil (1982), Radiology 143:29.
    """
    order = np.argsort(score, kind="stable")
    ranked, weight = score[order], chance[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    positive, negative = np.add.reduceat(weight, starts), np.add.reduceat(1 - weight, starts)
    below = np.cumsum(negative) - negative / 2
    n_positive, n_negative = float(positive.sum()), float(negative.sum())
    pairs = n_positive * n_negative - float((weight * (1 - weight)).sum())
    own = float((weight * (1 - weight)).sum()) / 2
    area = (float((positive * below).sum()) - own) / pairs if pairs > 0 else 0.5
    area = min(max(area, 0.0), 1.0)
    of_two_positive, of_two_negative = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area)
        + (n_positive - 1) * (of_two_positive - area**2)
        + (n_negative - 1) * (of_two_negative - area**2)
    ) / (n_positive * n_negative)
    return area, float(np.sqrt(max(variance, 0.0)))
