"""How large each drift statistic gets when nothing has drifted: its law under sampling alone.

Batch and reference are both samples, of n and m rows, so all laws are written for the effective
size n * m / (n + m): one sample of so many rows would be as far off from the true distribution.
No SciPy: a quiet decision should not pay for its import.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from evergreen.drift.psi import SHARE_FLOOR

FloatArray = NDArray[np.float64]

MIN_ALPHA = 1e-12
KS_MEAN_SQUARE = math.pi**2 / 12
PSI_CELLS = 4096
# Beyond this size PSI times size no longer depends on the size, and the law of this size is scaled.
PSI_MAX_SIZE = 20_000.0
# Odds against a PSI beyond the axis of its law, as a natural logarithm: e**-21 = 8e-10.
PSI_AXIS_ODDS = 21.0
PSI_TILTS = (0.1, 0.2, 0.3, 0.4)
FACTORIALS = np.cumsum(np.log(np.maximum(np.arange(16.0), 1.0)))


def effective_size(n_rows: float, n_reference: float) -> float:
    """Return the effective size of two samples, each of at least 1 row."""
    return n_rows * n_reference / (n_rows + n_reference)


def ks_quantile(alpha: float, size: float) -> float:
    """Return the D that is exceeded with probability ``alpha`` at most; ties make it rarer.

    Source: Massart (1990), Annals of Probability 18:1269 (the constant 2, one sample); Wei & Dudley
    (2012), Statistics & Probability Letters 82:636 (it holds for two samples of a few hundred).
    """
    return min(1.0, math.sqrt(math.log(2 / max(alpha, MIN_ALPHA)) / (2 * size)))


def ks_tail(distance: float, size: float) -> float:
    """Bound the probability (0..1) of a D above ``distance``; the inverse of ``ks_quantile``."""
    return min(1.0, 2 * math.exp(-2 * size * distance**2)) if distance < 1 else 0.0


def null_quantile(alpha: float, share: float, size: float) -> float:
    """Return the rise of a null share of ``share`` (0..1) exceeded with probability ``alpha``.

    Normal approximation of the binomial, corrected for its skewness and for whole rows.

    Source: Cornish & Fisher (1938), Revue de l'Institut International de Statistique 5:307.
    """
    deviate = NormalDist().inv_cdf(1 - max(alpha, MIN_ALPHA))
    return _null_rise(deviate, share, size)


def null_tail(rise: float, share: float, size: float) -> float:
    """Return the probability (0..1) of a rise above ``rise``; the inverse of ``null_quantile``."""
    if rise >= 1 - share:
        return 0.0
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _null_rise(middle, share, size) < rise else (low, middle)
    return 0.5 * math.erfc(high / math.sqrt(2))


def _null_rise(deviate: float, share: float, size: float) -> float:
    spread = math.sqrt(share * (1 - share) / size)
    skewness = (1 - 2 * share) * (deviate**2 - 1) / (6 * size)
    return min(1 - share, deviate * spread + max(0.0, skewness) + 0.5 / size)


def psi_bound(alpha: float, n_bins: int, size: float) -> float:
    """Return a PSI that is certainly exceeded more rarely than ``alpha``, without its law.

    Twice Laurent and Massart's bound of a chi-square with a degree of freedom per bin.

    Source: Laurent & Massart (2000), Annals of Statistics 28:1302, lemma 1.
    """
    odds = -math.log(max(alpha, MIN_ALPHA))
    return 2 * (n_bins + 2 * math.sqrt(n_bins * odds) + 2 * odds) / size


class PsiLaw:
    """The law of the PSI of a quiet batch against one reference.

    Rows per bin are taken as independent Poisson counts around the reference's shares; the law of
    the sum of their terms is then exact, by a fast Fourier transform, including the floor of
    ``psi`` on small shares. Leaving out that the counts add up to the rows costs one degree of
    freedom, so limits are a little high. For many rows the law tends to Yurdakul's (1/n + 1/m) *
    chi-square.

    Source: Yurdakul (2018), Statistical Properties of the Population Stability Index, Western
    Michigan University.

    Args:
        reference: Rows per bin of the reference, shape (k,), at least 1 in all.
        size: Effective size, at least 1.
    """

    def __init__(self, reference: NDArray[np.int64], size: float) -> None:
        self._scale = max(1.0, size / PSI_MAX_SIZE)
        self._size = size / self._scale
        total = float(reference.sum())
        shares = (reference.astype(np.float64) + 0.5) / (total + reference.size / 2)
        log_odds, terms = self._terms(shares, np.maximum(reference / total, SHARE_FLOOR))
        odds = np.exp(log_odds)
        self._mean = float((odds * terms).sum(axis=1) @ (1 - shares))
        self._step = _axis_end(log_odds, terms, self._size) / (PSI_CELLS - 1)
        self._tails = _tails_of_sum(odds, terms / self._step)

    def _terms(self, shares: FloatArray, before: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the log probability and the PSI term of each count of each bin, shape (k, w)."""
        expected = (self._size * shares)[:, None]
        first = np.maximum(np.floor(expected - 10 * np.sqrt(expected) - 10), 0)
        width = int((20 * np.sqrt(expected) + 50).max())
        counts = first + np.arange(width)
        log_odds = counts * np.log(expected) - expected - _log_factorial(counts)
        after = np.maximum(counts / self._size, SHARE_FLOOR)
        return log_odds, (after - before[:, None]) * np.log(after / before[:, None])

    @property
    def mean(self) -> float:
        """The mean of the PSI, in nats."""
        return self._mean / self._scale

    def quantile(self, alpha: float) -> float:
        """Return the PSI that is exceeded with probability ``alpha``."""
        cell = int(np.argmax(self._tails <= alpha)) if self._tails[-1] <= alpha else PSI_CELLS
        return cell * self._step / self._scale

    def tail(self, value: float) -> float:
        """Return the probability (0..1) of a PSI above ``value``."""
        cell = math.floor(value * self._scale / self._step)
        return float(self._tails[cell]) if cell < PSI_CELLS else 0.0


