"""How often the real rule errs on comparisons of simulated models, beside one that must fail."""

import pytest
from bench.promotion_lives import LIFE, LifeWork, live, naive
from bench.promotion_scores import Draws, DrawWork, Truth, draw

N_LIVES = 40
SEED = (5,)
# Three standard errors of a share of .05 in 40 lives, and of .2 in 150 comparisons.
LIFETIME, PER_RETRAIN = 0.05 + 0.10, 0.20 + 0.10


@pytest.fixture(scope="module")
def draws() -> dict[Truth, Draws]:
    """Comparisons on 5,000 rows of challengers that are equal, worse and better by .01 AUC."""
    return draw(DrawWork(n_rows=5_000, n_draws=150, seed=SEED))


@pytest.mark.parametrize("truth", ["equal", "worse"])
def test_strict_seldom_promotes_even_once_in_a_life(
    draws: dict[Truth, Draws], truth: Truth
) -> None:
    _, n_ever = live(LifeWork("strict", 5_000, truth, N_LIVES, SEED), draws)

    assert n_ever / N_LIVES <= LIFETIME


@pytest.mark.parametrize(("truth", "most"), [("equal", PER_RETRAIN), ("worse", 0.01)])
def test_balanced_holds_its_share_per_retrain(
    draws: dict[Truth, Draws], truth: Truth, most: float
) -> None:
    n_promoted, _ = live(LifeWork("balanced", 5_000, truth, N_LIVES, SEED), draws)

    assert n_promoted / (N_LIVES * LIFE) <= most


def test_what_is_better_still_gets_through(draws: dict[Truth, Draws]) -> None:
    n_promoted, _ = live(LifeWork("balanced", 5_000, "better", N_LIVES, SEED), draws)

    assert n_promoted / (N_LIVES * LIFE) > 0.7


def test_the_naive_rule_errs_in_every_life(draws: dict[Truth, Draws]) -> None:
    shares = naive(draws["equal"], n_lives=N_LIVES, seed=SEED)

    assert shares.per_retrain > PER_RETRAIN
    assert shares.ever > LIFETIME
