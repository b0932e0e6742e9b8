"""How batches are numbered: from the first accepted one, on a grid in time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.data.batches import BatchNumbers
from evergreen.records import Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2013, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = 7 * DAY


def weeks(first: int, n_weeks: int = 1) -> Window:
    return Window(start=START + first * WEEK, end=START + (first + n_weeks) * WEEK)


@pytest.mark.parametrize("n_weeks", [1, 12, 104])
def test_the_first_batch_is_0_however_much_history_it_holds(n_weeks: int) -> None:
    numbers = BatchNumbers.of_first(weeks(0, n_weeks), every_days=7)

    assert numbers.number_of(weeks(0, n_weeks)) == 0
    assert [numbers.number_of(weeks(n_weeks + n)) for n in range(3)] == [1, 2, 3]


def test_a_gap_keeps_its_numbers_and_a_batch_that_makes_up_for_it_has_the_last() -> None:
    numbers = BatchNumbers.of_first(weeks(0), every_days=7)

    assert numbers.number_of(weeks(5)) == 5
    assert numbers.number_of(weeks(1, 4)) == 4


@pytest.mark.parametrize("minutes", [-600, -1, 0, 1, 600])
def test_windows_that_end_a_little_early_or_late_keep_their_numbers(minutes: int) -> None:
    numbers = BatchNumbers.of_first(weeks(0), every_days=7)
    end = weeks(3).end + timedelta(minutes=minutes)

    assert numbers.number_of(Window(start=weeks(3).start, end=end)) == 3


@pytest.mark.parametrize(("every_days", "n"), [(1.0, 40), (0.25, 9), (1 / 3, 11), (30.0, 2)])
def test_other_cadences_count_their_own_periods(every_days: float, n: int) -> None:
    period = timedelta(days=every_days)
    numbers = BatchNumbers.of_first(Window(start=START, end=START + period), every_days=every_days)

    assert numbers.number_of(Window(start=START + n * period, end=START + (n + 1) * period)) == n


@pytest.mark.parametrize(("days", "number"), [(0, 0), (7, 1), (8, 2), (14, 2), (-7, -1), (-10, -1)])
def test_a_model_is_trained_through_the_next_batch_that_it_knows_nothing_of(
    days: int, number: int
) -> None:
    numbers = BatchNumbers.of_first(weeks(0), every_days=7)

    assert numbers.first_from(START + days * DAY) == number


@given(first=st.integers(0, 3000), n_weeks=st.integers(1, 60), later=st.integers(0, 3000))
def test_what_was_counted_from_1970_is_the_same_less_the_shift(
    first: int, n_weeks: int, later: int
) -> None:
    numbers = BatchNumbers.of_first(weeks(first, n_weeks), every_days=7)
    window = weeks(first + n_weeks + later)
    old = int((window.start - EPOCH) / WEEK)

    assert old - numbers.shift_from(EPOCH) == numbers.number_of(window) == later + 1


@given(n_before=st.integers(0, 300))
def test_an_older_batch_moves_the_grid_back_by_whole_periods(n_before: int) -> None:
    numbers = BatchNumbers.of_first(weeks(0), every_days=7)

    moved = numbers.reaching(weeks(-n_before))

    assert moved.number_of(weeks(-n_before)) == 0
    assert moved.number_of(weeks(4)) == 4 + n_before
    assert moved.shift_from(numbers.start) == -n_before
    assert moved.reaching(weeks(3)) == moved
