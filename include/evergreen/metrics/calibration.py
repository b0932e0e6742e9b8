"""How far predicted probabilities are from the shares that came true."""

import numpy as np
from numpy.typing import ArrayLike

from evergreen.metrics.columns import TABLE, check_lengths, problem_of, read_column, read_score
from evergreen.metrics.influence import chosen_class

N_BINS = 10
MIN_ROWS = 200


def calibration_error(target: ArrayLike, score: ArrayLike) -> float | None:
    """Return the expected calibration error over ten bins of about equal numbers of rows.

    Two classes: the probability of class 1 against the share of class 1. K classes: the largest
    probability against the share of rows where its class was right. Rows of one score share a bin.

    Args:
        target: Classes, shape (n,).
        score: Probability of class 1, shape (n,), or of K classes, shape (n, K).

    Returns:
        Mean distance in 0..1, weighed by rows; a sample error makes it larger, less so the more
        rows there are. None below 200 rows and where log loss cannot be computed.

    Raises:
        ValueError: The two differ in length, or the score has another shape.

    Source: Naeini, Cooper, Hauskrecht (2015), AAAI; bins of equal mass and the top label: Guo et
    al. (2017), ICML; Nixon et al. (2019), CVPR workshops.
    """
    truth, scores = read_column("target", target), read_score("log_loss", "score", score)
    check_lengths(truth, scores)
    if problem_of("log_loss", truth, scores) or truth is None or scores is None:
        return None
    if truth.size < MIN_ROWS:
        return None
    stated, came = scores, truth
    if scores.ndim == TABLE:
        stated, came = scores.max(axis=1), np.asarray(chosen_class(scores) == truth, dtype=float)
    edges = np.unique(np.quantile(stated, np.arange(1, N_BINS) / N_BINS))
    place = np.searchsorted(edges, stated, side="right")
    return float(abs(np.bincount(place, came - stated)).sum() / truth.size)
