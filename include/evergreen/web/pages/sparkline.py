"""Sparklines: their values, and the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from evergreen.presentation.formatting import number, percent


@dataclass(frozen=True)
class Sparkline:
    """A line of the newest figures, oldest on the left.

    Attributes:
        values: Measured values; None breaks the line. Empty if nothing was measured at all.
        text: The same in words.
        is_share: Whether the axis is 0 to 1; otherwise it is the range of the values.
    """

    values: tuple[float | None, ...]
    text: str
    is_share: bool


def make_sparkline(
    values: Sequence[float | None], *, what: str, is_share: bool = False
) -> Sparkline:
    """Return the line of ``values``; a share stays within 0 to 1."""
    kept = [min(max(v, 0.0), 1.0) if is_share and v is not None else v for v in values]
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline((), f"{what}: not measured yet", is_share)
    shown = percent if is_share else number
    text = (
        f"{what}, {len(known)} newest values: {shown(min(known))} to {shown(max(known))},"
        f" newest {shown(known[-1])}"
    )
    return Sparkline(tuple(kept), text, is_share)
