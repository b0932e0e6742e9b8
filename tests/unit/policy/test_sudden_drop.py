from math import hypot, log

import pytest

from builders.signals import make_estimate, make_signals
from evergreen.policy.sudden_drop import (
    FRESH_BATCHES,
    MAX_SURPRISES,
    MIN_SPREAD,
    MIN_SURPRISES,
    SD_PER_MAD,
    SPREAD_AT_FIRST,
    WEIGHT,
    Harm,
    Z,
    learn_level,
    mean_gain,
    measure_harm,
    spread,
)
from evergreen.signals import Episode, PolicyState

AT_LEVEL = PolicyState(level=0.8)
TINY = 1e-9


def harm_of(value: float, state: PolicyState = AT_LEVEL, *, se: float = 0.005) -> Harm:
    harm = measure_harm(make_estimate(value, se=se), state, make_signals())
    assert harm is not None
    return harm


@pytest.mark.parametrize("estimate", [None, make_estimate(None)], ids=["no score", "no value"])
def test_without_a_score_there_is_nothing_to_compare(estimate: None) -> None:
    assert measure_harm(estimate, AT_LEVEL, make_signals()) is None


def test_the_first_score_makes_the_level_and_never_alarms() -> None:
    harm = harm_of(0.1, PolicyState())
    state = learn_level(PolicyState(), harm, n_batches_old=99)

    assert (harm.drop, harm.is_alarm) == (0, False)
    assert (state.level, state.surprises) == (0.1, ())


@pytest.mark.parametrize(("beyond", "is_alarm"), [(-TINY, False), (TINY, True)])
def test_a_drop_alarms_over_three_errors_of_sampling_and_spread(
    beyond: float, is_alarm: bool
) -> None:
    limit = Z * hypot(0.005, SPREAD_AT_FIRST)

    harm = harm_of(0.8 - limit - beyond)

    assert harm.limit == pytest.approx(limit)
    assert harm.is_alarm is is_alarm


def test_a_rise_is_no_alarm() -> None:
    assert not harm_of(0.99).is_alarm


def test_where_less_is_better_a_rise_of_the_metric_is_the_drop() -> None:
    signals = make_signals(chance=log(2), higher_is_better=False)
    state = PolicyState(level=-0.4)

    worse = measure_harm(make_estimate(0.6, name="log_loss"), state, signals)
    better = measure_harm(make_estimate(0.3, name="log_loss"), state, signals)

    assert worse is not None
    assert better is not None
    assert (worse.drop, worse.is_alarm) == pytest.approx((0.2, True))
    assert worse.severity == pytest.approx(0.2 / (log(2) - 0.4))
    assert (better.drop, better.is_alarm) == pytest.approx((-0.1, False))


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        pytest.param(0.8, 0.1 / 0.3, id="of what is above chance"),
        pytest.param(0.52, 0.1 / 0.05, id="at least of a little skill"),
        pytest.param(0.3, 0.1 / 0.05, id="below chance"),
    ],
)
def test_severity_is_a_share_of_the_skill(level: float, severity: float) -> None:
    harm = harm_of(level - 0.1, PolicyState(level=level))

    assert harm.severity == pytest.approx(severity)


def test_the_spread_is_learnt_once_there_are_surprises_enough() -> None:
    surprises = (0.05, -0.05, 0.05, -0.05, 0.05)

    few = PolicyState(surprises=surprises[: MIN_SURPRISES - 1])
    enough = PolicyState(surprises=surprises)
    calm = PolicyState(surprises=(0.0,) * MIN_SURPRISES)

    assert spread(few) == SPREAD_AT_FIRST
    assert spread(enough) == pytest.approx(SD_PER_MAD * 0.05)
    assert spread(calm) == MIN_SPREAD


def test_a_stream_of_hard_and_easy_batches_does_not_alarm() -> None:
    state = PolicyState(level=0.8)
    for n in range(MAX_SURPRISES):
        state = learn_level(state, harm_of(0.8 + (-1) ** n * 0.05, state), n_batches_old=0)

    assert not harm_of(0.68, state).is_alarm
    assert harm_of(0.68).is_alarm
    assert len(state.surprises) <= MAX_SURPRISES


@pytest.mark.parametrize(
    ("n_batches_old", "is_learnt"), [(0, True), (FRESH_BATCHES - 1, True), (FRESH_BATCHES, False)]
)
def test_only_fresh_champions_move_the_level(n_batches_old: int, is_learnt: bool) -> None:
    state = learn_level(AT_LEVEL, harm_of(0.81), n_batches_old=n_batches_old)

    assert state.level == pytest.approx(0.8 + WEIGHT * 0.01 if is_learnt else 0.8)
    assert len(state.surprises) == is_learnt


def test_neither_an_alarm_nor_an_episode_moves_the_level() -> None:
    episode = AT_LEVEL.model_copy(update={"episode": Episode(since=1, before="1")})

    assert learn_level(AT_LEVEL, harm_of(0.5), n_batches_old=0) == AT_LEVEL
    assert learn_level(episode, harm_of(0.81), n_batches_old=0) == episode


def test_the_error_of_a_mean_shrinks_with_its_number() -> None:
    assert mean_gain([(0.1, 0.02)]) == pytest.approx((0.1, 0.02))
    assert mean_gain([(0.1, 0.02), (0.3, 0.02)]) == pytest.approx((0.2, 0.02 / 2**0.5))