def _axis_end(log_odds: FloatArray, terms: FloatArray, size: float) -> float:
    """Return a PSI that is practically never exceeded: the best of a few Chernoff bounds."""
    bounds = []
    for tilt in PSI_TILTS:
        lifted = log_odds + tilt * size * terms
        top = lifted.max(axis=1)
        cumulants = np.log(np.exp(lifted - top[:, None]).sum(axis=1)) + top
        bounds.append((float(cumulants.sum()) + PSI_AXIS_ODDS) / (tilt * size))
    return min(bounds)


def _tails_of_sum(odds: FloatArray, places: FloatArray) -> FloatArray:
    """Convolve the laws of the bins' terms; return the probability at or above each cell."""
    places = np.minimum(places, PSI_CELLS - 1.0)
    left = np.floor(places).astype(np.int64)
    right_share = places - left
    rows = np.arange(odds.shape[0])[:, None] * PSI_CELLS
    n_cells = odds.shape[0] * PSI_CELLS
    laws = np.bincount((rows + left).ravel(), (odds * (1 - right_share)).ravel(), n_cells)
    right = rows + np.minimum(left + 1, PSI_CELLS - 1)
    laws += np.bincount(right.ravel(), (odds * right_share).ravel(), n_cells)
    spectrum = np.fft.rfft(laws.reshape(-1, PSI_CELLS), axis=1).prod(axis=0)
    law = np.fft.irfft(spectrum, PSI_CELLS)
    return np.asarray(np.clip(np.cumsum(law[::-1])[::-1], 0.0, 1.0))


def _log_factorial(counts: FloatArray) -> FloatArray:
    """Return log(count!), by a table, and from 16 on by Stirling's series."""
    large = np.maximum(counts, 1.0)
    series = large * np.log(large) - large + 0.5 * np.log(2 * np.pi * large)
    series += 1 / (12 * large) - 1 / (360 * large**3)
    small = FACTORIALS[np.minimum(counts, FACTORIALS.size - 1.0).astype(np.int64)]
    return np.where(counts < FACTORIALS.size, small, series)
