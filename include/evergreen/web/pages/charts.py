"""The data of the timeline's charts: plain values for a block of JSON in the page."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from evergreen.records import Json, Promotion
from evergreen.web.pages.labels import OUTCOMES, PROMOTIONS, Tone, metric_words, word_of
from evergreen.web.queries.view_models import Point


@dataclass(frozen=True)
class TimelinePoint:
    """One decision on the timeline.

    Attributes:
        batch: Its batch.
        decided: When it was made, as text.
        outcome: Its outcome in words.
        tone: Colour and shape of the outcome.
        metric: The champion's metric; ``low`` and ``high`` bound its 95 % interval.
        reference: The same champion's metric at its promotion.
        coverage: Share of scored rows with labels, 0..1.
        drifted: Share of drifted features, 0..1.
        rows: Rows of the batch.
        href: Address of the decision's page.
    """

    batch: str
    decided: str
    outcome: str
    tone: Tone
    metric: float | None
    low: float | None
    high: float | None
    reference: float | None
    coverage: float | None
    drifted: float | None
    rows: int | None
    href: str


@dataclass(frozen=True)
class ChampionMove:
    """One promotion or rollback on the timeline.

    Attributes:
        at: Its place: the index of a point, or a half between two; -0.5 is before the first.
        text: The new champion, as ``v7``.
        kind: Its kind in words.
        tone: Its colour.
    """

    at: float
    text: str
    kind: str
    tone: Tone


@dataclass(frozen=True)
class Timeline:
    """The timeline of a model.

    Attributes:
        metric: Name of the metric.
        unit: Its unit.
        points: One per decision, oldest first.
        moves: Changes of the champion, oldest first.
    """

    metric: str
    unit: str
    points: tuple[TimelinePoint, ...]
    moves: tuple[ChampionMove, ...]

    def drawn(self) -> Json:
        """Return the JSON that the script of the page draws."""
        return {
            "metric": self.metric,
            "unit": self.unit,
            "points": [asdict(point) for point in self.points],
            "moves": [asdict(move) for move in self.moves],
        }


def make_timeline(points: Sequence[Point], moves: Sequence[Promotion], *, base: str) -> Timeline:
    """Return the timeline of a model.

    Args:
        points: Numbers of its decisions, oldest first.
        moves: Its promotions and rollbacks, newest first.
        base: Path of the pages, without a slash at the end.
    """
    name, unit = metric_words(
        next((p.metric_name for p in reversed(points) if p.metric_name), None)
    )
    return Timeline(
        metric=name,
        unit=unit,
        points=tuple(_point(point, base) for point in points),
        moves=tuple(_move(one, points) for one in reversed(moves)),
    )


def _point(point: Point, base: str) -> TimelinePoint:
    word, tone = word_of(OUTCOMES, point.outcome)
    return TimelinePoint(
        batch=point.batch,
        decided=f"{point.decided_at:%Y-%m-%d %H:%M} UTC",
        outcome=word,
        tone=tone,
        metric=point.metric,
        low=point.metric_low,
        high=point.metric_high,
        reference=point.reference_metric,
        coverage=point.coverage,
        drifted=point.drifted_share,
        rows=point.n_rows,
        href=f"{base}/decisions/{point.decision}",
    )


def _move(promotion: Promotion, points: Sequence[Point]) -> ChampionMove:
    """Return a move and its place: on its own decision, or right after the newest one before it."""
    word, tone = word_of(PROMOTIONS, promotion.kind)
    own = next((i for i, p in enumerate(points) if p.decision == promotion.decision_id), None)
    place: float | None = own
    if place is None or promotion.kind in ("rollback", "forced"):
        place = bisect_right([p.decided_at for p in points], promotion.promoted_at) - 0.5
    return ChampionMove(at=place, text=f"v{promotion.version}", kind=word, tone=tone)
