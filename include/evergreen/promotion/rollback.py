"""Going back to a former champion, through the same protocol as a promotion."""

from collections.abc import Sequence

from evergreen.errors import PromotionError, RequestError
from evergreen.promotion.ports import AliasRegistry, PromotionLedger
from evergreen.promotion.projection import alias_version, check_usable, project, told
from evergreen.promotion.protocol import Move, check_expected, promote, resume, take_epoch
from evergreen.records import Promotion


def roll_back(
    ledger: PromotionLedger,
    registry: AliasRegistry,
    *,
    model: str,
    decision_id: str,
    reason: str,
    to_version: str | None = None,
    expected_champion: str | None = None,
    requested_by: str = "",
) -> Promotion:
    """Make a former champion the champion again, through the same protocol.

    It takes the lane over: a run that is about to promote holds a stale token from then on.

    Args:
        ledger: The truth.
        registry: The alias that follows.
        model: Registered model.
        decision_id: Names the decision; called again for it, finish or confirm it.
        reason: Why, by whom; required.
        to_version: A version that was champion before; None for the one before the champion. After
            a rollback that is the one before the restored version, not the one that was left.
            Where somebody moved the alias without a decision, it may also be the champion itself:
            naming a version is how a person settles which of the two it is to be.
        expected_champion: Refuse unless this is the champion; None takes whichever it is.
        requested_by: Who asked for it.

    Raises:
        RequestError: No reason, or no such former champion; nothing was changed.
        ChampionChangedError: The champion is not ``expected_champion``, or changed meanwhile.
        PromotionError: As for ``promote``.
    """
    if not reason.strip():
        raise RequestError(f"rolling back {model} needs a reason; nothing was changed")
    mine = ledger.by_decision(model, decision_id)
    if mine is not None:
        return resume(ledger, registry, mine, to_version or mine.version)
    history = ledger.history(model)
    if not history:
        raise RequestError(f"{model} has no champion yet; there is nothing to roll back")
    champion = history[-1]
    check_expected(model, champion, expected_champion or champion.version)
    if to_version is not None and _was_moved(registry, champion):
        target = champion if to_version == champion.version else _former(history, to_version)
        check_usable(registry, model, target.version, target.sha256)
        move = _to(target, decision_id, reason, requested_by)
        named = alias_version(registry, model)
        return take_epoch(ledger, registry, champion, move, previous_version=named)
    target = _former(history, to_version)
    move = _to(target, decision_id, reason, requested_by)
    if _is_stuck(ledger, registry, champion, target):
        return take_epoch(ledger, registry, champion, move, previous_version=champion.version)
    return promote(
        ledger,
        registry,
        model=model,
        version=target.version,
        sha256=target.sha256,
        expected_champion=champion.version,
        decision_id=decision_id,
        kind="rollback",
        reason=reason,
        requested_by=requested_by,
    )


def _to(target: Promotion, decision_id: str, reason: str, requested_by: str) -> Move:
    return Move(
        model=target.model,
        version=target.version,
        sha256=target.sha256,
        kind="rollback",
        decision_id=decision_id,
        reason=reason,
        requested_by=requested_by,
    )


def _was_moved(registry: AliasRegistry, champion: Promotion) -> bool:
    """Return whether the alias of a finished promotion names another version, or none."""
    if champion.state != "committed":
        return False
    return alias_version(registry, champion.model) != champion.version


def _former(history: Sequence[Promotion], to_version: str | None) -> Promotion:
    """Find the former champion to go back to; its newest row carries its sha256."""
    champion = history[-1]
    wanted = to_version or _version_before(history)
    if wanted == champion.version:
        raise RequestError(
            f"{champion.model} v{wanted} is the champion already; nothing was changed"
        )
    former = [row for row in history if row.version == wanted]
    if not former:
        known = sorted({row.version for row in history} - {champion.version}, key=_in_order)
        where = "before its first champion" if wanted is None else f"to {told(wanted)}"
        raise RequestError(
            f"{champion.model} cannot go back {where}; former champions:"
            f" {', '.join(map(told, known)) or 'none'}. Nothing was changed"
        )
    return former[-1]


def _version_before(history: Sequence[Promotion]) -> str | None:
    """Return the champion before the one that serves now, looking through rollbacks."""
    champion = history[-1]
    promoted = [
        row for row in history if row.version == champion.version and row.kind != "rollback"
    ]
    return promoted[-1].previous_version if promoted else champion.previous_version


def _is_stuck(
    ledger: PromotionLedger, registry: AliasRegistry, champion: Promotion, target: Promotion
) -> bool:
    """Return whether a begun promotion cannot be finished while the alias still names ``target``.

    So it is when the new version was deleted between intent and alias: then going back is the way
    out, and the only move that does not finish the intent first.
    """
    try:
        project(ledger, registry, champion)
    except PromotionError:
        if alias_version(registry, champion.model) != target.version:
            raise
        check_usable(registry, target.model, target.version, target.sha256)
        return True
    return False


def _in_order(version: str) -> tuple[int, str]:
    return len(version), version
