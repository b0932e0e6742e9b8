"""How probable a positive gain is: the paired evidence, and what earlier retrains gained.

True gains of a model's retrains are taken as normal around 0, with a spread that is learnt from
the earlier evaluations, each weighed by its own error. The centre stays at 0: that challengers
often were better is no proof of this one, so however well a year went, a challenger of equal
quality passes no more often than the paired evidence alone allows. After a year of retrains that
moved nothing, more evidence is asked for. With little history a weak spread decides, about 6 % of
the champion's metric; it keeps some weight for ever, so that a retrain unlike all before it is
judged by its own evidence.

Sources: Efron and Morris (1975), JASA 70:311 (learning the spread); Gelman (2006), Bayesian
Analysis 1:515 (half-Cauchy); Schmidli et al. (2014), Biometrics 70:1023 (the robust mixture).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# What one retrain may gain where little is known, of the champion's metric: .042 for an AUC of .7;
# and in standard errors, so that on few rows the paired evidence still speaks for itself.
SCALE_SHARE = 0.06
SCALE_ERRORS = 3.0
WEAK_WEIGHT = 0.2
# All below is in units of that scale.
SPREADS: FloatArray = np.geomspace(0.5, 100.0, 20)
LOG_HALF_CAUCHY: FloatArray = np.log(SPREADS / (1.0 + SPREADS**2))
NORMAL = NormalDist()
LARGEST, SMALLEST_ERROR, LARGEST_ERROR = 1e3, 1e-6, 1e6


class Measured(NamedTuple):
    """A paired gain and its standard error, both finite, in the metric's unit."""

    gain: float
    se: float


@dataclass(frozen=True)
class Prior:
    """What the next challenger truly gains, before it is measured: a mixture of normals around 0.

    Attributes:
        scale: Unit of the spreads, in the metric's unit.
        weights: Sum to 1, shape (k,).
        spreads: Standard deviations, shape (k,).
        n_earlier: Retrains that it was learnt from.
    """

    scale: float
    weights: FloatArray
    spreads: FloatArray
    n_earlier: int

    @property
    def spread(self) -> float:
        """Median of the spread, in the metric's unit."""
        order = np.argsort(self.spreads)
        middle = int(np.searchsorted(np.cumsum(self.weights[order]), 0.5))
        return float(self.spreads[order][middle]) * self.scale

    def probability_positive(self, measured: Measured) -> float:
        """Return the probability that the true gain is above 0, once it has been measured."""
        gain, se = _in_units([measured], self.scale)
        variances = self.spreads**2 + se**2
        log_density = -0.5 * (np.log(variances) + gain**2 / variances)
        weights = _normalised(np.log(self.weights) + log_density)
        positive = _phi(gain / se * self.spreads / np.sqrt(variances))
        return float(np.clip(weights @ positive, 0.0, 1.0))


def scale_of(metric: float, se: float) -> float:
    """Return the gain that one retrain may have where little is known, in the metric's unit.

    Args:
        metric: The champion's, finite; where it is 0, its unit is told by ``se``.
        se: Standard error of the gain, finite.
    """
    return max(SCALE_SHARE * abs(metric), SCALE_ERRORS * se) or 1.0


def learn_prior(earlier: Sequence[Measured], *, scale: float) -> Prior:
    """Learn what a retrain of this model gains from those before it.

    Args:
        earlier: What earlier challengers gained over their champions, promoted or not.
        scale: Of the weak prior, in the metric's unit, above 0.
    """
    gains, errors = _in_units(earlier, scale)
    variances = SPREADS[:, np.newaxis] ** 2 + errors**2
    log_density = -0.5 * (np.log(variances) + gains**2 / variances).sum(axis=1)
    learnt = _normalised(LOG_HALF_CAUCHY + log_density)
    return Prior(
        scale=scale,
        weights=np.append((1.0 - WEAK_WEIGHT) * learnt, WEAK_WEIGHT),
        spreads=np.append(SPREADS, 1.0),
        n_earlier=len(earlier),
    )


def _in_units(measured: Sequence[Measured], scale: float) -> tuple[FloatArray, FloatArray]:
    """Return gains and errors in units of the scale, kept to what can be squared."""
    values = np.array(measured, dtype=np.float64).reshape(-1, 2)
    with np.errstate(over="ignore"):
        values = values / scale
    errors = np.clip(values[:, 1], SMALLEST_ERROR, LARGEST_ERROR)
    return np.clip(values[:, 0], -LARGEST, LARGEST), errors


def _normalised(log_weights: FloatArray) -> FloatArray:
    weights = np.exp(log_weights - log_weights.max())
    total: FloatArray = np.maximum(weights / weights.sum(), np.finfo(np.float64).tiny)
    return total


def _phi(values: FloatArray) -> FloatArray:
    return np.array([NORMAL.cdf(value) for value in values])
