"""Kolmogorov-Smirnov distance D over the cells of a quantile sketch: effect size, no p-value."""

import numpy as np
from numpy.typing import ArrayLike

from evergreen.errors import EmptyWindowError


def ks_distance(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the largest gap between two cumulative distributions, at the edges of ordered cells.

    Over cells that alternate open interval and single value (as ``cells.count_cells`` makes them)
    the true D of the two samples is at least this and at most ``ks_error`` more.

    Args:
        reference: Rows per cell that the champion learnt from, shape (k,), in the order of values.
        current: Rows per cell since, shape (k,), same cells.

    Returns:
        D, 0 (same) to 1 (no overlap).

    Raises:
        EmptyWindowError: Either side holds no rows.
        ValueError: The sides have different cells.

    Source: Smirnov (1939); Massey (1951), JASA 46:68.
    """
    before = np.asarray(reference, dtype=np.float64)
    after = np.asarray(current, dtype=np.float64)
    if before.shape != after.shape:
        raise ValueError(
            f"reference has {before.shape} cells, current {after.shape}; pass the same"
        )
    if before.sum() <= 0 or after.sum() <= 0:
        held = f"reference holds {before.sum():.0f}, current {after.sum():.0f}"
        raise EmptyWindowError(f"D needs at least 1 value on each side; {held}")
    gaps = np.abs(np.cumsum(before) / before.sum() - np.cumsum(after) / after.sum())
    return float(min(gaps.max(), 1.0))


def ks_error(reference: ArrayLike) -> float:
    """Bound what the sketch can miss of D: the largest share of the reference inside one interval.

    Between two neighbouring grid values the reference's distribution rises by at most that share,
    and at both grid values it is known exactly.

    Args:
        reference: Rows per cell, shape (2k + 1,): interval, value, interval, ..., interval.
    """
    cells = np.asarray(reference, dtype=np.float64)
    total = cells.sum()
    return float(cells[0::2].max() / total) if total > 0 else 0.0
