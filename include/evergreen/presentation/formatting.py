"""Numbers, shares, durations and moments as text. Unmeasured values are a dash, never a zero."""

from datetime import UTC, datetime

from evergreen.records import MetricEstimate
from evergreen.spec.metric_labels import METRIC_LABELS

WITH_ES = ("s", "x", "z", "ch", "sh")
NOTHING = "\N{EN DASH}"
Z_95 = 1.959963984540054
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
STEPS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"))
LARGE, SMALL = 1000.0, 1e-4
TWO_DAYS_HOURS, DAY_HOURS = 48, 24
METRICS: dict[str, str] = dict(METRIC_LABELS.items())


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


def plural(n: int, noun: str) -> str:
    """Return a count with its noun: ``1 rule``, ``3 rules``, ``1,200 batches``."""
    ending = "es" if noun.endswith(WITH_ES) else "s"
    return f"{n} {noun}" if n == 1 else f"{n:,} {noun}{ending}"


def moment(value: datetime | None) -> str:
    """Return a moment to the minute, in UTC: ``2013-03-05 06:10 UTC``."""
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


def duration(hours: float) -> str:
    """Return a duration in its usual unit: ``4 seconds``, ``20 minutes``, ``6 hours``, ``8 days``.

    Args:
        hours: How long, in hours.
    """
    if hours < MINUTE / HOUR:
        return plural(round(hours * HOUR), "second")
    if hours < 1:
        return plural(round(hours * MINUTE), "minute")
    if hours >= TWO_DAYS_HOURS:
        return f"{hours / DAY_HOURS:.3g} days"
    return "1 hour" if hours == 1 else f"{hours:.3g} hours"


def metric_label(name: str | None) -> str:
    """Return the label of a metric; ``metric`` if none was measured."""
    if not name:
        return "metric"
    return METRICS.get(name, name.replace("_", " "))


def with_error(value: float | None, error: float | None) -> str:
    """Return a value with its standard error, if that is known: ``0.7100 ± 0.0100``."""
    return number(value) if error is None else f"{number(value)} ± {number(error)}"


def gain_with_error(gain: float | None, error: float | None) -> str:
    """Return a difference with its sign and its standard error: ``+0.0100 ± 0.0020``."""
    told = number(gain, is_signed=True)
    return told if error is None else f"{told} ± {number(error)}"


def interval(estimate: MetricEstimate | None) -> str:
    """Return the 95 % interval of an estimate, if its error is known."""
    if estimate is None:
        return NOTHING
    return between(*interval_ends(estimate.value, estimate.se))


def interval_ends(
    value: float | None, error: float | None
) -> tuple[float, float] | tuple[None, None]:
    """Return both ends of the 95 % interval of a value; None if value or error is not known.

    Args:
        value: The estimate.
        error: Its standard error, in the same unit.
    """
    if value is None or error is None:
        return None, None
    half = Z_95 * error
    return value - half, value + half


def between(low: float | None, high: float | None, *, is_signed: bool = False) -> str:
    """Return two ends as one text."""
    if low is None or high is None:
        return NOTHING
    return f"{number(low, is_signed=is_signed)} to {number(high, is_signed=is_signed)}"
