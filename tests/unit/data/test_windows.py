from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.data.windows import (
    inside,
    overlaps,
    training_and_holdout,
)
from evergreen.records import Window
from evergreen.spec.model import Windows

DAY = timedelta(days=1)
START = datetime(2013, 3, 1, tzinfo=UTC)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made UTC here


def window(first: float, last: float) -> Window:
    return Window(start=START + first * DAY, end=START + last * DAY)


windows = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: window(min(p), max(p)))


@given(moments, st.floats(0.1, 400), st.floats(0.1, 100))
def test_training_ends_where_the_holdout_starts(
    end: datetime, training_days: float, holdout_days: float
) -> None:
    lengths = Windows(training_days=training_days, holdout_days=holdout_days)

    training, holdout = training_and_holdout(end, lengths)

    assert holdout.end == end
    assert training.end == holdout.start
    assert not overlaps(training, holdout)
    assert training.days == pytest.approx(training_days, abs=1e-9)
    assert holdout.days == pytest.approx(holdout_days, abs=1e-9)


def test_one_run_may_train_on_another_length() -> None:
    lengths = Windows(training_days=56, holdout_days=7)

    training, holdout = training_and_holdout(START, lengths, training_days=14)

    assert (training.days, holdout.days) == (14, 7)


@given(windows, windows)
def test_overlap_is_mutual_and_means_a_shared_moment(one: Window, other: Window) -> None:
    days = [START + n * DAY for n in range(31)]
    shared = any(one.start <= d < one.end and other.start <= d < other.end for d in days)

    assert overlaps(one, other) == overlaps(other, one) == shared


@given(st.lists(st.integers(0, 30 * 24), max_size=50), windows)
def test_rows_are_in_when_their_time_is(hours: list[int], span: Window) -> None:
    times = [START + timedelta(hours=h) for h in hours]
    table = pa.table({"at": pa.array(times, pa.timestamp("us", tz="UTC")), "n": hours})

    found = table.filter(inside(table["at"], span))

    wanted = [h for h, t in zip(hours, times, strict=True) if span.start <= t < span.end]
    assert found["n"].to_pylist() == wanted


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_rows_are_found_in_other_units_and_zones(unit: str) -> None:
    times = pa.array([START - DAY / 24, START, None], pa.timestamp("us", tz="UTC"))
    table = pa.table({"at": times.cast(pa.timestamp(unit, tz="America/New_York"))})

    assert table.filter(inside(table["at"], window(0, 1))).num_rows == 1
