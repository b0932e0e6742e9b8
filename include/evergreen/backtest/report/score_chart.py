"""The picture of one policy over time: its score, and below it when it retrained and promoted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evergreen.backtest.engine.results import BacktestResult, PolicyRun
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.report import svg
from evergreen.backtest.report.axes import Scale, batch_ticks, moment_label, value_ticks

LEFT, RIGHT, TOP = 82.0, 44.0, 12.0
PLOT_HEIGHT = 150.0
ROW_HEIGHT, ROW_GAP = 16.0, 4.0
AXIS_HEIGHT = 24.0
LINE_HEIGHT = 13.0
SMOOTH_FROM = 120
SMOOTH_TO = 60
MAX_TIPS = 400
WIDE = 500

Scores = Sequence[float | None]


@dataclass(frozen=True)
class Frame:
    """What all panels of one back-test share.

    Attributes:
        result: All policies.
        stream: What they were replayed on.
        low: Lowest score that is drawn.
        high: Highest.
        smoothing: Batches that each drawn point is the mean of; 1 draws every batch.
    """

    result: BacktestResult
    stream: Stream
    low: float
    high: float
    smoothing: int


def make_frame(result: BacktestResult, stream: Stream) -> Frame:
    """Choose one range of scores for all panels, and how much to smooth."""
    n_batches = result.n_batches
    smoothing = n_batches // SMOOTH_TO if n_batches >= SMOOTH_FROM else 1
    drawn = [
        score
        for run in result.policies.values()
        for score in smooth(run.scores, smoothing)
        if score is not None
    ]
    low, high = (min(drawn), max(drawn)) if drawn else (0.0, 1.0)
    pad = (high - low or 0.02) * 0.06
    return Frame(result, stream, low - pad, high + pad, smoothing)


def smooth(scores: Scores, batches: int) -> list[float | None]:
    """Return the mean of the batches around each one, leaving out those without a score."""
    if batches <= 1:
        return list(scores)
    values = np.array([np.nan if s is None else s for s in scores], dtype=np.float64)
    known = np.isfinite(values)
    kernel = np.ones(min(batches, values.size))
    total = np.convolve(np.where(known, values, 0.0), kernel, mode="same")
    count = np.convolve(known.astype(np.float64), kernel, mode="same")
    return [
        float(t / c) if c > 0 and k else None for t, c, k in zip(total, count, known, strict=True)
    ]


def draw_policy(frame: Frame, policy: str, *, width: float, kind: str, css: str) -> str:
    """Draw a policy's score between never and every, with its retrains, promotions and alarms.

    Args:
        frame: What the panels share.
        policy: Which one.
        width: In pixels; the height follows from how much there is to mark.
        kind: CSS class of the picture.
        css: Class of the policy's colour.
    """
    run = frame.result.policies[policy]
    x, y = _scales(frame, width)
    rows = [] if policy in ("every", "periodic") else _mark_rows(run)
    bottom = y.start + len(rows) * (ROW_HEIGHT + ROW_GAP) + (ROW_GAP if rows else 0)
    body = _bands(run, x, y)
    body += _axes(frame, x, y, bottom=bottom, width=width)
    for other in ("never", "every"):
        if other in frame.result.policies and other != policy:
            body.append(svg.curve(_points(frame, other, x, y), f"context {other}"))
    if rows:
        body += [svg.line((x(b), y.end), (x(b), y.start), "since") for b in run.promotions]
    body.append(svg.curve(_points(frame, policy, x, y), f"score {css}"))
    body += _end_labels(frame, [name for name in ("never", "every") if name != policy], x, y)
    body += _tips(frame, policy, x, y)
    for place, (label, marks) in enumerate(rows):
        top = y.start + ROW_GAP + place * (ROW_HEIGHT + ROW_GAP)
        body.append(svg.text((LEFT - 8, top + 12), label, "tick", anchor="end"))
        body += _marks(frame, label, marks, x=x, top=top, css=css)
    height = bottom + AXIS_HEIGHT
    label = f"Score of {policy} over time, between never and every"
    return svg.picture(width, height, body, label=label, kind=kind)


def draw_available(frame: Frame, *, width: float, kind: str) -> str:
    """Draw never and every, and the gain between them that retraining can have."""
    x, y = _scales(frame, width)
    body = _axes(frame, x, y, bottom=y.start, width=width)
    lower, upper = _points(frame, "never", x, y), _points(frame, "every", x, y)
    both = [(a, b) for a, b in zip(lower, upper, strict=True) if a is not None and b is not None]
    if both:
        body.append(svg.area([a for a, _ in both] + [b for _, b in reversed(both)], "gain"))
    body.append(svg.curve(lower, "context never strong"))
    body.append(svg.curve(upper, "context every strong"))
    body += _end_labels(frame, ("never", "every"), x, y)
    body += _tips(frame, "every", x, y)
    return svg.picture(
        width, y.start + AXIS_HEIGHT, body, label="Score of never and every over time", kind=kind
    )


def _scales(frame: Frame, width: float) -> tuple[Scale, Scale]:
    last = max(frame.result.n_batches - 1, 1)
    x = Scale(0.0, float(last), LEFT + 4, width - RIGHT - 4)
    return x, Scale(frame.low, frame.high, TOP + PLOT_HEIGHT, TOP)


def _points(frame: Frame, policy: str, x: Scale, y: Scale) -> list[svg.Point | None]:
    scores = smooth(frame.result.policies[policy].scores, frame.smoothing)
    return [None if s is None else (x(i), y(s)) for i, s in enumerate(scores)]


def _end_labels(frame: Frame, names: Sequence[str], x: Scale, y: Scale) -> list[str]:
    """Write the names of lines at their right ends, one above the other."""
    ends = []
    for name in names:
        known = [p for p in _points(frame, name, x, y) if p is not None]
        if known:
            ends.append((known[-1][1], name))
    body, last = [], -LINE_HEIGHT
    for at, name in sorted(ends):
        last = max(at, last + LINE_HEIGHT)
        body.append(svg.text((x.end + 7, last + 4), name, f"coloured {name}"))
    return body


def _axes(frame: Frame, x: Scale, y: Scale, *, bottom: float, width: float) -> list[str]:
    body = []
    for tick in value_ticks(frame.low, frame.high, most=4):
        at = y(tick.at)
        body.append(svg.line((LEFT, at), (width - RIGHT, at), "grid"))
        body.append(svg.text((LEFT - 8, at + 4), tick.label, "tick", anchor="end"))
    body.append(svg.line((LEFT, bottom), (width - RIGHT, bottom), "rule"))
    most = 9 if width > WIDE else 4
    for tick in batch_ticks(frame.stream.moments, frame.result.n_batches, most=most):
        at = x(tick.at)
        body.append(svg.line((at, bottom), (at, bottom + 4), "rule"))
        body.append(svg.text((at, bottom + 17), tick.label, "tick", anchor="middle"))
    return body


def _bands(run: PolicyRun, x: Scale, y: Scale) -> list[str]:
    half = (x(1) - x(0)) / 2
    return [
        svg.box((x(b) - half, y.end), 2 * half, y.start - y.end, "quarantine")
        for b in run.quarantined
    ]


def _mark_rows(run: PolicyRun) -> list[tuple[str, dict[int, float]]]:
    rows: list[tuple[str, dict[int, float]]] = [
        ("retrained", {fit.batch: fit.fraction for fit in run.fits}),
        ("promoted", dict.fromkeys(run.promotions, 1.0)),
        ("alarm", dict.fromkeys(run.alarms, 1.0)),
        ("quarantine", dict.fromkeys(run.quarantined, 1.0)),
    ]
    return [(label, marks) for label, marks in rows if marks]


def _marks(
    frame: Frame, label: str, marks: dict[int, float], *, x: Scale, top: float, css: str
) -> list[str]:
    """Draw one row: bars as high as the share of the window, triangles, diamonds, squares."""
    half = min(5.0, max(1.0, (x(1) - x(0)) / 2 - 0.5))
    low = top + ROW_HEIGHT - 2
    body = []
    for batch, share in marks.items():
        at = x(batch)
        tip = f"{moment_label(frame.stream.moments, batch)}: {label}"
        if label == "retrained":
            high = 12 * max(0.25, min(share, 1.0))
            wide = min(half, 2.5)
            tip += "" if share >= 1 else f" on {share:.0%} of the window"
            body.append(svg.box((at - wide, low - high), 2 * wide, high, f"mark {css}", tip=tip))
            continue
        middle = low - 5
        corners = {
            "promoted": [(at - half, low), (at, low - 10), (at + half, low)],
            "alarm": [(at - half, middle), (at, low - 10), (at + half, middle), (at, low)],
        }.get(
            label, [(at - half, low), (at - half, low - 8), (at + half, low - 8), (at + half, low)]
        )
        kind = css if label == "promoted" else label
        body.append(svg.shape(corners, f"mark {kind}", tip=tip))
    return body


def _tips(frame: Frame, policy: str, x: Scale, y: Scale) -> list[str]:
    """Lay an unseen box over each batch that tells its scores."""
    n_batches = frame.result.n_batches
    if n_batches > MAX_TIPS:
        return []
    half = (x(1) - x(0)) / 2
    names = dict.fromkeys((policy, "every", "never"))
    body = []
    for batch in range(n_batches):
        scores = [
            f"{name} {frame.result.policies[name].scores[batch]:.4f}"
            for name in names
            if name in frame.result.policies
            and frame.result.policies[name].scores[batch] is not None
        ]
        tip = f"{moment_label(frame.stream.moments, batch)}: {', '.join(scores) or 'no score'}"
        body.append(svg.box((x(batch) - half, y.end), 2 * half, y.start - y.end, "tip", tip=tip))
    return body
