import numpy as np
import pytest
from scipy import stats

from builders.chance import most, room
from evergreen.drift.limits.null_distributions import (
    KS_MEAN_SQUARE,
    PsiLaw,
    effective_size,
    ks_quantile,
    ks_tail,
    null_quantile,
    null_tail,
    psi_bound,
)
from evergreen.drift.psi import psi

SHARES = {
    "ten even bins": np.array([0.1] * 10 + [0, 0, 0]),
    "a flag": np.array([0.5, 0.5, 0]),
    "a rare flag": np.array([0.98, 0.02, 0]),
    "many rare values": (1 / np.arange(1.0, 41.0)) / (1 / np.arange(1.0, 41.0)).sum(),
    "nulls": np.array([0.07] * 10 + [0, 0, 0.3]),
}


def draw_psi(shares: np.ndarray, n_rows: int, n_reference: int, n_draws: int) -> np.ndarray:
    random = np.random.default_rng(1)
    reference = random.multinomial(n_reference, shares)
    current = random.multinomial(n_rows, shares, size=n_draws)
    return np.array([psi(reference, one) for one in current])


@pytest.mark.parametrize("alpha", [0.05, 1e-3, 1e-5])
def test_ks_quantile_bounds_kolmogorovs_law_and_is_close_to_it(alpha: float) -> None:
    exact = stats.kstwobign.isf(alpha) / np.sqrt(500)

    assert exact <= ks_quantile(alpha, 500) < 1.01 * exact
    assert ks_tail(ks_quantile(alpha, 500), 500) == pytest.approx(alpha)
    assert pytest.approx(stats.kstwobign.moment(2), rel=1e-6) == KS_MEAN_SQUARE


def test_ks_never_exceeds_one() -> None:
    assert ks_quantile(1e-9, 1) == 1
    assert ks_tail(1.0, 1) == 0


@pytest.mark.parametrize("alpha", [0.01, 5e-4, 7e-5])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("n_rows", [50, 100, 1000])
def test_null_quantile_is_not_exceeded_more_often(alpha: float, share: float, n_rows: int) -> None:
    rise = null_quantile(alpha, share, n_rows)

    over = stats.binom.sf(np.floor((share + rise) * n_rows + 1e-9), n_rows, share)

    assert over <= alpha
    assert null_tail(rise, share, n_rows) == pytest.approx(alpha, rel=1e-3)


def test_a_null_share_cannot_rise_above_one() -> None:
    assert null_quantile(1e-9, 0.9, 10) == pytest.approx(0.1)
    assert null_tail(0.1, 0.9, 10) == 0


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("n_rows", [100, 1000])
def test_psi_quantiles_are_not_exceeded_more_often_and_not_much_more_rarely(
    shares: np.ndarray, n_rows: int
) -> None:
    """20,000 draws: 200 are expected over the quantile of .01, 60 over that of .003.

    The law is a little wide (it has one degree of freedom too many), so fewer go over. How many
    fewer is bounded by the quantile: below twice the drawn one, where two rows of a rare flag are a
    step of its PSI from .06 to .10.
    """
    found = draw_psi(shares, n_rows, 1_000_000, 20_000)
    law = PsiLaw(np.round(shares * 1_000_000).astype(np.int64), n_rows)

    for alpha in (0.01, 0.003):
        limit = law.quantile(alpha)
        assert (found > limit).sum() <= most(found.size, alpha)
        assert limit <= 2 * np.quantile(found, 1 - alpha)
    assert law.mean == pytest.approx(found.mean(), rel=0.1)


def test_psi_law_counts_the_references_own_rows() -> None:
    random = np.random.default_rng(0)
    references = random.multinomial(400, [0.2] * 5, size=6_000)
    windows = random.multinomial(500, [0.2] * 5, size=6_000)
    found = np.array([psi(*pair) for pair in zip(references, windows, strict=True)])
    law = PsiLaw(np.array([80] * 5), effective_size(500, 400))

    chance = room() * found.std() / np.sqrt(found.size)
    assert law.mean == pytest.approx(found.mean(), abs=chance)
    assert (found > law.quantile(0.01)).sum() <= most(found.size, 0.01)


def test_psi_law_tends_to_yurdakuls_chi_square() -> None:
    law = PsiLaw(np.array([100_000] * 10), 1_000_000)

    assert law.mean == pytest.approx(9e-6, rel=0.01)
    assert stats.chi2.isf(0.001, 9) <= law.quantile(0.001) * 1e6 <= stats.chi2.isf(0.001, 10) * 1.02


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_psi_tail_is_the_inverse_of_its_quantile(shares: np.ndarray) -> None:
    law = PsiLaw(np.round(shares * 5000).astype(np.int64), 300)

    for alpha in (0.01, 1e-4):
        assert law.tail(law.quantile(alpha)) == pytest.approx(alpha, rel=0.3)
    assert law.tail(0.0) == pytest.approx(1)
    assert law.tail(1000.0) == 0


@pytest.mark.parametrize("size", [100, 1_000, 30_000])
@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_psi_bound_is_above_the_quantile(shares: np.ndarray, size: float) -> None:
    law = PsiLaw(np.round(shares * 5000).astype(np.int64), size)

    bound = psi_bound(1e-4, shares.size, size)

    assert law.quantile(1e-4) < bound or bound > 0.3  # used only where it is a small effect
