"""The bounds that tests of drawn counts are held to hold for what is so, not for what is not."""

import numpy as np
import pytest
from scipy.stats import binom

from builders import chance
from builders.chance import ERROR, least, most, room, spread_room


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.95])
@pytest.mark.parametrize("n_draws", [20, 1000])
def test_a_count_passes_its_bounds_as_seldom_as_they_say(n_draws: int, share: float) -> None:
    over = binom.sf(most(n_draws, share), n_draws, share)
    under = binom.cdf(least(n_draws, share) - 1, n_draws, share)

    assert over <= ERROR < binom.sf(most(n_draws, share) - 1, n_draws, share)
    assert under <= ERROR < binom.cdf(least(n_draws, share), n_draws, share)


def test_twice_the_promised_share_is_found_out() -> None:
    """As the tests of drift draw it: 1,000 windows of a weekly model, a budget of 4 a year."""
    budget = 4 / 52

    assert binom.sf(most(1000, budget), 1000, 2 * budget) > 0.98


def test_means_and_spreads_lie_within_their_room_and_wrong_ones_do_not() -> None:
    draws = np.random.default_rng(5).normal(3.0, 2.0, size=400)

    error, spread = draws.std(ddof=1) / 20, draws.std(ddof=1)

    assert draws.mean() == pytest.approx(3.0, abs=room(n_draws=400) * error)
    assert draws.mean() != pytest.approx(4.0, abs=room(n_draws=400) * error)
    assert spread == pytest.approx(2.0, rel=spread_room(400))
    assert spread != pytest.approx(3.0, rel=spread_room(400))
    assert room() == pytest.approx(5.327, abs=1e-3)


def test_seeds_are_shifted_where_asked_and_stay_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np.random, "default_rng", np.random.default_rng)
    monkeypatch.setenv(chance.VARIABLE, "0")
    chance.shift_seeds()
    plain = np.random.default_rng(1).random()
    monkeypatch.setenv(chance.VARIABLE, "3")
    chance.shift_seeds()

    shifted = [np.random.default_rng(seed).random() for seed in (1, 1, (1,), 2)]

    assert shifted[0] == shifted[1] == shifted[2]
    assert len({plain, *shifted}) == 3
