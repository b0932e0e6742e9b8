from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.data.batches import (
    batch_id,
    batch_start,
    following,
    is_batch_id,
    next_batch,
    period,
)

moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001 - made UTC here
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)
ids = moments.map(batch_id)


@pytest.mark.parametrize(
    "text", ["2013-01-08", "2013-01-08T06:00", "2012-02-29", "2013-12-31T23:59"]
)
def test_iso_dates_are_batch_ids(text: str) -> None:
    assert is_batch_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2013-1-8",
        "20130108",
        "2013-02-29",
        "2013-13-01",
        "2013-01-08T24:00",
        "2013-01-08T06:00:00",
        "2013-01-08T06:00Z",
        "2013-01-08 06:00",
        "2013-01-08\n",
        "\u0662\u0660\u0661\u0663-01-08",
        "../2013-01-08",
        "_tmp",
        "yesterday",
    ],
)
def test_other_names_are_no_batch_ids(text: str) -> None:
    assert not is_batch_id(text)


def test_start_of_no_batch_id_is_refused() -> None:
    with pytest.raises(ValueError, match="not a batch id"):
        batch_start("yesterday")


@given(moments)
def test_id_and_start_are_inverse(moment: datetime) -> None:
    assert batch_start(batch_id(moment)) == moment


@given(moments, moments)
def test_ids_sort_as_their_times(one: datetime, other: datetime) -> None:
    assert (batch_id(one) < batch_id(other)) == (one < other)


def test_id_is_in_utc() -> None:
    new_york = timezone(timedelta(hours=-5))

    assert batch_id(datetime(2013, 1, 7, 19, tzinfo=new_york)) == "2013-01-08"
    with pytest.raises(ValueError, match="no timezone"):
        batch_id(datetime(2013, 1, 8))  # noqa: DTZ001 - what is refused here


@pytest.mark.parametrize(
    ("batch", "every_days", "expected"),
    [
        ("2013-01-01", 7, "2013-01-08"),
        ("2013-12-31", 1, "2014-01-01"),
        ("2013-01-08", 0.25, "2013-01-08T06:00"),
        ("2013-01-08T18:00", 0.25, "2013-01-09"),
        ("2013-03-09", 1, "2013-03-10"),
        ("2012-02-28", 1, "2012-02-29"),
    ],
)
def test_following_is_one_step_later(batch: str, every_days: float, expected: str) -> None:
    assert following(batch, every_days=every_days) == expected


@pytest.mark.parametrize("every_days", [0, -1, 1 / 86400])
def test_step_below_a_minute_is_refused(every_days: float) -> None:
    with pytest.raises(ValueError, match="at least one minute"):
        following("2013-01-01", every_days=every_days)


def test_step_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        following("9999-12-31", every_days=1)


@given(ids, st.floats(1 / 1440, 400))
def test_following_is_later(batch: str, every_days: float) -> None:
    assert following(batch, every_days=every_days) > batch


def test_period_starts_at_the_id() -> None:
    window = period("2013-01-08", every_days=7)

    assert (window.start, window.end) == (
        datetime(2013, 1, 8, tzinfo=UTC),
        datetime(2013, 1, 15, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("landed", "known", "expected", "taken"),
    [
        pytest.param([], [], None, None, id="nothing landed"),
        pytest.param(["2013-01-08", "2013-01-01"], [], None, "2013-01-01", id="the first of all"),
        pytest.param(["2013-01-01"], ["2013-01-01"], None, None, id="nothing new"),
        pytest.param(
            ["2013-01-01", "2013-01-22"],
            ["2013-01-08"],
            "2013-01-15",
            "2013-01-22",
            id="over a gap",
        ),
        pytest.param(["2013-01-01"], ["2013-01-08"], None, None, id="late ones are left"),
        pytest.param(
            ["2013-01-01", "2013-01-15"], [], "2013-01-08", "2013-01-15", id="start where expected"
        ),
        pytest.param(["2013-01-08"], [], "2013-01-08", "2013-01-08", id="exactly the expected"),
        pytest.param(
            ["2013-01-09"], ["2013-01-08"], "2013-01-15", "2013-01-09", id="sooner than expected"
        ),
        pytest.param(["_tmp", "x", "2013-01-01"], [], None, "2013-01-01", id="other folders"),
        pytest.param(
            ["2013-01-08T00:00"], ["2013-01-08"], None, None, id="same moment, other name"
        ),
    ],
)
def test_next_batch(
    landed: list[str], known: list[str], expected: str | None, taken: str | None
) -> None:
    assert next_batch(landed, known, expected=expected) == taken


@given(st.lists(ids, max_size=20), st.lists(ids, max_size=20))
def test_next_batch_is_the_smallest_after_all_known(landed: list[str], known: list[str]) -> None:
    taken = next_batch(landed, known)

    later = [batch for batch in landed if not known or batch > max(known)]
    assert taken == (min(later) if later else None)


@given(st.lists(ids, max_size=20))
def test_taking_until_nothing_is_left_takes_each_once_in_order(landed: list[str]) -> None:
    known: list[str] = []

    while (batch := next_batch(landed, known)) is not None:
        known.append(batch)

    assert known == sorted(set(landed))
