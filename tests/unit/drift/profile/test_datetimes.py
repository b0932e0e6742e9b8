import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.profile.datetimes import to_axis, to_microseconds

MOMENT = dt.datetime(2013, 1, 8, 6, 30, tzinfo=dt.UTC)
MICROSECONDS = 1_357_626_600_000_000.0
DAY = 1_357_603_200_000_000.0


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param(pa.array([MOMENT, None], pa.timestamp("s", "UTC")), MICROSECONDS, id="s"),
        pytest.param(pa.array([MOMENT, None], pa.timestamp("ms", "UTC")), MICROSECONDS, id="ms"),
        pytest.param(pa.array([MOMENT, None], pa.timestamp("us", "UTC")), MICROSECONDS, id="us"),
        pytest.param(pa.array([MOMENT, None], pa.timestamp("ns", "UTC")), MICROSECONDS, id="ns"),
        pytest.param(
            pa.array([MOMENT, None], pa.timestamp("us", "America/New_York")),
            MICROSECONDS,
            id="other timezone",
        ),
        pytest.param(
            pa.array([MOMENT.replace(tzinfo=None), None], pa.timestamp("us")),
            MICROSECONDS,
            id="no timezone is UTC",
        ),
        pytest.param(pa.array([MOMENT.date(), None], pa.date32()), DAY, id="date32"),
        pytest.param(pa.array([MOMENT.date(), None], pa.date64()), DAY, id="date64"),
        pytest.param(
            pa.array([MOMENT, None], pa.timestamp("us", "UTC")).dictionary_encode(),
            MICROSECONDS,
            id="dictionary",
        ),
    ],
)
def test_datetimes_are_microseconds_in_utc(array: pa.Array, expected: float) -> None:
    np.testing.assert_array_equal(to_microseconds(array), [expected, np.nan])


def test_nanoseconds_are_cut_so_that_ties_stay_ties() -> None:
    in_nanoseconds = pa.array([1_357_626_600_000_001_999], pa.timestamp("ns", "UTC"))
    in_microseconds = pa.array([1_357_626_600_000_001], pa.timestamp("us", "UTC"))

    assert to_microseconds(in_nanoseconds) == to_microseconds(in_microseconds)


def test_seconds_far_in_the_future_do_not_wrap() -> None:
    assert to_microseconds(pa.array([2**60], pa.timestamp("s"))) == 2.0**60 * 1e6


def test_nulls_without_a_type_are_missing() -> None:
    np.testing.assert_array_equal(to_microseconds(pa.nulls(2)), [np.nan, np.nan])


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1]),
        pa.array(["2013-01-08"]),
        pa.array([dt.time(6, 30)]),
        pa.array([dt.timedelta(days=1)]),
    ],
    ids=["integer", "text", "time", "duration"],
)
def test_what_is_no_datetime_is_refused(array: pa.Array) -> None:
    with pytest.raises(TypeError, match="expected timestamps or dates, came"):
        to_microseconds(array)


def test_a_timestamp_is_no_number() -> None:
    with pytest.raises(TypeError, match="expected numbers, came timestamp"):
        to_axis(pa.array([MOMENT]), "numeric")
