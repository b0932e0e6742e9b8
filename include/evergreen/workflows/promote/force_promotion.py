"""Making a named version champion because a person says so, through the same protocol."""

from evergreen.alerts.manual_actions import of_guards
from evergreen.errors import RequestError
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, VersionEntry
from evergreen.records import Promotion
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import check_not_held
from evergreen.workflows.run_config import MAX_REASON, check_keys, text_of


def force_by_conf(
    context: ModelContext, conf: object, *, run_id: str, requested_by: str
) -> Promotion:
    """Make the version that the conf names champion.

    Raises:
        RequestError: No version or no reason; nothing was changed.
        PromotionError: As for ``force_champion``.
    """
    given = check_keys(conf, allowed=("version", "reason"))
    version = text_of(given, "version", longest=20)
    reason = text_of(given, "reason", longest=MAX_REASON)
    return force_champion(context, version, reason, run_id=run_id, requested_by=requested_by)


def force_champion(
    context: ModelContext, version: str, reason: str, *, run_id: str, requested_by: str
) -> Promotion:
    """Make a named version champion; asked again by the same person, finish or confirm it.

    No evaluation is asked for. The version has to be READY, with the file that the ledger knows,
    and nobody may hold promotions.

    Raises:
        RequestError: No version or no reason; nothing was changed.
        LedgerError: The ledger does not know the version.
        PromotionError: It cannot be used, is champion already, or promotions are held.
    """
    from evergreen.promotion.protocol import promote

    if not version or not reason:
        raise RequestError(
            'a forced promotion needs a version and a reason: {"version": "3", "reason": "why"}'
        )
    name, identity = context.spec.name, decision_id(context.spec.name, "force_promote", run_id)
    entry = context.ledger.versions.get(name, version)
    champion = context.ledger.promotions.latest(name)
    if champion is not None and _is_same(champion, version, requested_by):
        identity = champion.decision_id
    if context.ledger.promotions.by_decision(name, identity) is None:
        check_not_held(context.spec, context.ledger)
    return promote(
        context.ledger.promotions,
        context.registry,
        model=name,
        version=version,
        sha256=entry.sha256,
        expected_champion=None if champion is None else champion.version,
        decision_id=identity,
        kind="forced",
        reason=f"forced by {requested_by or 'somebody'}: {reason}"
        f" ({_known(context.ledger, entry)})",
        requested_by=requested_by,
    )


def _is_same(champion: Promotion, version: str, requested_by: str) -> bool:
    """Return whether the newest row is this very order, given before."""
    order = (champion.kind, champion.version, champion.requested_by)
    return order == ("forced", version, requested_by)


def _known(ledger: Ledger, entry: VersionEntry) -> str:
    """Say what the version's own evaluation said of it."""
    judged = [d for d in ledger.decisions.history(entry.model) if _is_about(d, entry.version)]
    if judged:
        verdict = judged[-1].promotion_verdict
        said = judged[-1].outcome_sentence if verdict is None else verdict.sentence
        guards = of_guards(judged[-1].evaluation)
        return f"its own evaluation: {said}{f'; {guards}' if guards else ''}"
    if entry.evaluation is not None:
        return f"its own evaluation: {entry.evaluation.sentence or 'no verdict is kept'}"
    return "it was never evaluated"


def _is_about(decision: Decision, version: str) -> bool:
    return decision.challenger_version == version and decision.evaluation is not None
