import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.signals import make_facts, make_labelled
from evergreen.policy.pace import (
    BATCHES_COMPARED,
    DRIFT_TO_WORRY,
    MAX_BATCHES,
    MAX_SAMPLES,
    ORDINARY_RATE,
    PACE_OF_BUDGET,
    QUIET_RATE,
    learn_rate,
    measure_pace,
)
from evergreen.signals import PolicyState, RateSample

DRIFTING = PolicyState(drifted=(1.0,) * 5)
BUDGET = 0.2


def with_samples(*gains: float, state: PolicyState = DRIFTING, number: int = 10) -> PolicyState:
    samples = tuple(RateSample(number=number, gain=g, se=0.005, n_batches=4) for g in gains)
    return state.model_copy(update={"samples": samples})


def test_an_ordinary_rate_is_answered_at_the_pace_of_the_budget() -> None:
    pace = measure_pace(DRIFTING, 10, BUDGET)

    assert pace.rate == pytest.approx(ORDINARY_RATE)
    assert pace.n_batches == pytest.approx(PACE_OF_BUDGET / BUDGET)
    assert (pace.is_moving, pace.n_samples) == (True, 0)


def test_quiet_data_is_paced_slowly() -> None:
    never_measured = measure_pace(PolicyState(), 10, BUDGET)
    quiet = measure_pace(PolicyState(drifted=(0.0,) * 9), 10, BUDGET)

    assert quiet == never_measured
    assert (quiet.rate, quiet.is_moving) == pytest.approx((QUIET_RATE, False))
    assert quiet.n_batches > 3 * measure_pace(DRIFTING, 10, BUDGET).n_batches


def test_drift_worries_by_its_share_up_to_a_limit() -> None:
    rates = [
        measure_pace(PolicyState(drifted=(share,) * 5), 10, BUDGET).rate
        for share in (DRIFT_TO_WORRY / 2, DRIFT_TO_WORRY, 1.0)
    ]

    assert rates == pytest.approx([ORDINARY_RATE / 2, ORDINARY_RATE, ORDINARY_RATE])


def test_drift_of_long_ago_is_forgotten() -> None:
    state = PolicyState(drifted=(1.0,) * 20 + (0.0,) * 5)

    assert measure_pace(state, 10, BUDGET).rate == pytest.approx(QUIET_RATE)


def test_the_interval_falls_as_the_measured_decay_rises() -> None:
    found = [
        measure_pace(with_samples(*[gain] * 6), 10, BUDGET) for gain in (-0.02, 0.0, 0.04, 0.2)
    ]

    intervals = [pace.n_batches for pace in found]
    assert intervals == sorted(intervals, reverse=True)
    assert len(set(intervals)) == len(intervals)
    assert [pace.n_samples for pace in found] == [6] * 4


def test_old_samples_weigh_less() -> None:
    newest = measure_pace(with_samples(0.2, number=10), 10, BUDGET)
    old = measure_pace(with_samples(0.2, number=10), 60, BUDGET)

    assert ORDINARY_RATE < old.rate < newest.rate


@given(
    gains=st.lists(st.floats(-1, 1), max_size=20),
    shares=st.lists(st.floats(0, 1), max_size=10),
    budget=st.floats(0.01, 1),
)
def test_the_interval_is_within_its_bounds(
    gains: list[float], shares: list[float], budget: float
) -> None:
    state = with_samples(*gains, state=PolicyState(drifted=tuple(shares)))

    pace = measure_pace(state, 10, budget)

    assert pace.rate > 0
    assert 1 <= pace.n_batches <= max(MAX_BATCHES, 4 / budget)


COMPARING = PolicyState(comparing=make_facts("2", trained_through=1))
CHAMPION = make_facts("3", trained_through=5)
FELL_BEHIND = {"2": (-0.03, 0.004)}


@pytest.mark.parametrize(
    ("age", "is_learnt"), [(0, True), (BATCHES_COMPARED - 1, True), (BATCHES_COMPARED, False)]
)
def test_decay_is_measured_on_a_champions_first_batches_only(age: int, is_learnt: bool) -> None:
    state = learn_rate(COMPARING, CHAMPION, make_labelled(5 + age, gains=FELL_BEHIND))

    wanted = RateSample(number=5 + age, gain=0.03, se=0.004, n_batches=4)
    assert state.samples == ((wanted,) if is_learnt else ())


@pytest.mark.parametrize(
    ("comparing", "gains"),
    [
        pytest.param(None, FELL_BEHIND, id="nothing to compare with"),
        pytest.param(make_facts("2", 1, fraction=0.25), FELL_BEHIND, id="less was learnt from"),
        pytest.param(make_facts("2", 5), FELL_BEHIND, id="no younger"),
        pytest.param(make_facts("2", 7), FELL_BEHIND, id="older"),
        pytest.param(make_facts("2", 1), {"1": (-0.03, 0.004)}, id="only another is scored"),
    ],
)
def test_what_is_not_comparable_tells_no_rate(
    comparing: None, gains: dict[str, tuple[float, float]]
) -> None:
    state = PolicyState(comparing=comparing)

    assert learn_rate(state, CHAMPION, make_labelled(5, gains=gains)) == state


def test_only_the_newest_samples_are_kept() -> None:
    full = with_samples(*[0.0] * MAX_SAMPLES, state=COMPARING)

    state = learn_rate(full, CHAMPION, make_labelled(5, gains=FELL_BEHIND))

    assert len(state.samples) == MAX_SAMPLES
    assert state.samples[-1].gain == 0.03
