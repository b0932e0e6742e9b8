"""The few SVG elements that the pictures are made of; every text is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape

from evergreen.backtest.report.phrases import printable

Point = tuple[float, float]


def shown(words: str) -> str:
    """Make words safe for the page: escaped, and with a mark for what cannot be printed."""
    return escape(printable(words))


def picture(width: float, height: float, body: Iterable[str], *, label: str, kind: str) -> str:
    """Wrap elements as one picture that scales with the page.

    Args:
        width: In pixels of its own; text has the size it would have at this width.
        height: The same.
        body: Elements, back to front.
        label: What it shows, for those who cannot see it.
        kind: CSS class: at which widths of the page it is shown.
    """
    return (
        f'<svg class="{shown(kind)}" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{shown(label)}">{"".join(body)}</svg>'
    )


def line(start: Point, end: Point, css: str) -> str:
    """Draw a straight line."""
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{shown(css)}"/>'


def curve(points: Sequence[Point | None], css: str) -> str:
    """Draw a line through points; it is interrupted where one is None, and a lone one is a dot."""
    commands = []
    for place, point in enumerate(points):
        if point is None:
            continue
        is_new = place == 0 or points[place - 1] is None
        is_alone = is_new and (place + 1 == len(points) or points[place + 1] is None)
        commands.append(f"{'M' if is_new else 'L'}{point[0]:.1f} {point[1]:.1f}")
        if is_alone:
            commands.append("h.1")
    return f'<path d="{"".join(commands)}" class="{shown(css)}"/>'


def area(points: Sequence[Point], css: str) -> str:
    """Fill what the points enclose."""
    joined = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{joined}Z" class="{shown(css)}"/>'


def box(corner: Point, width: float, height: float, css: str, *, tip: str = "") -> str:
    """Draw a rectangle from its upper left corner, with words for the pointer that rests on it."""
    x, y = corner
    inner = f"<title>{shown(tip)}</title>" if tip else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' class="{shown(css)}">{inner}</rect>'
    )


def shape(points: Sequence[Point], css: str, *, tip: str) -> str:
    """Fill a small mark, with words for the pointer that rests on it."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{joined}" class="{shown(css)}"><title>{shown(tip)}</title></polygon>'


def dot(at: Point, radius: float, css: str, *, tip: str) -> str:
    """Draw a circle, with words for the pointer that rests on it."""
    return (
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" class="{shown(css)}">'
        f"<title>{shown(tip)}</title></circle>"
    )


def text(at: Point, words: str, css: str = "", *, anchor: str = "start") -> str:
    """Write words: they start, end or have their middle at the point, on the base line."""
    return (
        f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" class="{shown(css)}">'
        f"{shown(words)}</text>"
    )
