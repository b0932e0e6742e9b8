from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.chance import room
from evergreen.promotion.evidence import Measured, learn_prior, scale_of

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NOT_NEGATIVE = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
PAIRS = st.builds(Measured, gain=FINITE, se=NOT_NEGATIVE)
SCALE = 0.014
EQUALS = [Measured(0.005 * (-1) ** week, 0.005) for week in range(52)]
MOVERS = [Measured(0.1 * (-1) ** week, 0.005) for week in range(52)]


def chance(gain: float, se: float, earlier: list[Measured] | None = None) -> float:
    return learn_prior(earlier or [], scale=SCALE).probability_positive(Measured(gain, se))


@given(now=PAIRS, earlier=st.lists(PAIRS, max_size=5), metric=FINITE)
def test_the_probability_is_total_over_finite_numbers(
    now: Measured, earlier: list[Measured], metric: float
) -> None:
    prior = learn_prior(earlier, scale=scale_of(metric, now.se))

    found = prior.probability_positive(now)

    assert 0 <= found <= 1
    assert (found >= 0.5) == (now.gain >= 0) or found == pytest.approx(0.5, abs=1e-6)


def test_the_probability_is_that_of_the_normal_model_it_names() -> None:
    prior = learn_prior([], scale=SCALE)
    random = np.random.default_rng(1)
    spreads = random.choice(prior.spreads, p=prior.weights / prior.weights.sum(), size=400_000)
    truth = random.normal(scale=spreads * SCALE)
    seen = truth + random.normal(scale=0.01, size=truth.size)

    near = truth[np.abs(seen - 0.012) < 0.001]

    seen_share = float((near > 0).mean())
    error = np.sqrt(seen_share * (1 - seen_share) / near.size)
    assert chance(0.012, 0.01) == pytest.approx(seen_share, abs=room() * error)


@pytest.mark.parametrize("earlier", [[], EQUALS, MOVERS], ids=["none", "equals", "movers"])
@pytest.mark.parametrize("se", [0.001, 0.005, 0.03])
def test_history_never_lowers_the_bar_below_the_paired_evidence(
    earlier: list[Measured], se: float
) -> None:
    for z in (0.2, 0.84, 2.0, 4.0):
        assert 0.5 < chance(z * se, se, earlier) <= NormalDist().cdf(z)


def test_a_year_that_moved_nothing_asks_for_more_evidence() -> None:
    calm, fresh, moving = (chance(0.005, 0.005, earlier) for earlier in (EQUALS, [], MOVERS))

    assert calm < fresh < moving
    assert moving == pytest.approx(NormalDist().cdf(1.0), abs=0.01)


def test_however_calm_the_year_clear_evidence_convinces() -> None:
    assert chance(0.02, 0.005, EQUALS) > 0.99


def test_exchanged_models_have_the_opposite_probability() -> None:
    assert chance(0.004, 0.005, MOVERS) == pytest.approx(1 - chance(-0.004, 0.005, MOVERS))


def test_without_error_the_sign_is_certain() -> None:
    assert (chance(1e-3, 0.0), chance(-1e-3, 0.0)) == pytest.approx((1.0, 0.0))


@pytest.mark.parametrize(
    ("earlier", "least", "most"),
    [
        pytest.param([], 0.5 * SCALE, 3 * SCALE, id="nothing known"),
        pytest.param(EQUALS, 0, SCALE, id="nothing moved"),
        pytest.param(MOVERS, 0.05, 0.2, id="much moved"),
    ],
)
def test_the_spread_is_told_in_the_unit_of_the_metric(
    earlier: list[Measured], least: float, most: float
) -> None:
    assert least <= learn_prior(earlier, scale=SCALE).spread <= most


@pytest.mark.parametrize(
    ("metric", "se", "scale"),
    [
        pytest.param(0.7, 0.005, 0.042, id="of the metric"),
        pytest.param(-0.7, 0.005, 0.042, id="of a negative metric"),
        pytest.param(0.7, 0.03, 0.09, id="no tighter than three errors"),
        pytest.param(0.0, 0.0, 1.0, id="nothing tells"),
    ],
)
def test_the_weak_scale_follows_metric_and_error(metric: float, se: float, scale: float) -> None:
    assert scale_of(metric, se) == pytest.approx(scale)


def test_one_wild_retrain_does_not_take_over() -> None:
    assert chance(0.004, 0.005, [*EQUALS, Measured(3.0, 0.005)]) < chance(0.004, 0.005, MOVERS)
