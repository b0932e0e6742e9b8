"""Values with their 95 % intervals as dots with whiskers: coordinates for SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from evergreen.presentation.formatting import Z_95, between, number
from evergreen.records import Evaluation, MetricEstimate

WIDTH, ROW, EDGE, AXIS = 330.0, 42.0, 24.0, 30.0


@dataclass(frozen=True)
class Whisker:
    """One row: a name, where its dot stands and, if its error is known, both ends."""

    name: str
    tone: str
    text: str
    y: float
    dot: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Whiskers:
    """The picture; ``ticks`` are (place, label), ``zero`` is the place of 0 where it is drawn."""

    rows: tuple[Whisker, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float | None
    height: float
    text: str
    width: float = WIDTH
    left: float = EDGE
    right: float = WIDTH - EDGE


Value = tuple[str, str, float, float | None, float | None]


def compare_estimates(evaluation: Evaluation | None) -> Whiskers | None:
    """Return challenger and champion on the same rows; None where neither has a value."""
    if evaluation is None:
        return None
    rows = (
        _value(f"champion v{evaluation.champion_version}", "reference", evaluation.champion),
        _value(f"challenger v{evaluation.challenger_version}", "current", evaluation.challenger),
    )
    return draw_whiskers([row for row in rows if row is not None])


def draw_gain(evaluation: Evaluation | None) -> Whiskers | None:
    """Return the gain with its interval, on an axis that shows zero; None where there is none."""
    if evaluation is None or evaluation.gain is None:
        return None
    low, high = evaluation.gain_low, evaluation.gain_high
    return draw_whiskers([("gain", "current", evaluation.gain, low, high)], has_zero=True)


def draw_whiskers(values: Sequence[Value], *, has_zero: bool = False) -> Whiskers | None:
    """Return the picture of (name, tone, value, low, high); None without any value."""
    if not values:
        return None
    ends = [end for _, _, *three in values for end in three if end is not None]
    start, stop = _range([*ends, 0.0] if has_zero else ends)

    def place(value: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (value - start) / (stop - start), 1)

    rows = tuple(
        Whisker(
            name=name,
            tone=tone,
            text=number(value, is_signed=has_zero),
            y=ROW * (i + 0.7),
            dot=place(value),
            low=None if low is None else place(low),
            high=None if high is None else place(high),
        )
        for i, (name, tone, value, low, high) in enumerate(values)
    )
    ticks = tuple(
        (place(v), number(v, is_signed=has_zero)) for v in (start, (start + stop) / 2, stop)
    )
    told = [f"{n} {number(v)}, 95 % interval {between(low, high)}" for n, _, v, low, high in values]
    zero = place(0.0) if has_zero else None
    return Whiskers(rows, ticks, zero, ROW * len(values) + AXIS, "; ".join(told))


def _range(ends: Sequence[float]) -> tuple[float, float]:
    """Return a range with a little room on both sides; never of length zero."""
    low, high = min(ends), max(ends)
    room = 0.08 * (high - low) or max(abs(low) * 0.05, 1e-6)
    return low - room, high + room


def _value(name: str, tone: str, estimate: MetricEstimate | None) -> Value | None:
    if estimate is None or estimate.value is None:
        return None
    if estimate.se is None:
        return name, tone, estimate.value, None, None
    half = Z_95 * estimate.se
    return name, tone, estimate.value, estimate.value - half, estimate.value + half
