"""Errors of rows that are correlated in time: blocks, and resamples of rows or of blocks.

Errors on rows of one hour are correlated, so their number overstates the evidence. Neighbours in
time are put into 20 blocks, and the blocks taken as the independent sample; what still holds
between neighbouring blocks is not seen.

Source: Carlstein (1986), Annals of Statistics 14:1171; Kunsch (1989), Annals of Statistics 17:1217;
number of blocks: Schmeiser (1982), Operations Research 30:556, who finds 10 to 30 best; bootstrap:
Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 6 and 13.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evergreen.metrics.delong import FloatArray

N_BLOCKS = 20
MIN_ROWS = 100
N_RESAMPLES = 1000
CELLS_AT_ONCE = 2_000_000
COVERED = 0.95
IntArray = NDArray[np.intp]


def block_starts(n_rows: int) -> IntArray:
    """Return where each of 20 blocks of rows in order of time begins; empty below 100 rows."""
    if n_rows < MIN_ROWS:
        return np.empty(0, dtype=np.intp)
    return (np.arange(N_BLOCKS) * n_rows // N_BLOCKS).astype(np.intp)


def order_of(times: ArrayLike | None, n_rows: int) -> IntArray | None:
    """Return the order of rows in time, shape (n,); None where no times are given.

    Raises:
        ValueError: There are not as many times as rows.
    """
    if times is None:
        return None
    moments = np.asarray(times)
    if moments.shape != (n_rows,):
        raise ValueError(f"times have shape {moments.shape}; expected one for each of {n_rows}")
    return np.argsort(moments, kind="stable")


def error_of_blocks(influence: FloatArray, starts: IntArray) -> float:
    """Return one standard error of a mean influence whose blocks are independent.

    Args:
        influence: Of each row, in order of time, shape (n,), of mean 0.
        starts: Where each block begins, from ``block_starts``, at least two.
    """
    sums = np.add.reduceat(influence, starts) / influence.size
    return float(np.sqrt(sums.var(ddof=1) * sums.size))


def resample(sums: FloatArray, shares: FloatArray, n_draws: int, *, seed: int) -> FloatArray:
    """Return the column sums of bootstrap resamples, drawn as weights in bounded memory.

    Args:
        sums: What one draw of each group adds, shape (g, c).
        shares: Chance of each group at a draw, shape (g,), summing to 1.
        n_draws: Draws of one resample.
        seed: The same seed gives the same resamples.

    Returns:
        One row a resample, shape (1000, c).
    """
    random = np.random.default_rng(seed)
    at_once = max(1, CELLS_AT_ONCE // shares.size)
    found = []
    for start in range(0, N_RESAMPLES, at_once):
        n_here = min(at_once, N_RESAMPLES - start)
        found.append(random.multinomial(n_draws, shares, size=n_here) @ sums)
    resamples: FloatArray = np.concatenate(found)
    return resamples


def half_width(se: float, n_independent: int) -> float:
    """Return half a 95 % interval: ``se`` times a quantile of Student's t.

    Source: Cornish-Fisher expansion, Abramowitz and Stegun (1964), 26.7.5.
    """
    z = NormalDist().inv_cdf((1 + COVERED) / 2)
    return se * (z + (z**3 + z) / (4 * max(n_independent - 1, 1)))
