"""A picture in a thread: what the ledger knows of the newest batches, drawn and shown.

A picture helps and is never needed: what goes wrong on its way to Slack is logged, nothing else.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evergreen.errors import NotifyError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.queries.rows import DecisionFigures
from evergreen.records import AlertKind, Promotion
from evergreen.slack.chart import MAX_MOMENTS, History, Mark, Moment, alt_of, draw, title_of
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    from evergreen.slack.sender import Posted, SlackSender

log = logging.getLogger(__name__)
Z_95 = 1.96
PICTURED: tuple[AlertKind, ...] = ("drift", "decay", "auto_rolled_back", "rollback_held")
RERUNS = 2  # decisions that are read per batch to be shown: a batch may be decided about again


def show_picture(
    spec: ModelSpec, ledger: Ledger, sender: "SlackSender", kind: AlertKind, root: "Posted"
) -> bool:
    """Draw the newest batches into the thread of an incident, where that says more than words.

    Call it once, when the first message of the thread was delivered.

    Returns:
        Whether there is a picture now.
    """
    if kind not in PICTURED:
        return False
    history = history_of(ledger, spec.name, spec.drift.share_to_retrain)
    if not history.is_telling:
        return False
    png, title, alt = draw(history), title_of(history), alt_of(history)
    try:
        return sender.upload(root.channel, root.ts, png, title=title, alt=alt)
    except NotifyError as err:
        log.warning("no picture in Slack for %s: %s", spec.name, err)
        return False


def history_of(ledger: Ledger, model: str, share_limit: float | None) -> History:
    """Gather what a picture of a model shows.

    Args:
        ledger: The truth.
        model: The model.
        share_limit: Drifted share (0..1) that asks for a retrain.
    """
    found = ledger.overview.points((model,), newest=RERUNS * MAX_MOMENTS).get(model, ())
    last = {figures.batch: figures for figures in found}
    shown = [last[batch] for batch in sorted(last)][-MAX_MOMENTS:]
    moves = _moves(shown, ledger.promotions.history(model))
    names = [figures.metric_name for figures in shown if figures.metric_name]
    return History(
        model=model,
        metric_name=names[-1] if names else "metric",
        share_limit=share_limit,
        moments=tuple(_moment(figures, moves.get(figures.batch)) for figures in shown),
    )


def _moves(
    shown: Sequence[DecisionFigures], promotions: Sequence[Promotion]
) -> dict[str, Promotion]:
    """Moves of the champion by batch: the one decided about, or the newest before the move."""
    batches = {figures.id: figures.batch for figures in shown}
    moves = {}
    for move in promotions:
        before = [figures.batch for figures in shown if figures.decided_at <= move.promoted_at]
        batch = batches.get(move.decision_id) or (max(before) if before else None)
        if batch is not None and move.state == "committed":
            moves[batch] = move
    return moves


def _moment(figures: DecisionFigures, move: Promotion | None) -> Moment:
    low, high = _interval(figures.metric, figures.metric_se)
    return Moment(
        batch=figures.batch,
        metric=figures.metric,
        metric_low=low,
        metric_high=high,
        reference=figures.reference_metric,
        drifted_share=figures.drifted_share,
        mark=_mark(figures, move),
        version="" if move is None else move.version,
    )


def _interval(value: float | None, se: float | None) -> tuple[float | None, float | None]:
    if value is None or se is None:
        return None, None
    return value - Z_95 * se, value + Z_95 * se


def _mark(figures: DecisionFigures, move: Promotion | None) -> Mark:
    if move is not None:
        return "rolled_back" if move.kind == "rollback" else "promoted"
    return "retrain" if figures.verdict in ("retrain", "bootstrap", "reinstate") else ""
