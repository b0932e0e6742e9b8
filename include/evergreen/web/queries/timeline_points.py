"""The numbers of decisions as pages show them, from the ledger's rows."""

from evergreen.ledger.queries.rows import DecisionFigures, ListedDecision
from evergreen.presentation.formatting import interval_ends
from evergreen.web.queries.view_models import DecisionLine, Point


def to_point(figures: DecisionFigures) -> Point:
    """Return the numbers of one decision, with the 95 % interval of its metric."""
    low, high = interval_ends(figures.metric, figures.metric_se)
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
