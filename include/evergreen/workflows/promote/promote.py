"""Moving the champion forwards through the exactly-once protocol."""

from collections.abc import Callable

from evergreen.errors import PromotionError
from evergreen.ledger.ledger import Ledger
from evergreen.records import Promotion
from evergreen.workflows.decision_run import DecisionRun, Evaluated, Trained
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_blocks import (
    check_one_spec,
    standing_answer,
    tell_answer,
)
from evergreen.workflows.promote.promotion_lock import check_age


def promote_challenger(
    context: ModelContext,
    run: DecisionRun,
    trained: Trained,
    evaluated: Evaluated,
    *,
    token: int | None,
    last_look: Callable[[], None] = lambda: None,
) -> Promotion:
    """Make the challenger champion through the exactly-once protocol; ``token``: as claimed.

    Raises:
        PromotionError: As for ``promote``; or the evaluation is too old to be acted upon, or the
            spec is not the same all the way.
    """
    from evergreen.promotion.protocol import promote

    check_one_spec(context.ledger, context.store, run, trained, evaluated)
    check_age(context.spec, context.ledger, run, evaluated.evaluation.evaluated_at)
    expected = evaluated.evaluation.champion_version
    return promote(
        context.ledger.promotions,
        context.registry,
        model=context.spec.name,
        version=_version(trained),
        sha256=trained.sha256,
        expected_champion=expected,
        decision_id=run.decision_id,
        kind="bootstrap" if expected is None else "promotion",
        reason=_reason(context.ledger, run, trained, evaluated),
        token=token,
        last_look=last_look,
        requested_by=run.request.requested_by,
    )


def _reason(ledger: Ledger, run: DecisionRun, trained: Trained, evaluated: Evaluated) -> str:
    """Return the rule's sentence, and who approved where somebody was asked."""
    sentence = evaluated.verdict.sentence
    answer = standing_answer(ledger, run, trained, evaluated)
    return sentence if answer is None else f"{sentence}; {tell_answer(answer)}"


def _version(trained: Trained) -> str:
    if trained.version is None:
        raise PromotionError(
            "a challenger of a dry run is not in the registry; nothing was changed"
        )
    return trained.version
