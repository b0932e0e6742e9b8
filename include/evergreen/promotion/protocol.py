"""Moving the champion exactly once, whatever dies in between.

The ledger's row of the highest epoch is the champion; the MLflow alias follows it. A move is: take
the next epoch (compare-and-set on the ledger, state ``intent``), write the alias, set
``committed``. After a crash the next process finds and finishes the intent. The intent is written
only with the newest fencing token of the model: a run that stalled and was replaced meanwhile, or
was cancelled, holds an older one.

What is left: a process that stalls before its alias write until another promotion has passed, and
then dies right after that write, leaves the alias behind the ledger; ``reconcile`` reports it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from evergreen.errors import ChampionChangedError, PromotionError, StaleTokenError
from evergreen.failpoints import failpoint
from evergreen.promotion.ports import AliasRegistry, PromotionKind, PromotionLedger
from evergreen.promotion.projection import (
    alias_version,
    check_usable,
    out_of_band,
    project,
    told,
)
from evergreen.records import Promotion


@dataclass(frozen=True)
class Move:
    """One decision's wish that a version be champion; the fields are those of ``promote``."""

    model: str
    version: str
    sha256: str
    kind: PromotionKind
    decision_id: str
    reason: str
    token: int | None = None
    requested_by: str = ""
    last_look: Callable[[], None] = lambda: None


def promote(
    ledger: PromotionLedger,
    registry: AliasRegistry,
    *,
    model: str,
    version: str,
    sha256: str,
    expected_champion: str | None,
    decision_id: str,
    kind: PromotionKind,
    reason: str,
    token: int | None = None,
    requested_by: str = "",
    last_look: Callable[[], None] = lambda: None,
) -> Promotion:
    """Make ``version`` the champion; called again for the same decision, finish or confirm it.

    Args:
        ledger: The truth.
        registry: The alias that follows.
        model: Registered model.
        version: The version that takes the place.
        sha256: Of the file that was evaluated; the registry must say the same.
        expected_champion: The version that it was evaluated against, None for the first model.
        decision_id: Names the decision; at most one promotion is kept per decision.
        kind: ``bootstrap`` goes with no expected champion, ``forced`` with one or none, the
            others with one.
        reason: One sentence for the ledger.
        token: What ``take_lane`` gave when this try began; None takes the lane over now, as befits
            a person's order.
        requested_by: Who asked for it; empty for the policy.
        last_look: Called just before the intent is written, after all waiting for MLflow; raises
            where the caller is not to go on.

    Returns:
        The ledger's row, ``committed`` unless the champion has moved on since.

    Raises:
        ChampionChangedError: The champion is not ``expected_champion`` any more.
        StaleTokenError: Another run, or a later try of this one, took the lane since.
        PromotionError: The alias was moved without a decision, or the version cannot be used.
        ExternalError: Ledger or registry failed; calling again finishes what was begun.
        ValueError: ``kind`` and ``expected_champion`` do not go together.
    """
    if kind != "forced" and (kind == "bootstrap") != (expected_champion is None):
        raise ValueError(f"kind {kind!r} does not go with expected champion {expected_champion!r}")
    move = Move(model, version, sha256, kind, decision_id, reason, token, requested_by, last_look)
    mine = ledger.by_decision(model, decision_id)
    if mine is not None:
        return resume(ledger, registry, mine, version)
    try:
        champion = _checked_champion(ledger, registry, model, version, expected_champion)
        check_usable(registry, model, version, sha256)
    except PromotionError:
        # The same decision may have passed in another process since we looked.
        mine = ledger.by_decision(model, decision_id)
        if mine is None:
            raise
        return resume(ledger, registry, mine, version)
    before = None if champion is None else champion.version
    return take_epoch(ledger, registry, champion, move, previous_version=before)


def resume(
    ledger: PromotionLedger, registry: AliasRegistry, mine: Promotion, version: str
) -> Promotion:
    """Finish the promotion that this decision has begun.

    Raises:
        PromotionError: The decision promoted another version, or as for ``project``.
    """
    if mine.version != version:
        raise PromotionError(
            f"decision {mine.decision_id} has promoted {mine.model} v{mine.version} already, not"
            f" v{version}; nothing was changed"
        )
    return project(ledger, registry, mine)


def take_epoch(
    ledger: PromotionLedger,
    registry: AliasRegistry,
    champion: Promotion | None,
    move: Move,
    *,
    previous_version: str | None,
) -> Promotion:
    """Write the intent: from here on the promotion happens, if need be by somebody else.

    ``previous_version`` is what the alias names until then; from anywhere else it is not taken.

    Raises:
        ChampionChangedError: Another decision took the epoch after ``champion`` first.
        StaleTokenError: Another run, or a later try of this one, took the lane since.
    """
    move.last_look()
    failpoint("before_intent")
    try:
        row = ledger.write_intent(
            move.model,
            epoch=1 if champion is None else champion.epoch + 1,
            version=move.version,
            previous_version=previous_version,
            sha256=move.sha256,
            kind=move.kind,
            decision_id=move.decision_id,
            reason=move.reason,
            token=move.token,
            requested_by=move.requested_by,
        )
    except (ChampionChangedError, StaleTokenError) as err:
        mine = ledger.by_decision(move.model, move.decision_id)
        if mine is not None:
            return resume(ledger, registry, mine, move.version)
        if isinstance(err, StaleTokenError):
            raise
        raise _changed(move.model, champion, ledger.latest(move.model)) from err
    failpoint("after_intent")
    return project(ledger, registry, row)


def _checked_champion(
    ledger: PromotionLedger,
    registry: AliasRegistry,
    model: str,
    version: str,
    expected: str | None,
) -> Promotion | None:
    """Return the champion whose place ``version`` may take; first finish what was begun."""
    champion = ledger.latest(model)
    if champion is not None:
        champion = project(ledger, registry, champion)
    check_expected(model, champion, expected)
    if champion is not None and champion.version == version:
        raise PromotionError(f"{model} v{version} is the champion already; nothing was changed")
    _check_alias(ledger, registry, model, champion)
    return champion


def check_expected(model: str, champion: Promotion | None, expected: str | None) -> None:
    """Refuse when the champion is not the version that the challenger was evaluated against.

    Raises:
        ChampionChangedError: It is not.
    """
    actual = None if champion is None else champion.version
    if actual != expected:
        raise ChampionChangedError(
            f"{model}: champion changed from {told(expected)} to {told(actual)} since evaluation;"
            " re-evaluate"
        )


def _check_alias(
    ledger: PromotionLedger, registry: AliasRegistry, model: str, champion: Promotion | None
) -> None:
    """Refuse when somebody moved the alias without a decision."""
    named = alias_version(registry, model)
    actual = None if champion is None else champion.version
    if named == actual:
        return
    newest = ledger.latest(model)
    if (newest and newest.epoch) != (champion and champion.epoch):
        raise _changed(model, champion, newest)
    raise out_of_band(model, named, actual)


def _changed(model: str, before: Promotion | None, after: Promotion | None) -> ChampionChangedError:
    old = None if before is None else before.version
    new = None if after is None else after.version
    return ChampionChangedError(
        f"{model}: champion changed from {told(old)} to {told(new)} since evaluation; re-evaluate"
    )
