"""What may be removed after its time, and what never."""

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from evergreen.errors import RegistryError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery, DeliveryKind, VersionEntry
from evergreen.spec.model import ModelSpec
from evergreen.workflows.ingest.labelled_data import labelled_path, matured
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.registry.client import ModelRegistry
    from evergreen.storage.store import Store

log = logging.getLogger(__name__)

SCRATCH_DAYS = 7.0


def remove_expired(context: ModelContext) -> dict[str, int]:
    """Apply the spec's retention to one model; give how many of each kind were removed."""
    rules = context.spec.retention
    name = context.spec.name
    return {
        "reports": _remove_older(context.store, f"reports/{name}", rules.reports_days),
        "scratch": _remove_older(context.store, f"scratch/{name}", SCRATCH_DAYS),
        "predictions": _remove_predictions(context.spec, context.ledger, context.store),
        "snapshots": _remove_snapshots(context.spec, context.ledger, context.store, "data")
        + _remove_snapshots(context.spec, context.ledger, context.store, "labels"),
        "replaced_snapshots": _remove_replaced(context.spec, context.ledger, context.store),
        "model_versions": _remove_versions(
            context.spec, context.ledger, context.store, context.registry
        ),
    }


def protected_versions(spec: ModelSpec, ledger: Ledger) -> set[str]:
    """Return the versions that stay whatever their age: the champion, and each that it replaced.

    After a rollback these are both the version that was left and the one before the restored one,
    to which the next rollback would go.
    """
    history = ledger.promotions.history(spec.name)
    if not history:
        return set()
    champion = history[-1].version
    replaced = {row.previous_version for row in history if row.version == champion}
    return {champion, *(version for version in replaced if version is not None)}


def _remove_older(
    store: "Store", folder: str, days: float, *, keep: frozenset[str] = frozenset()
) -> int:
    limit = datetime.now(UTC) - timedelta(days=days)
    removed = 0
    for path in store.list_files(folder):
        if path not in keep and store.modified(path) < limit:
            store.delete(path)
            removed += 1
    return removed


def _remove_predictions(spec: ModelSpec, ledger: Ledger, store: "Store") -> int:
    """Remove old predictions, except those on which the champion's decay is yet to be measured."""
    limit = datetime.now(UTC) - timedelta(days=spec.retention.predictions_days)
    champion = ledger.promotions.latest(spec.name)
    version = None if champion is None else champion.version
    labelled = [delivery.batch for delivery in matured(ledger, spec.name)]
    awaited = labelled[-spec.decay.window_batches :][:1] or [""]
    expired = [
        prediction
        for prediction in ledger.batches.predictions(spec.name)
        if prediction.scored_at < limit
        and not (prediction.version == version and prediction.batch >= awaited[0])
    ]
    for prediction in expired:
        store.delete(prediction.path)
        ledger.batches.forget_predictions(prediction.model, prediction.batch, prediction.version)
    return len(expired)


def _remove_snapshots(spec: ModelSpec, ledger: Ledger, store: "Store", kind: DeliveryKind) -> int:
    """Remove old snapshots, except those that the next model would still learn from."""
    limit = datetime.now(UTC) - timedelta(days=spec.retention.snapshots_days)
    needed = _history_start(spec, ledger)
    expired = [
        delivery
        for delivery in ledger.batches.deliveries(spec.name, kind)
        if delivery.taken_at < limit and not _is_needed(delivery, needed)
    ]
    for delivery in expired:
        store.delete(str(delivery.path))
        if kind == "labels":
            store.delete(labelled_path(spec.name, delivery.batch))
        ledger.batches.forget_snapshot(spec.name, kind, delivery.batch)
    return len(expired)


def _is_needed(delivery: Delivery, history_start: datetime | None) -> bool:
    if delivery.path is None or delivery.window is None or history_start is None:
        return True
    return delivery.window.end > history_start


def _history_start(spec: ModelSpec, ledger: Ledger) -> datetime | None:
    """Return the start of what a retrain of today would still read."""
    ends = [d.window.end for d in matured(ledger, spec.name) if d.window is not None]
    windows = spec.windows
    days = windows.training_days + windows.holdout_days
    return max(ends) - timedelta(days=days) if ends else None


def _remove_replaced(spec: ModelSpec, ledger: Ledger, store: "Store") -> int:
    """Remove old snapshots that a later delivery of the same batch has replaced."""
    name = spec.name
    known = [
        delivery.path
        for kind in ("data", "labels")
        for delivery in ledger.batches.deliveries(name, kind)
        if delivery.path is not None
    ]
    days = spec.retention.snapshots_days
    return _remove_older(store, f"snapshots/{name}", days, keep=frozenset(known))


def _remove_versions(
    spec: ModelSpec, ledger: Ledger, store: "Store", registry: "ModelRegistry"
) -> int:
    keep = protected_versions(spec, ledger)
    entries = ledger.versions.history(spec.name)
    newest = entries[-spec.retention.model_versions :]
    kept_folders = {e.folder for e in entries if e in newest or e.version in keep}
    expired = [e for e in entries if e not in newest and e.version not in keep]
    return sum(_remove_version(store, registry, entry, kept_folders) for entry in expired)


def _remove_version(
    store: "Store", registry: "ModelRegistry", entry: VersionEntry, kept_folders: set[str]
) -> int:
    """Remove a version and its folder; what is gone already is fine."""
    was_there = registry.get_version(entry.model, entry.version) is not None
    if was_there:
        try:
            registry.delete_version(entry.model, entry.version)
        except RegistryError as err:
            if not err.is_permanent:
                raise
            log.warning("%s v%s stays: %s", entry.model, entry.version, err)
            return 0
    if entry.folder not in kept_folders:
        store.delete(entry.folder)
    return int(was_there)
