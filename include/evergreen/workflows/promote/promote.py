"""Moving the champion forwards through the exactly-once protocol."""

from collections.abc import Callable
from typing import Any

from evergreen.records import Promotion
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_blocks import standing_answer, tell_answer
from evergreen.workflows.promote.promotion_lock import check_age

Payload = dict[str, Any]


def promote_challenger(
    context: ModelContext,
    asked: Payload,
    trained: Payload,
    evaluated: Payload,
    *,
    token: int | None,
    last_look: Callable[[], None] = lambda: None,
) -> Promotion:
    """Make the challenger champion through the exactly-once protocol; ``token``: as claimed.

    Raises:
        PromotionError: As for ``promote``; or the evaluation is too old to be acted upon.
    """
    from evergreen.promotion.protocol import promote

    check_age(context, asked, evaluated["evaluation"].get("evaluated_at"))
    expected = evaluated["evaluation"]["champion_version"]
    return promote(
        context.ledger.promotions,
        context.registry,
        model=context.spec.name,
        version=trained["version"],
        sha256=trained["sha256"],
        expected_champion=expected,
        decision_id=asked["decision"],
        kind="bootstrap" if expected is None else "promotion",
        reason=_reason(context, asked, trained, evaluated),
        token=token,
        last_look=last_look,
        requested_by=asked["request"]["requested_by"],
    )


def _reason(context: ModelContext, asked: Payload, trained: Payload, evaluated: Payload) -> str:
    """Return the rule's sentence, and who approved where somebody was asked."""
    sentence = str(evaluated["verdict"]["sentence"])
    answer = standing_answer(context, asked, trained, evaluated)
    return sentence if answer is None else f"{sentence}; {tell_answer(answer)}"
