"""Moving the champion back: by a person's run or command, or by the watch; told once each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evergreen import dag_ids
from evergreen.alerts import catalogue
from evergreen.errors import ChampionChangedError, RequestError
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Watch
from evergreen.records import Alert, Promotion
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.incident_flow import raise_alert, tell_move
from evergreen.workflows.alerts.run_alerts import links
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import tell_hold
from evergreen.workflows.run_config import MAX_REASON, check_keys, text_of
from evergreen.workflows.run_state import RunInfo

if TYPE_CHECKING:
    from evergreen.registry.client import ModelRegistry

WATCH = "watch"
LONGEST_VERSION = 20


def roll_back_champion(context: ModelContext, run: RunInfo) -> Promotion:
    """Go back to the version that the conf names, or to the previous champion.

    Raises:
        RequestError: No reason, an unknown version, or nothing to go back to.
    """
    given = check_keys(run.conf, allowed=("version", "reason"))
    version, reason = _version_and_reason(given, remedy='{"reason": "why"}')
    return _roll_back(
        context.spec,
        context.ledger,
        context.registry,
        run.decision_id(context.spec.name, dag_ids.ROLLBACK),
        to_version=version,
        reason=reason,
        requested_by=_person(run.requested_by),
    )


def roll_back_by_command(
    context: ModelContext, *, version: str | None, reason: str, requested_by: str, invocation: str
) -> Promotion:
    """Go back as a person asks from a shell.

    A call that died half-way is finished by the same call made again: its rollback is the newest
    row, and not committed yet.

    Args:
        context: The model's spec and adapters.
        version: Version to go back to; None: the previous champion.
        reason: Why.
        requested_by: Who asks.
        invocation: Names this call.

    Raises:
        RequestError: No reason, an unknown version, or nothing to go back to.
    """
    given = {"version": version or "", "reason": reason}
    wanted, why = _version_and_reason(given, remedy='--reason "why"')
    person = _person(requested_by)
    begun = context.ledger.promotions.latest(context.spec.name)
    decision = decision_id(context.spec.name, dag_ids.ROLLBACK, f"command {invocation}")
    if begun is not None and _is_the_same(begun, wanted, why, person):
        decision = begun.decision_id
    return _roll_back(
        context.spec,
        context.ledger,
        context.registry,
        decision,
        to_version=wanted,
        reason=why,
        requested_by=person,
    )


def undo(context: ModelContext, watch: Watch, run: RunInfo) -> Promotion | str:
    """Go back from a champion that the watch found worse, at most once for each promotion.

    While a person holds promotions it stays, and that is told once.

    Args:
        context: The model's spec and adapters.
        watch: What was found.
        run: The run, for the links of an alert.

    Returns:
        The rollback, or why there was none.

    Raises:
        PromotionError: The former champion cannot be used, or somebody moved the alias.
    """
    promotions = context.ledger.promotions
    (watched,) = [row for row in promotions.history(watch.model) if row.epoch == watch.epoch]
    decision = decision_id(watch.model, WATCH, f"epoch {watch.epoch}")
    moved_on = f"v{watched.version} of epoch {watch.epoch} is not the champion any more"
    if promotions.by_decision(watch.model, decision) is None:
        latest = promotions.latest(watch.model)
        if latest is None or latest.epoch != watch.epoch:
            return moved_on
        for hold in context.ledger.holds.in_force(watch.model):
            held = links(context.spec, context.settings, "rollback_held", run)
            raise_alert(context, _held_alert(watched, watch, tell_hold(hold), held))
            return f"v{watched.version} stays: {tell_hold(hold)}"
    try:
        return _roll_back(
            context.spec,
            context.ledger,
            context.registry,
            decision,
            reason=watch.sentence,
            expected_champion=watched.version,
            requested_by=WATCH,
        )
    except ChampionChangedError:
        return moved_on


def tell_rollback(context: ModelContext, row: Promotion, run: RunInfo | None = None) -> bool:
    """Tell that the champion was moved back, by whom and why; False when it was told before.

    Without a context, from outside a run, it is stored for the watchdog to send.
    """
    if row.requested_by == WATCH:
        alert = catalogue.auto_rolled_back(
            row.model,
            epoch=row.epoch,
            version=row.version,
            previous_version=row.previous_version,
            reason=row.reason,
            links=links(context.spec, context.settings, "auto_rolled_back", run),
        )
    else:
        alert = catalogue.rolled_back(
            row.model,
            epoch=row.epoch,
            version=row.version,
            previous_version=row.previous_version,
            reason=row.reason,
            requested_by=row.requested_by,
            links=links(context.spec, context.settings, "rolled_back", run),
        )
    return tell_move(
        context,
        alert,
        version=row.version,
        moved_at=row.promoted_at,
        is_sent_now=run is not None,
    )


def _held_alert(
    watched: Promotion, watch: Watch, held: str, its_links: tuple[tuple[str, str], ...]
) -> Alert:
    return catalogue.rollback_held(
        watched.model,
        epoch=watched.epoch,
        version=watched.version,
        former_version=watched.previous_version or "",
        reason=watch.sentence,
        held=held,
        since=watched.promoted_at,
        links=its_links,
    )


def _person(name: str) -> str:
    """Return a person's name as it is recorded: one line, and never that of the watch."""
    known = " ".join(name.split())
    return f"user {known}" if known == WATCH else known


def _version_and_reason(given: Mapping[str, Any], *, remedy: str) -> tuple[str | None, str]:
    version = text_of(given, "version", longest=LONGEST_VERSION) or None
    reason = text_of(given, "reason", longest=MAX_REASON)
    if not reason:
        raise RequestError(f"a rollback needs a reason: {remedy}; nothing was changed")
    return version, reason


def _is_the_same(begun: Promotion, version: str | None, reason: str, requested_by: str) -> bool:
    """Return whether the newest row is this very rollback, which was begun and not finished."""
    is_open = begun.kind == "rollback" and begun.state == "intent"
    is_mine = (begun.reason, begun.requested_by) == (reason, requested_by)
    return is_open and is_mine and version in (None, begun.version)


def _roll_back(
    spec: ModelSpec, ledger: Ledger, registry: "ModelRegistry", decision: str, **asked: Any
) -> Promotion:
    from evergreen.promotion.rollback import roll_back

    return roll_back(
        ledger.promotions,
        registry,
        model=spec.name,
        decision_id=decision,
        **asked,
    )
