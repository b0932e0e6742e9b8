"""What the charts of a back-test's page are drawn from: plain values for its block of JSON."""

from collections.abc import Sequence

import numpy as np

from evergreen.backtest.engine.results import BacktestResult, PolicyRun
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.report.phrases import METRIC_WORDS, percent, printable, score_text
from evergreen.backtest.report.summary import ORDER, SummaryRow, frontier
from evergreen.metrics import higher_is_better
from evergreen.presentation.formatting import plural
from evergreen.records import Json
from evergreen.spec.model import MetricName

SMOOTH_FROM = 120
SMOOTH_TO = 60
N_OTHER_COLOURS = 3
PADDING = 0.06
ROWS = ("retrained", "promoted", "alarm", "quarantine")
A_DAY = np.timedelta64(1, "D")

Scores = Sequence[float | None]


def chart_data(result: BacktestResult, stream: Stream, rows: Sequence[SummaryRow]) -> Json:
    """Return everything that the script of the page draws.

    Args:
        result: All policies.
        stream: What they were replayed on.
        rows: Their summary, in the order of the page.
    """
    smoothing = smoothing_of(result.n_batches)
    colours = colours_of([row.policy for row in rows])
    policies: list[Json] = [
        {
            "name": printable(row.policy),
            "colour": colours[row.policy],
            "scores": _short(smooth(result.policies[row.policy].scores, smoothing)),
            "measured": _short(result.policies[row.policy].scores),
            "marks": _marks(row.policy, result.policies[row.policy]),
        }
        for row in rows
    ]
    return {
        "metric": _with_direction(stream.metric),
        "batches": batch_names(stream),
        "ticks": _ticks(stream),
        "axis": _axis(stream),
        "range": _range([score for one in policies for score in one["scores"]]),
        "policies": policies,
        "frontier": _frontier(rows, stream.metric, colours),
    }


def smoothing_of(n_batches: int) -> int:
    """Return how many batches each drawn point is the mean of; 1 draws every batch."""
    return n_batches // SMOOTH_TO if n_batches >= SMOOTH_FROM else 1


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


def colours_of(policies: Sequence[str]) -> dict[str, str]:
    """Return the name of each policy's colour: its own, or one of three that others share."""
    others = [policy for policy in policies if policy not in ORDER]
    fallback = {policy: f"other{i % N_OTHER_COLOURS}" for i, policy in enumerate(others)}
    return {policy: fallback.get(policy, policy) for policy in policies}


def batch_names(stream: Stream) -> list[str]:
    """Return each batch as people read it: by when it begins, else by how many came before."""
    if stream.moments is None:
        later = [f"{plural(n, 'batch')} after the first" for n in range(1, stream.n_batches)]
        return ["the first batch", *later]
    return [f"batch of {start}" for start in _ticks(stream)]


def events_of(policy: str, run: PolicyRun) -> dict[int, list[str]]:
    """Return by batch, in words, what a policy did or met there."""
    told: dict[int, list[str]] = {}
    for mark in _marks(policy, run):
        share = mark["share"]
        part = "" if share >= 1 else f" on {share:.0%} of the window"
        told.setdefault(mark["batch"], []).append(f"{mark['row']}{part}")
    return told


def _marks(policy: str, run: PolicyRun) -> list[Json]:
    """Return what is marked below the scores; ``every`` does the same at each batch.

    ``periodic`` is the mean of many runs, which did different things.
    """
    if policy in ("every", "periodic"):
        return []
    shares: dict[str, dict[int, float]] = {
        "retrained": {fit.batch: fit.fraction for fit in run.fits},
        "promoted": dict.fromkeys(run.promotions, 1.0),
        "alarm": dict.fromkeys(run.alarms, 1.0),
        "quarantine": dict.fromkeys(run.quarantined, 1.0),
    }
    return [
        {"row": row, "batch": batch, "share": share}
        for row in ROWS
        for batch, share in shares[row].items()
    ]


def _ticks(stream: Stream) -> list[str]:
    """Return what is written below the axis for each batch that gets a tick."""
    if stream.moments is None:
        return [f"{batch:,}" for batch in range(stream.n_batches)]
    form = "%d %b %Y" if _is_daily(stream) else "%d %b %H:%M"
    return [start.item().strftime(form) for start in stream.moments[: stream.n_batches]]


def _axis(stream: Stream) -> str:
    if stream.moments is None:
        return "batches after the first"
    return "first day of the batch" if _is_daily(stream) else "start of the batch"


def _is_daily(stream: Stream) -> bool:
    """Return whether no two batches begin on the same day."""
    return stream.moments is not None and bool((np.diff(stream.moments) >= A_DAY).all())


def _range(drawn: Scores) -> list[float]:
    """Return one range of scores for all charts, so that they can be compared."""
    known = [score for score in drawn if score is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    pad = (high - low or 0.02) * PADDING
    return [low - pad, high + pad]


def _frontier(rows: Sequence[SummaryRow], metric: MetricName, colours: dict[str, str]) -> Json:
    """Return kept against cost; where there is too little to keep, the score takes its place."""
    known = [row for row in rows if row.score is not None and row.gain is not None]
    has_share = any(row.kept is not None for row in known)
    best = frontier(rows)
    points = [
        {
            "name": printable(row.policy),
            "colour": colours[row.policy],
            "cost": row.cost,
            "value": (row.kept if has_share else row.score) or 0.0,
            "note": f"{value_text(row, has_share=has_share)} for {percent(row.cost)}",
            "score": score_text(row.score),
            "is_best": row.policy in best,
        }
        for row in known
    ]
    share = "kept: share of the gain of every, %"
    return {
        "is_share": has_share,
        "title": share if has_share else f"score: mean {_with_direction(metric)}",
        "points": points,
    }


def value_text(row: SummaryRow, *, has_share: bool) -> str:
    """Return what a policy kept, or its score where there is too little to keep."""
    return percent(row.kept) if has_share else score_text(row.score)


def _with_direction(metric: MetricName) -> str:
    return f"{METRIC_WORDS[metric]}{'' if higher_is_better(metric) else ' (lower is better)'}"


def _short(scores: Scores) -> list[float | None]:
    """Return scores with six digits: no screen shows more."""
    return [None if score is None else float(f"{score:.6g}") for score in scores]
