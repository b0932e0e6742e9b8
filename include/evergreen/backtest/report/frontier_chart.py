"""The picture of what each policy kept against what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from evergreen.backtest.report import svg
from evergreen.backtest.report.axes import Scale, Tick, share_ticks, value_ticks
from evergreen.backtest.report.phrases import METRIC_WORDS, percent, score_text
from evergreen.backtest.report.summary import SummaryRow, frontier
from evergreen.metrics import higher_is_better
from evergreen.spec.model import MetricName

LEFT, RIGHT, TOP, BOTTOM = 52.0, 22.0, 34.0, 46.0
LABEL_HEIGHT = 30.0
CHAR_WIDTH = 7.0
GAP = 11.0
PADDING = 0.08


@dataclass(frozen=True)
class _Point:
    row: SummaryRow
    name: str
    note: str
    x: float
    y: float


def draw_frontier(
    rows: Sequence[SummaryRow], metric: MetricName, *, width: float, kind: str, css: dict[str, str]
) -> str:
    """Draw one labelled point per policy, and the frontier of those that no other beats.

    Where retraining at every batch gains too little for a share of it, the score takes its place.

    Args:
        rows: All policies.
        metric: What the scores are.
        width: In pixels; the height follows.
        kind: CSS class of the picture.
        css: Class of the colour of each policy.
    """
    height = 380.0 if width > 500 else 330.0  # noqa: PLR2004 - a phone's picture is lower
    known = [row for row in rows if row.score is not None and row.gain is not None]
    has_share = any(row.kept is not None for row in known)
    values = {row.policy: (row.kept if has_share else row.score) or 0.0 for row in known}
    low, high = min(values.values(), default=0.0), max(values.values(), default=1.0)
    pad = (high - low or 0.02) * PADDING
    x = Scale(0.0, max(1.0, *(row.cost for row in rows)), LEFT, width - RIGHT)
    y = Scale(low - pad, high + pad, height - BOTTOM, TOP)
    points = [
        _Point(row, row.policy, _note(row, has_share), x(row.cost), y(values[row.policy]))
        for row in known
    ]
    best = frontier(rows)
    ticks = share_ticks if has_share else value_ticks
    body = _axes(x, y, ticks(y.low, y.high, most=6), width=width, height=height)
    upward = "" if higher_is_better(metric) or has_share else " (lower is better)"
    what = "kept: share of the gain of retraining at every batch"
    title = what if has_share else f"score: mean {METRIC_WORDS[metric]}{upward}"
    body += [svg.text((4, 16), title, "axis")]
    path = _steps([p for p in points if p.name in best], x)
    body += _frontier(path, x, y)
    for point in points:
        tip = f"{point.name}: {point.note}; score {score_text(point.row.score)}"
        body.append(svg.dot((point.x, point.y), 6, f"point {css[point.name]}", tip=tip))
    body += _labels(points, path, width=width, floor=y.start)
    return svg.picture(width, height, body, label="Kept against cost, per policy", kind=kind)


def _note(row: SummaryRow, has_share: bool) -> str:
    value = percent(row.kept) if has_share else score_text(row.score)
    return f"{value} for {percent(row.cost)}"


def _axes(x: Scale, y: Scale, y_ticks: list[Tick], *, width: float, height: float) -> list[str]:
    body = []
    for tick in y_ticks:
        at = y(tick.at)
        body.append(svg.line((LEFT, at), (width - RIGHT, at), "grid"))
        body.append(svg.text((LEFT - 8, at + 4), tick.label, "tick", anchor="end"))
    for tick in share_ticks(x.low, x.high, most=6):
        at = x(tick.at)
        body.append(svg.line((at, y.start), (at, y.start + 4), "rule"))
        body.append(svg.text((at, y.start + 18), tick.label, "tick", anchor="middle"))
    body.append(svg.line((LEFT, y.start), (width - RIGHT, y.start), "rule"))
    words = "cost: trainings per batch"
    body.append(svg.text((width - RIGHT, height - 8), words, "axis", anchor="end"))
    return body


def _steps(points: list[_Point], x: Scale) -> list[svg.Point]:
    """Return the frontier's corners: a budget between two policies buys the cheaper one."""
    path: list[svg.Point] = []
    for point in sorted(points, key=lambda p: p.x):
        if path:
            path.append((point.x, path[-1][1]))
        path.append((point.x, point.y))
    return [*path, (x.end, path[-1][1])] if path else []


def _frontier(path: list[svg.Point], x: Scale, y: Scale) -> list[str]:
    if not path:
        return []
    below = [*path, (x.end, y.start), (path[0][0], y.start)]
    return [svg.area(below, "reach"), svg.curve(path, "frontier")]


def _labels(
    points: list[_Point], path: list[svg.Point], *, width: float, floor: float
) -> list[str]:
    """Write name and note beside each point, where they cover neither points, lines nor labels."""
    taken = [(p.x - 7, p.y - 7, p.x + 7, p.y + 7) for p in points]
    taken += [
        (min(x1, x2) - 2, min(y1, y2) - 2, max(x1, x2) + 2, max(y1, y2) + 2)
        for (x1, y1), (x2, y2) in pairwise(path)
    ]
    body = []
    for point in sorted(points, key=lambda p: (p.y, p.x)):
        length = CHAR_WIDTH * max(len(point.name), len(point.note))
        places = [place for place in _places(point, length) if _is_inside(place, width, floor)]
        place = min(places or _places(point, length), key=lambda p: _overlap(p, taken))
        taken.append(place)
        body.append(svg.text((place[0], place[1] + 12), point.name, "name halo"))
        body.append(svg.text((place[0], place[1] + 26), point.note, "tick halo"))
    return body


Box = tuple[float, float, float, float]


def _places(point: _Point, length: float) -> list[Box]:
    """Return where a label may stand, the best first: beside the point, then farther up or down."""
    right, left, middle = point.x + GAP, point.x - GAP - length, point.x - length / 2
    tops = [point.y - 14, point.y - 34, point.y + 4, point.y - 50, point.y + 20, point.y + 40]
    places = [(at, top) for top in tops for at in (right, left)]
    places += [(middle, point.y - 42), (middle, point.y + 10)]
    return [(at, top, at + length, top + LABEL_HEIGHT) for at, top in places]


def _is_inside(place: Box, width: float, floor: float) -> bool:
    is_within = place[0] >= LEFT and place[2] <= width
    return is_within and place[1] >= TOP - LABEL_HEIGHT and place[3] <= floor


def _overlap(place: Box, taken: list[Box]) -> float:
    total = 0.0
    for other in taken:
        wide = min(place[2], other[2]) - max(place[0], other[0])
        high = min(place[3], other[3]) - max(place[1], other[1])
        total += max(wide, 0.0) * max(high, 0.0)
    return total
