"""Logistic regression of labels on the log odds of a probability, by Newton's method."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CLIP = 1e-6
MAX_STEPS = 50
MAX_HALVINGS = 20
TOLERANCE = 1e-10
MAX_COEFFICIENT = 30.0


class Fitted(NamedTuple):
    """Coefficients and their standard errors, shape (k,) each."""

    coefficients: FloatArray
    errors: FloatArray


def log_odds(probability: FloatArray) -> FloatArray:
    """Return ln(p / (1 - p)), p clipped to [1e-6, 1 - 1e-6]."""
    inside = np.clip(probability, CLIP, 1 - CLIP)
    odds: FloatArray = np.log(inside / (1 - inside))
    return odds


def logistic(value: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-value)) without overflow."""
    result: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * value))
    return result


def fit_logistic(truth: FloatArray, design: FloatArray, offset: FloatArray) -> Fitted | None:
    """Maximise the likelihood of labels whose log odds are ``design @ coefficients + offset``.

    Args:
        truth: Labels, 0 or 1, shape (n,).
        design: What the coefficients stand before, shape (n, k).
        offset: Part of the log odds that is given, shape (n,).

    Returns:
        None where there is no finite maximum: one class, classes that are perfectly separated,
        columns that say the same.
    """
    if truth.size == 0 or truth.min() == truth.max():
        return None
    beta = np.zeros(design.shape[1])
    for _ in range(MAX_STEPS):
        mean = logistic(design @ beta + offset)
        curvature = (design * (mean * (1 - mean))[:, np.newaxis]).T @ design
        if np.linalg.matrix_rank(curvature) < beta.size:
            return None
        covariance = np.linalg.inv(curvature)
        step = _shortened(covariance @ (design.T @ (truth - mean)), beta, truth, design, offset)
        beta = beta + step
        if np.abs(beta).max() > MAX_COEFFICIENT:
            return None
        if np.abs(step).max() < TOLERANCE:
            return Fitted(beta, np.sqrt(np.maximum(np.diag(covariance), 0.0)))
    return None


def _shortened(
    step: FloatArray, beta: FloatArray, truth: FloatArray, design: FloatArray, offset: FloatArray
) -> FloatArray:
    """Halve a step until it makes nothing worse; zero where none does."""

    def loss(tried: FloatArray) -> float:
        value = design @ tried + offset
        return float((np.logaddexp(0.0, value) - truth * value).sum())

    now = loss(beta)
    for _ in range(MAX_HALVINGS):
        if loss(beta + step) <= now:
            return step
        step = step / 2
    return np.zeros_like(step)
