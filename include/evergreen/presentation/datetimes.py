"""Dates and times that people type."""

from datetime import UTC, date, datetime, timedelta

from evergreen.errors import RequestError
from evergreen.records import Window

FORMS = "expected 2013-03-08 or 2013-03-08T06:00 (UTC, unless it names another zone)"


def read_moment(text: str) -> datetime:
    """Return the typed time, in UTC; a date means its first instant.

    Raises:
        RequestError: It is neither a date nor a time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise RequestError(f"{text!r:.60} is not a date or time; {FORMS}") from err
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_span(text: str) -> Window:
    """Return the typed span: the whole day of a date, or one microsecond of a time.

    Raises:
        RequestError: It is neither a date nor a time.
    """
    start = read_moment(text)
    try:
        date.fromisoformat(text)
    except ValueError:
        return Window(start=start, end=start + timedelta(microseconds=1))
    return Window(start=start, end=start + timedelta(days=1))
