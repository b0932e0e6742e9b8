"""A metric with its standard error on one set of rows.

Accuracy of two classes is taken at a score of 0.5 (0.5 itself counts as class 1), that of more at
the largest probability. Log loss is in nats, scores clipped to [1e-15, 1 - 1e-15]. Standard errors:
DeLong for AUC, binomial for accuracy, sd / sqrt(n) for log loss, Brier score and MAE, the delta
method for RMSE, a bootstrap of rows for macro F1. An observed AUC or accuracy of exactly 0 or 1 has
standard error 0: there the error is understated, so callers keep a minimum number of rows.
"""

import numpy as np
from numpy.typing import ArrayLike

from evergreen.metrics.columns import check_lengths, problem_of, read_column, read_score
from evergreen.metrics.delong import MIN_PER_CLASS, FloatArray
from evergreen.metrics.f1 import Counts, macro_f1, resample_rows
from evergreen.metrics.influence import chosen_class, error_of_rows, linearise
from evergreen.metrics.paired import paired_difference
from evergreen.metrics.wording import number
from evergreen.records import MetricEstimate
from evergreen.spec.metric_labels import METRIC_LABELS
from evergreen.spec.model import MetricName

SEED = 42


def estimate(metric: MetricName, target: ArrayLike, score: ArrayLike) -> MetricEstimate:
    """Estimate ``metric`` and its standard error.

    Total over data: an estimate is returned for any values. ``value`` is None, with a sentence that
    says why, for no rows, a missing or infinite value, a target that is not a class, a score
    outside 0..1 where a probability is needed, and an AUC over one class only. ``se`` alone is None
    where there are too few rows for one.

    Args:
        metric: Which metric.
        target: Labels, shape (n,): 0 or 1, a class of 0..K-1, or a number to predict.
        score: Probability of class 1, shape (n,), 0..1 (AUC takes any finite score); probabilities
            of K classes, shape (n, K); or the predicted number, shape (n,).

    Raises:
        ValueError: The two differ in length, or have a shape that the metric does not take.
    """
    truth, scores = read_column("target", target), read_score(metric, "score", score)
    check_lengths(truth, scores)
    n_rows = int(np.shape(target)[0])
    problem = problem_of(metric, truth, scores)
    if problem or truth is None or scores is None:
        sentence = f"{METRIC_LABELS[metric]} cannot be computed: {problem}"
        return MetricEstimate(name=metric, value=None, se=None, n_rows=n_rows, sentence=sentence)
    value, se = _value_and_se(metric, truth, scores)
    return MetricEstimate(
        name=metric,
        value=value,
        se=se,
        n_rows=n_rows,
        sentence=_sentence(metric, value, se, n_rows),
    )


def paired_gain(
    metric: MetricName, target: ArrayLike, champion_score: ArrayLike, challenger_score: ArrayLike
) -> tuple[float | None, float | None]:
    """Return gain and standard error of ``paired_difference`` over rows taken as independent.

    Both are None where ``estimate`` gives None for either model; the error alone None where there
    are too few rows for one.

    Raises:
        ValueError: As ``paired_difference``.
    """
    found = paired_difference(metric, target, champion_score, challenger_score)
    return found.gain, found.se


def _value_and_se(
    metric: MetricName, truth: FloatArray, score: FloatArray
) -> tuple[float, float | None]:
    if metric == "f1_macro":
        classes = truth.astype(np.intp), chosen_class(score).astype(np.intp)[np.newaxis]
        counts = Counts(*classes, n_classes=score.shape[1])
        value = float(macro_f1(counts)[0])
        if truth.size < MIN_PER_CLASS:
            return value, None
        return value, float(resample_rows(counts, seed=SEED).std(ddof=1))
    value, influence = linearise(metric, truth, score)
    if metric == "accuracy" and truth.size > 1:
        return value, float(np.sqrt(value * (1 - value) / truth.size))
    return value, error_of_rows(metric, truth, influence)


def _sentence(metric: MetricName, value: float, se: float | None, n_rows: int) -> str:
    name = METRIC_LABELS[metric]
    if se is None:
        need = f"{MIN_PER_CLASS} rows of each class" if metric == "auc" else "2 rows"
        return f"{name} {number(value, decimals=4)} on {n_rows} rows, without error (needs {need})"
    return f"{name} {number(value, decimals=4)} +/- {number(se, decimals=4)} on {n_rows} rows"
