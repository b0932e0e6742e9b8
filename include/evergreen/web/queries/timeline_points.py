"""From the ledger's rows to the figures that pages show."""

from collections.abc import Iterable

from evergreen.ledger.queries.rows import DecisionFigures, ListedDecision
from evergreen.measurements import ColumnDrift
from evergreen.web.queries.view_models import DecisionLine, Point

Z_95 = 1.959963984540054


def to_point(figures: DecisionFigures) -> Point:
    """Return the figures of one decision, with the 95 % interval of its metric."""
    low = high = None
    if figures.metric is not None and figures.metric_se is not None:
        half = Z_95 * figures.metric_se
        low, high = figures.metric - half, figures.metric + half
    return Point(
        decision=figures.id,
        batch=figures.batch,
        decided_at=figures.decided_at,
        verdict=figures.verdict,
        outcome=figures.outcome,
        metric_name=figures.metric_name,
        metric=figures.metric,
        metric_low=low,
        metric_high=high,
        reference_metric=figures.reference_metric,
        coverage=figures.coverage,
        drifted_share=figures.drifted_share,
        moved_share=figures.moved_share,
        n_rows=figures.n_rows,
        is_harmless=figures.is_harmless,
    )


def to_line(found: ListedDecision) -> DecisionLine:
    """Return one decision of a list."""
    return DecisionLine(
        point=to_point(found.figures),
        trigger=found.trigger,
        sentence=found.sentence,
        outcome_sentence=found.outcome_sentence,
        champion_before=found.champion_before,
        champion_after=found.champion_after,
        challenger_version=found.challenger_version,
    )


def most_moved_first(columns: Iterable[ColumnDrift]) -> tuple[ColumnDrift, ...]:
    """Sort features: those over a limit first, then by how near they are to it."""
    return tuple(sorted(columns, key=lambda column: (_is_quiet(column), -_nearness(column))))


def _is_quiet(column: ColumnDrift) -> bool:
    return column.verdict not in ("drifted", "not_computable")


def _nearness(column: ColumnDrift) -> float:
    """Return the largest of the statistics over their limits; 1 is at the limit."""
    pairs = ((column.psi, column.psi_limit), (column.ks, column.ks_limit))
    return max((value / limit for value, limit in pairs if value is not None and limit), default=0)
