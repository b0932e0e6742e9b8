"""Numbers and moments as text. What was not measured is a dash, never a zero."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from evergreen.records import MetricEstimate

NOTHING = "\N{EN DASH}"
Z_95 = 1.959963984540054
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
STEPS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"))
LARGE, SMALL = 1000.0, 1e-4


def number(value: float | None, *, is_signed: bool = False) -> str:
    """Return a statistic with four decimals; very large and very small ones in three digits."""
    if value is None:
        return NOTHING
    sign = "+" if is_signed else ""
    if value and not SMALL <= abs(value) < LARGE:
        return f"{value:{sign}.3g}"
    return f"{value:{sign}.4f}"


def percent(share: float | None) -> str:
    """Return a share in 0..1 as whole per cent; below ten, with one decimal."""
    if share is None:
        return NOTHING
    digits = 1 if 0 < abs(share) < 0.1 else 0  # noqa: PLR2004 - ten per cent
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def count(n: int | None) -> str:
    """Return a whole number with separators."""
    return NOTHING if n is None else f"{n:,}"


def moment(value: datetime | None) -> str:
    """Return a moment to the minute, in UTC."""
    return NOTHING if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(value: datetime | None) -> str:
    """Return the date of a moment, in UTC."""
    return NOTHING if value is None else f"{value.astimezone(UTC):%Y-%m-%d}"


def age(value: datetime | None, now: datetime) -> str:
    """Return how long ago, or in how long: ``3 d ago``, ``in 2 h``, ``just now``."""
    if value is None:
        return ""
    seconds = (now - value).total_seconds()
    for length, unit in STEPS:
        if abs(seconds) >= length:
            told = f"{int(abs(seconds) // length)}\N{NO-BREAK SPACE}{unit}"
            return f"{told} ago" if seconds > 0 else f"in {told}"
    return "just now"


def interval(estimate: MetricEstimate | None) -> str:
    """Return the 95 % interval of an estimate, where its error is known."""
    if estimate is None or estimate.value is None or estimate.se is None:
        return NOTHING
    half = Z_95 * estimate.se
    return between(estimate.value - half, estimate.value + half)


def between(low: float | None, high: float | None, *, is_signed: bool = False) -> str:
    """Return two ends as one text."""
    if low is None or high is None:
        return NOTHING
    return f"{number(low, is_signed=is_signed)} to {number(high, is_signed=is_signed)}"


def web_address(link: str) -> str:
    """Return the address if a browser may follow it: http, https, or a path here; else nothing."""
    if not link.isprintable() or " " in link or "\\" in link:
        return ""
    if link.startswith("/") and not link.startswith("//"):
        return link
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return link if parts.scheme in ("http", "https") and parts.netloc else ""


def brief(values: Mapping[str, object]) -> str:
    """Return a small mapping as one line, in the order it has."""
    return ", ".join(f"{key}: {value}" for key, value in values.items() if value not in (None, ""))


def told(sentence: str) -> str:
    """Return a sentence with a capital at its start; names of columns stay as they are."""
    head, _, rest = sentence.partition(" ")
    return f"{head[:1].upper()}{head[1:]} {rest}".rstrip() if head.isalpha() else sentence
