"""Values with their 95 % intervals: the data of their chart, and the same in words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from evergreen.presentation.formatting import between, interval_ends, number
from evergreen.records import Evaluation, Json, MetricEstimate


@dataclass(frozen=True)
class Interval:
    """One row: a name, its value and, if its error is known, both ends."""

    name: str
    tone: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Intervals:
    """The data of one chart.

    Attributes:
        rows: From the top down.
        has_zero: Whether the axis shows zero: the values are differences.
        text: The same in words.
    """

    rows: tuple[Interval, ...]
    has_zero: bool
    text: str

    def drawn(self) -> Json:
        """Return the JSON that the script of the page draws."""
        return {"rows": [asdict(row) for row in self.rows], "has_zero": self.has_zero}


def compare_estimates(evaluation: Evaluation | None) -> Intervals | None:
    """Return challenger and champion on the same rows; None if neither has a value."""
    if evaluation is None:
        return None
    rows = (
        _row(f"champion v{evaluation.champion_version}", "calm", evaluation.champion),
        _row(f"challenger v{evaluation.challenger_version}", "chart-1", evaluation.challenger),
    )
    return make_intervals([row for row in rows if row is not None])


def gain_interval(evaluation: Evaluation | None) -> Intervals | None:
    """Return the gain with its interval, on an axis that shows zero; None if there is none."""
    if evaluation is None or evaluation.gain is None:
        return None
    low, high = evaluation.gain_low, evaluation.gain_high
    return make_intervals([Interval("gain", "chart-1", evaluation.gain, low, high)], has_zero=True)


def make_intervals(rows: Sequence[Interval], *, has_zero: bool = False) -> Intervals | None:
    """Return the chart of some rows; None without any."""
    if not rows:
        return None
    told = [
        f"{row.name} {number(row.value, is_signed=has_zero)},"
        f" 95 % interval {between(row.low, row.high, is_signed=has_zero)}"
        for row in rows
    ]
    return Intervals(tuple(rows), has_zero, "; ".join(told))


def _row(name: str, tone: str, estimate: MetricEstimate | None) -> Interval | None:
    if estimate is None or estimate.value is None:
        return None
    return Interval(name, tone, estimate.value, *interval_ends(estimate.value, estimate.se))
