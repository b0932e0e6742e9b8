"""What chance may do to a test: each assertion on what was drawn states how often it errs.

A test that draws fails now and then over the seeds, although all is well. ``ERROR`` is how often
one assertion may: a thousand of them together fail once in 10,000 runs. So a bound is not a share
with some room, but the count that chance passes this seldom; a test whose seed is changed, or whose
library draws another stream, still holds.

``EVERGREEN_TEST_SEED=7`` draws all streams anew: what holds for one seed only shows itself.
"""

import math
import os
from typing import Any

import numpy as np
from scipy.stats import binom, norm, t

ERROR = 1e-7
VARIABLE = "EVERGREEN_TEST_SEED"


def most(n_draws: int, share: float, *, error: float = ERROR) -> int:
    """Return the count that draws with at most this share of hits exceed with chance ``error``."""
    return int(binom.isf(error, n_draws, share))


def least(n_draws: int, share: float, *, error: float = ERROR) -> int:
    """Return the count that draws with at least this share of hits fall below so seldom."""
    return n_draws - most(n_draws, 1 - share, error=error)


def room(*, error: float = ERROR, n_draws: int | None = None) -> float:
    """Return how many standard errors a mean lies off its expectation so seldom, either side.

    Args:
        error: Chance that it lies further off.
        n_draws: Draws from which the standard error itself was estimated; None: it is known.
    """
    if n_draws is None:
        return float(norm.isf(error / 2))
    return float(t.isf(error / 2, n_draws - 1))


def spread_room(n_draws: int, *, error: float = ERROR) -> float:
    """Return by which share the standard deviation of normal draws is off so seldom, either side.

    For draws that are means of many rows, which are normal enough.
    """
    return room(error=error) / math.sqrt(2 * (n_draws - 1))


def shift_seeds() -> None:
    """Draw every stream of numpy anew, where the variable asks for it."""
    shift = int(os.environ.get(VARIABLE, "0"))
    if not shift:
        return
    drawn = np.random.default_rng

    def default_rng(seed: Any = None) -> np.random.Generator:
        if isinstance(seed, int | np.integer):
            seed = [int(seed), shift]
        elif isinstance(seed, list | tuple):
            seed = [*seed, shift]
        return drawn(seed)

    np.random.default_rng = default_rng
