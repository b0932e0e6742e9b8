"""Small lines beside a number: coordinates for SVG, drawn by the server."""

from collections.abc import Sequence
from dataclasses import dataclass

from evergreen.presentation.formatting import number, percent

WIDTH, HEIGHT, MARGIN = 96.0, 28.0, 3.0


@dataclass(frozen=True)
class Sparkline:
    """A line of the newest figures, oldest on the left.

    Attributes:
        lines: ``points`` of polylines; a figure that was not measured breaks the line.
        last: Where the newest measured figure stands; None where nothing was measured.
        text: The same in words.
    """

    lines: tuple[str, ...]
    last: tuple[float, float] | None
    text: str
    width: float = WIDTH
    height: float = HEIGHT


def draw_sparkline(
    values: Sequence[float | None], *, what: str, is_share: bool = False
) -> Sparkline:
    """Return the line of ``values``; a share is drawn on 0 to 1, anything else on its own range."""
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline((), None, f"{what}: not measured yet")
    low, high = (0.0, 1.0) if is_share else (min(known), max(known))
    places = [
        None if v is None else _place(i, len(values), v, low, high) for i, v in enumerate(values)
    ]
    shown = percent if is_share else number
    text = (
        f"{what}, {len(known)} newest values: {shown(min(known))} to {shown(max(known))},"
        f" newest {shown(known[-1])}"
    )
    return Sparkline(tuple(_lines(places)), next(p for p in reversed(places) if p), text)


def _place(index: int, n: int, value: float, low: float, high: float) -> tuple[float, float]:
    across = WIDTH - 2 * MARGIN
    down = HEIGHT - 2 * MARGIN
    x = MARGIN + (across * index / (n - 1) if n > 1 else across)
    part = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
    return round(x, 1), round(HEIGHT - MARGIN - down * part, 1)


def _lines(places: Sequence[tuple[float, float] | None]) -> list[str]:
    """Return runs of at least two neighbours."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [" ".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1]
