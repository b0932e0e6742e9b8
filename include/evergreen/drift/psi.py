"""Population stability index over bins that never move."""

import numpy as np
from numpy.typing import ArrayLike

from evergreen.errors import EmptyWindowError

SHARE_FLOOR = 0.001


def psi(reference: ArrayLike, current: ArrayLike) -> float:
    """Measure how far the rows have moved between bins.

    Smoothing: on both sides a share below 0.001 counts as 0.001, so an empty bin costs the same
    however many rows there are, and bins that are empty on both sides cost nothing. Every term is
    at least 0; the result is symmetric in its two sides.

    Args:
        reference: Rows per bin that the champion learnt from, shape (k,).
        current: Rows per bin since, shape (k,), same bins.

    Returns:
        PSI in nats: 0.0 for equal shares, at most 2 * ln(1000) = 13.8.

    Raises:
        EmptyWindowError: Either side holds no rows.
        ValueError: The sides have different bins.

    Source: Siddiqi (2006), Credit Risk Scorecards, ch. 8.
    """
    before, after = _shares("reference", reference), _shares("current", current)
    if before.shape != after.shape:
        raise ValueError(f"reference has {before.shape} bins, current {after.shape}; pass the same")
    return float(np.sum((after - before) * np.log(after / before)))


def _shares(side: str, counts: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rows = np.asarray(counts, dtype=np.float64)
    if rows.sum() <= 0:
        raise EmptyWindowError(f"the {side} bins hold 0 rows; PSI needs at least 1 on each side")
    return np.asarray(np.maximum(rows / rows.sum(), SHARE_FLOOR))
