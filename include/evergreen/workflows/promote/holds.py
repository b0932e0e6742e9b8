"""The kill switch and the freezes of the spec: what holds promotions, and letting go of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypedDict

from evergreen.errors import PromotionError, RequestError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import ALL_MODELS, Hold
from evergreen.spec.model import ModelSpec
from evergreen.spec.promoting import Freeze
from evergreen.workflows.decision_run import Stay
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_config import MAX_REASON, check_keys, text_of


class RetrainConf(TypedDict):
    """The conf of a run that is told to retrain."""

    force_retrain: bool
    reason: str


ACTIONS = ("hold", "release")
NEXT = "the next decision"  # an id that no decision has


def tell_hold(hold: Hold) -> str:
    """Say who holds what, since when and why."""
    whose = "all models" if hold.model == ALL_MODELS else hold.model
    return (
        f"promotions of {whose} are held by {hold.held_by or 'somebody'} since"
        f" {hold.held_at:%Y-%m-%d %H:%M} UTC: {hold.reason}"
    )


def tell_freeze(freeze: Freeze) -> str:
    """Say until when promotions are frozen and why."""
    until = freeze.end.astimezone(UTC)
    return f"promotions are frozen until {until:%Y-%m-%d %H:%M} UTC: {freeze.reason}"


def what_holds(holds: Sequence[Hold], freezes: Sequence[Freeze], now: datetime) -> Stay | None:
    """Tell what holds promotions at a moment; a person's hold goes before a freeze of the spec.

    Args:
        holds: Those that are in force.
        freezes: Those of the spec; start included, end excluded.
        now: The moment.
    """
    for hold in holds:
        return Stay(outcome="held", sentence=tell_hold(hold), cause="hold")
    for freeze in freezes:
        if freeze.start <= now < freeze.end:
            return Stay(outcome="held", sentence=tell_freeze(freeze), cause="freeze")
    return None


def holding(context: ModelContext) -> Stay | None:
    """Tell what holds promotions of this model now."""
    holds = context.ledger.holds.in_force(context.spec.name)
    return what_holds(holds, context.spec.promotion.freeze, datetime.now(UTC))


def check_not_held(spec: ModelSpec, ledger: Ledger) -> None:
    """Refuse a forced promotion while a person holds promotions; a freeze does not stop it.

    Raises:
        PromotionError: Somebody does; the text says who and how to release.
    """
    for hold in ledger.holds.in_force(spec.name):
        scope = "--all" if hold.model == ALL_MODELS else hold.model
        raise PromotionError(
            f"{tell_hold(hold)}. Nothing was changed: release first (evergreen release {scope}"
            " --reason ...)"
        )


def change_hold(context: ModelContext, conf: object, *, requested_by: str) -> str:
    """Hold or release promotions of one model as the conf says; say what came of it.

    Releasing what is not held changes nothing, so that a task may be cleared.

    Raises:
        RequestError: No such action, or no reason.
    """
    given = check_keys(conf, allowed=("action", "reason"))
    action = text_of(given, "action", longest=20)
    reason = text_of(given, "reason", longest=MAX_REASON)
    if action not in ACTIONS:
        raise RequestError(f"action must be one of {', '.join(ACTIONS)}, got {action!r}")
    if not reason:
        raise RequestError(f'to {action} needs a reason: add "reason": "why" to the conf')
    name = context.spec.name
    if action == "hold":
        return tell_hold(context.ledger.holds.hold(name, reason=reason, held_by=requested_by))
    ended = context.ledger.holds.release(name, reason=reason, released_by=requested_by)
    who = requested_by or "somebody"
    return f"released by {who}: {reason}" if ended else f"promotions of {name} were not held"


def was_held(context: ModelContext, identity: str = NEXT) -> bool:
    """Return whether a promotion was held and a new decision about it is due.

    It is due when no hold or freeze is in force any more.

    Args:
        context: The model's spec and adapters.
        identity: The decision that asks; without one: whether it holds for the next.
    """
    is_held = context.ledger.decisions.was_held(context.spec.name, identity)
    return is_held and holding(context) is None


def anew(context: ModelContext, sentence: str) -> RetrainConf | None:
    """Return the conf of a run that decides anew what was held; None where nothing is owed."""
    if not was_held(context):
        return None
    return RetrainConf(force_retrain=True, reason=f"held before, {sentence}"[:MAX_REASON])
