"""AUC and its covariance by DeLong's method, in the fast form of Sun and Xu.

Source: DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44:837; Sun and Xu (2014), IEEE Signal
Processing Letters 21:1389.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MIN_PER_CLASS = 2


class Auc(NamedTuple):
    """AUC of each score, shape (k,), and their covariance, shape (k, k).

    The covariance is None below two rows of each class.
    """

    values: FloatArray
    covariance: FloatArray | None


def midranks(values: FloatArray) -> FloatArray:
    """Rank ``values``, shape (n,), from 1 to n; tied values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: FloatArray = (last - (counts - 1) / 2.0)[inverse]
    return ranks


def delong(is_positive: BoolArray, scores: FloatArray) -> Auc:
    """Compute the AUC of ``k`` scores of the same rows and how these AUCs vary together.

    A tie between a positive and a negative row counts one half.

    Args:
        is_positive: Which rows are of class 1, shape (n,); at least one row of each class.
        scores: One score a row, higher means class 1, finite, shape (k, n).

    Returns:
        AUCs in 0..1, and their covariance; zero variance where the classes are perfectly separated.
    """
    n_positive = int(is_positive.sum())
    n_negative = is_positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        raise ValueError(
            f"AUC needs both classes; got {n_positive} positive, {n_negative} negative rows"
        )
    placed = [placements(is_positive, score) for score in scores]
    of_positive = np.array([positive for positive, _ in placed])
    of_negative = np.array([negative for _, negative in placed])
    values = of_positive.mean(axis=1)
    if min(n_positive, n_negative) < MIN_PER_CLASS:
        return Auc(values, None)
    covariance = (
        np.atleast_2d(np.cov(of_positive)) / n_positive
        + np.atleast_2d(np.cov(of_negative)) / n_negative
    )
    return Auc(values, covariance)


def placements(is_positive: BoolArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return per positive row the share of negatives below, per negative that of positives above.

    Both have the AUC as their mean; a tie counts one half.
    """
    positive, negative = score[is_positive], score[~is_positive]
    ranks = midranks(score)
    below = (ranks[is_positive] - midranks(positive)) / negative.size
    above = 1.0 - (ranks[~is_positive] - midranks(negative)) / positive.size
    return below, above
