"""Dates and times that people type."""

from datetime import UTC, datetime, timedelta

import pytest

from evergreen.errors import RequestError
from evergreen.presentation.datetimes import read_moment, read_span


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013-03-08", datetime(2013, 3, 8, tzinfo=UTC)),
        ("2013-03-08T06:00", datetime(2013, 3, 8, 6, tzinfo=UTC)),
        ("2013-03-08T06:00Z", datetime(2013, 3, 8, 6, tzinfo=UTC)),
        ("2013-03-08T06:00-05:00", datetime(2013, 3, 8, 11, tzinfo=UTC)),
    ],
)
def test_read_moment_is_in_utc(text: str, moment: datetime) -> None:
    assert read_moment(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2013-02-30", "08.03.2013"])
def test_read_moment_refuses_what_is_no_date(text: str) -> None:
    with pytest.raises(RequestError, match="is not a date or time; expected 2013-03-08"):
        read_moment(text)


def test_read_span_is_a_day_for_a_date_and_an_instant_for_a_time() -> None:
    assert read_span("2013-03-08").days == 1
    instant = read_span("2013-03-08T06:00")
    assert instant.end - instant.start == timedelta(microseconds=1)
