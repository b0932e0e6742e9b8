"""How often the real rule errs on comparisons of simulated models, beside one that must fail.

What a level promises is tested on gains that are exactly normal around the truth, each drawn for
its own life, so that lives are independent and the counts are bounded by a binomial law. The
product's own comparisons follow: few, and with all that a normal law leaves out.
"""

import numpy as np
import pytest
from bench.promotion_lives import LIFE, LifeWork, live, naive
from bench.promotion_scores import Draws, DrawWork, Truth, draw
from scipy.stats import norm

from builders.chance import least, most
from evergreen.spec.promoting import Level

N_LIVES, N_DRAWS = 40, 150
SEED = (5,)
LIFETIME, PER_RETRAIN = 0.05, 0.20  # what the levels promise
SE = 0.005  # of a gain in AUC on 5,000 rows
GAINS: dict[Truth, float] = {"equal": 0.0, "worse": -0.01, "better": 0.01}
BAR = norm.isf(PER_RETRAIN)  # errors that a gain needs at least, whatever the history


def lives(level: Level, truth: Truth, n_lives: int) -> tuple[int, int]:
    """Play lives of normal gains; return the promotions, and the lives with at least one."""
    n_gains = 50 * n_lives * LIFE  # so many that lives hardly share one
    gains = np.random.default_rng(SEED).normal(GAINS[truth], SE, n_gains)
    drawn = {truth: Draws(gains, np.full(n_gains, SE))}
    return live(LifeWork(level, 5_000, truth, n_lives, SEED), drawn)


def share_of_draws(n_promoted: int) -> float:
    """Return promotions over all lives as a count of the comparisons that lives are drawn from.

    A life draws with replacement, so that only as much is known as the comparisons tell.
    """
    return n_promoted / (N_LIVES * LIFE) * N_DRAWS


@pytest.fixture(scope="module")
def draws() -> dict[Truth, Draws]:
    """Comparisons on 5,000 rows of challengers that are equal, worse and better by .01 AUC."""
    return draw(DrawWork(n_rows=5_000, n_draws=N_DRAWS, seed=SEED))


@pytest.mark.parametrize(("truth", "n_lives"), [("equal", 1000), ("worse", 300)])
def test_strict_seldom_promotes_even_once_in_a_life(truth: Truth, n_lives: int) -> None:
    """Twice the promised share would be found, were it what equal challengers get."""
    _, n_ever = lives("strict", truth, n_lives)

    assert n_ever <= most(n_lives, LIFETIME)


@pytest.mark.parametrize("truth", ["equal", "worse"])
def test_balanced_needs_the_evidence_of_one_retrain_in_every_retrain(truth: Truth) -> None:
    """No history lowers the bar, so the count is below that of independent retrains."""
    promised = float(norm.sf(BAR - GAINS[truth] / SE))

    n_promoted, _ = lives("balanced", truth, 100)

    assert n_promoted <= most(100 * LIFE, promised)


def test_balanced_lets_through_what_is_better_by_two_errors() -> None:
    n_promoted, _ = lives("balanced", "better", 100)

    assert n_promoted >= least(100 * LIFE, 0.8)


@pytest.mark.parametrize(("truth", "promised"), [("equal", PER_RETRAIN), ("worse", 0.01)])
def test_balanced_holds_its_share_per_retrain(
    draws: dict[Truth, Draws], truth: Truth, promised: float
) -> None:
    n_promoted, _ = live(LifeWork("balanced", 5_000, truth, N_LIVES, SEED), draws)

    assert share_of_draws(n_promoted) <= most(N_DRAWS, promised)


def test_what_is_better_still_gets_through(draws: dict[Truth, Draws]) -> None:
    n_promoted, _ = live(LifeWork("balanced", 5_000, "better", N_LIVES, SEED), draws)

    assert share_of_draws(n_promoted) > least(N_DRAWS, 0.8)


def test_the_naive_rule_errs_in_every_life(draws: dict[Truth, Draws]) -> None:
    shares = naive(draws["equal"], n_lives=N_LIVES, seed=SEED)

    assert shares.per_retrain * N_DRAWS > most(N_DRAWS, PER_RETRAIN)
    assert shares.ever * N_LIVES > most(N_LIVES, LIFETIME)
