"""The budget of error over a model's life: how unlikely chance must be at this retrain.

Each retrain tests "the challenger is not better". The chance that any true one of these hypotheses
is ever rejected stays below the lifetime error: each test gets a part of it, and all parts that can
ever be given sum to no more. A retrain that looks plainly not better (p above ``DISCARD``) or
plainly better (p at most ``CANDIDATE``) uses no part up, so years of quiet do not spend the budget.
Nothing is stored: the state is what replaying the earlier evaluations gives.

Source: Tian and Ramdas (2021), Statistical Methods in Medical Research 30:976 (ADDIS-spending, its
form for local dependence where holdouts overlap); Vovk and Wang (2021), Annals of Statistics
49:1736 (from p to e).
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from evergreen.promotion.evidence import Measured
from evergreen.records import Window

CANDIDATE, DISCARD = 0.1, 0.6
# Half of the budget is for the first so many retrains that use it up.
HALF_LIFE = 10
# Further out the normal tail is not to be trusted; an e-value stays a finite number.
SMALLEST_P = 1e-12


class Retrain(NamedTuple):
    """One earlier retrain of the life: what was measured, and on which holdout."""

    measured: Measured
    holdout: Window


def p_value(measured: Measured) -> float:
    """Return the chance of such a gain, or a larger one, from a challenger that is not better."""
    if measured.se == 0:
        return SMALLEST_P if measured.gain > 0 else 1.0
    return max(SMALLEST_P, NormalDist().cdf(-measured.gain / measured.se))


def e_value(p: float) -> float:
    """Return a p-value as evidence: its expectation is at most 1 where nothing is better."""
    return float(0.5 * p**-0.5)


def budget_for(holdout: Window, earlier: Sequence[Retrain], *, lifetime_error: float) -> float:
    """Return the largest p-value with which a challenger may pass now.

    Args:
        holdout: The rows of this retrain.
        earlier: The retrains of the life so far, in any order. One that shares rows with this
            retrain counts as used up, whatever it found.
        lifetime_error: Chance of ever promoting a challenger that is not better.
    """
    n_used = sum(_is_used(retrain, holdout) for retrain in earlier)
    return lifetime_error * (DISCARD - CANDIDATE) * _part(n_used)


def _is_used(retrain: Retrain, holdout: Window) -> bool:
    start = max(retrain.holdout.start, holdout.start)
    is_overlapping = start < min(retrain.holdout.end, holdout.end)
    return is_overlapping or CANDIDATE < p_value(retrain.measured) <= DISCARD


def _part(n_used: int) -> float:
    """Return the share of the budget after so many were used up; all shares sum to 1."""
    return HALF_LIFE / ((n_used + HALF_LIFE) * (n_used + HALF_LIFE + 1))
