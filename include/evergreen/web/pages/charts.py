"""The data of the timeline's charts: plain values for a block of JSON in the page."""

from bisect import bisect_right
from collections.abc import Sequence

from evergreen.records import Json, Promotion
from evergreen.web.pages.labels import OUTCOMES, PROMOTIONS, metric_words, word_of
from evergreen.web.queries.view_models import Point


def timeline(points: Sequence[Point], moves: Sequence[Promotion], *, base: str) -> Json:
    """The timeline of a model: one place per decision, oldest first, and the champion's moves.

    Shares are 0..1. ``base`` is the path under which the pages lie.
    """
    name, unit = metric_words(
        next((p.metric_name for p in reversed(points) if p.metric_name), None)
    )
    return {
        "metric": name,
        "unit": unit,
        "points": [_point(point, base) for point in points],
        "moves": [_move(one, points) for one in reversed(moves)],
    }


def _point(point: Point, base: str) -> Json:
    word, tone = word_of(OUTCOMES, point.outcome)
    return {
        "batch": point.batch,
        "decided": f"{point.decided_at:%Y-%m-%d %H:%M} UTC",
        "outcome": word,
        "tone": tone,
        "metric": point.metric,
        "low": point.metric_low,
        "high": point.metric_high,
        "reference": point.reference_metric,
        "coverage": point.coverage,
        "drifted": point.drifted_share,
        "rows": point.n_rows,
        "href": f"{base}/decisions/{point.decision}",
    }


def _move(promotion: Promotion, points: Sequence[Point]) -> Json:
    """Return a move and its place: on its own decision, or right after the newest one before it."""
    word, tone = word_of(PROMOTIONS, promotion.kind)
    own = next((i for i, p in enumerate(points) if p.decision == promotion.decision_id), None)
    place: float | None = own
    if own is None or promotion.kind in ("rollback", "forced"):
        place = bisect_right([p.decided_at for p in points], promotion.promoted_at) - 0.5
    return {"at": place, "text": f"v{promotion.version}", "kind": word, "tone": tone}
