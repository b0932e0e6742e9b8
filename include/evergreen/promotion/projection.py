"""Making the MLflow alias follow the ledger, and seeing when it does not."""

from typing import Literal

from evergreen.dag_ids import ROLLBACK, dag_id
from evergreen.errors import PromotionError
from evergreen.failpoints import failpoint
from evergreen.promotion.ports import AliasRegistry, PromotionLedger
from evergreen.records import ModelVersion, Promotion, Record

CHAMPION = "champion"


class Reconciliation(Record):
    """Whether alias and ledger agree, in one sentence.

    ``in_step``: they do. ``projected``: a promotion that was begun is now finished. ``mismatch``:
    the alias was moved by somebody else; nothing was changed. ``no_champion``: there is none yet.
    """

    verdict: Literal["in_step", "projected", "mismatch", "no_champion"]
    sentence: str


def project(ledger: PromotionLedger, registry: AliasRegistry, row: Promotion) -> Promotion:
    """Make the alias follow ``row`` and commit it, as often as it is called.

    A row that is committed, or that is no longer the newest, is given back without touching the
    alias: the promotion of the next epoch has projected it first.

    Raises:
        PromotionError: Somebody else moved the alias, or the version cannot be used.
        RegistryError: MLflow did not do it; calling again finishes it.
    """
    if row.state == "committed" or not _is_newest(ledger, row):
        return row
    named = alias_version(registry, row.model)
    if named != row.version:
        if named != row.previous_version:
            if not _is_newest(ledger, row):
                return row
            raise out_of_band(row.model, named, row.version, previous=row.previous_version)
        check_usable(registry, row.model, row.version, row.sha256)
        _write_alias(ledger, registry, row)
    ledger.commit(row.model, row.epoch)
    failpoint("after_commit")
    return row.model_copy(update={"state": "committed"})


def reconcile(ledger: PromotionLedger, registry: AliasRegistry, model: str) -> Reconciliation:
    """Finish a promotion that was begun; otherwise only tell whether the alias follows the ledger.

    Raises:
        ExternalError: Ledger or registry could not be asked.
    """
    row = ledger.latest(model)
    if row is not None and row.state == "intent":
        return _finish(ledger, registry, row)
    bearer = registry.get_alias(model, CHAMPION)
    verdict = compare(row, bearer, model)
    if verdict.verdict == "mismatch" and ledger.latest(model) != row:
        # The champion was moved between the two questions; both answers are new now.
        return reconcile(ledger, registry, model)
    return verdict


def compare(row: Promotion | None, bearer: ModelVersion | None, model: str) -> Reconciliation:
    """Return whether the alias names what the ledger says; a question only, nothing is moved.

    Args:
        row: The newest promotion of the ledger, committed; None where there is none.
        bearer: The version that the alias names; None where there is no alias.
        model: The model.
    """
    named = None if bearer is None else bearer.version
    if named != (None if row is None else row.version):
        moved = out_of_band(model, named, None if row is None else row.version)
        return Reconciliation(verdict="mismatch", sentence=str(moved))
    if row is None or bearer is None:
        return Reconciliation(verdict="no_champion", sentence=f"{model} has no champion yet")
    if not bearer.is_ready or bearer.sha256 != row.sha256:
        sentence = (
            f"{model} v{named} is champion, but the registry says sha256"
            f" {bearer.sha256[:12] or 'none'}, {'READY' if bearer.is_ready else 'not READY'}; the"
            f" ledger says {row.sha256[:12]}. Nothing was changed: roll back to a version you trust"
        )
        return Reconciliation(verdict="mismatch", sentence=sentence)
    return Reconciliation(verdict="in_step", sentence=f"{model} v{named} is champion")


def alias_version(registry: AliasRegistry, model: str) -> str | None:
    """Return the version that the champion alias names."""
    bearer = registry.get_alias(model, CHAMPION)
    return None if bearer is None else bearer.version


def check_usable(registry: AliasRegistry, model: str, version: str, sha256: str) -> ModelVersion:
    """Return the version when it may become champion.

    Raises:
        PromotionError: It is not in the registry, not READY, or of another file than ``sha256``.
    """
    found = registry.get_version(model, version)
    if found is None:
        raise PromotionError(
            f"{model} has no v{version} in the registry; was it deleted? The champion stays"
        )
    if not found.is_ready:
        raise PromotionError(f"{model} v{version} is not READY in the registry; the champion stays")
    if found.sha256 != sha256:
        raise PromotionError(
            f"{model} v{version} has sha256 {found.sha256[:12] or 'none'} in the registry, expected"
            f" {sha256[:12]}; it is not the model that was evaluated: the champion stays"
        )
    return found


def out_of_band(
    model: str, named: str | None, ledger_version: str | None, *, previous: str | None = None
) -> PromotionError:
    """Say that somebody moved the alias without a decision, and how to go on."""
    right = [one for one in (ledger_version, previous) if one is not None]
    remedy = (
        f"set it back to {' or '.join(map(told, right))}, or start {dag_id(ROLLBACK, model)} with"
        " the version that is to serve"
        if right
        else "remove it from the registry"
    )
    return PromotionError(
        f"the alias {CHAMPION} of {model} names {told(named)}, but the ledger's champion is"
        f" {told(ledger_version)}; somebody moved it without a decision. Nothing was changed:"
        f" {remedy}, then clear this task"
    )


def told(version: str | None) -> str:
    """Name a version in a sentence."""
    return "none" if version is None else f"v{version}"


def _is_newest(ledger: PromotionLedger, row: Promotion) -> bool:
    newest = ledger.latest(row.model)
    return newest is not None and newest.epoch == row.epoch


def _write_alias(ledger: PromotionLedger, registry: AliasRegistry, row: Promotion) -> None:
    """Write the alias, and look afterwards whether the write came too late.

    MLflow's alias has no compare-and-set: a process that stalled before its write may overwrite a
    newer champion. It then finds a newer epoch in the ledger and puts that one's version back.
    """
    target = row
    while True:
        registry.set_alias(row.model, CHAMPION, target.version)
        failpoint("after_alias")
        newest = ledger.latest(row.model)
        if newest is None or newest.epoch == target.epoch:
            return
        target = newest


def _finish(ledger: PromotionLedger, registry: AliasRegistry, row: Promotion) -> Reconciliation:
    try:
        project(ledger, registry, row)
    except PromotionError as err:
        return Reconciliation(verdict="mismatch", sentence=str(err))
    return Reconciliation(
        verdict="projected",
        sentence=f"the {row.kind} of {row.model} to v{row.version} was begun and is now finished",
    )
