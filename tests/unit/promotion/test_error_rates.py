"""How often the real rule errs on comparisons of simulated models, beside one that must fail."""

import pytest
from bench.promotion_lives import LIFE, LifeWork, live, naive
from bench.promotion_scores import Draws, DrawWork, Truth, draw

from builders.chance import least, most

N_LIVES, N_DRAWS = 40, 150
SEED = (5,)
LIFETIME, PER_RETRAIN = 0.05, 0.20  # what the levels promise


def share_of_draws(n_promoted: int) -> float:
    """Return promotions over all lives as a count of the comparisons that lives are drawn from.

    A life draws with replacement, so that only as much is known as the comparisons tell.
    """
    return n_promoted / (N_LIVES * LIFE) * N_DRAWS


@pytest.fixture(scope="module")
def draws() -> dict[Truth, Draws]:
    """Comparisons on 5,000 rows of challengers that are equal, worse and better by .01 AUC."""
    return draw(DrawWork(n_rows=5_000, n_draws=N_DRAWS, seed=SEED))


@pytest.mark.parametrize("truth", ["equal", "worse"])
def test_strict_seldom_promotes_even_once_in_a_life(
    draws: dict[Truth, Draws], truth: Truth
) -> None:
    _, n_ever = live(LifeWork("strict", 5_000, truth, N_LIVES, SEED), draws)

    assert n_ever <= most(N_LIVES, LIFETIME)


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
