"""What may be removed after its time, and what never."""

import logging
from datetime import UTC, datetime, timedelta

from evergreen.errors import RegistryError
from evergreen.ledger.records import Delivery, DeliveryKind, VersionEntry
from evergreen.workflows.ingest.labelled_data import labelled_path, matured
from evergreen.workflows.model_context import Workbench

log = logging.getLogger(__name__)

SCRATCH_DAYS = 7.0


def remove_expired(bench: Workbench) -> dict[str, int]:
    """Apply the spec's retention to one model; give how many of each kind were removed."""
    rules = bench.spec.retention
    name = bench.spec.name
    return {
        "reports": _remove_older(bench, f"reports/{name}", rules.reports_days),
        "scratch": _remove_older(bench, f"scratch/{name}", SCRATCH_DAYS),
        "predictions": _remove_predictions(bench),
        "snapshots": _remove_snapshots(bench, "data") + _remove_snapshots(bench, "labels"),
        "replaced_snapshots": _remove_replaced(bench),
        "model_versions": _remove_versions(bench),
    }


def protected_versions(bench: Workbench) -> set[str]:
    """Give the versions that stay whatever their age: the champion, and each that it replaced.

    After a rollback these are both the version that was left and the one before the restored one,
    to which the next rollback would go.
    """
    history = bench.ledger.promotions.history(bench.spec.name)
    if not history:
        return set()
    champion = history[-1].version
    replaced = {row.previous_version for row in history if row.version == champion}
    return {champion, *(version for version in replaced if version is not None)}


def _remove_older(
    bench: Workbench, folder: str, days: float, *, keep: frozenset[str] = frozenset()
) -> int:
    limit = datetime.now(UTC) - timedelta(days=days)
    removed = 0
    for path in bench.store.list_files(folder):
        if path not in keep and bench.store.modified(path) < limit:
            bench.store.delete(path)
            removed += 1
    return removed


def _remove_predictions(bench: Workbench) -> int:
    """Remove old predictions, except those on which the champion's decay is yet to be measured."""
    limit = datetime.now(UTC) - timedelta(days=bench.spec.retention.predictions_days)
    champion = bench.ledger.promotions.latest(bench.spec.name)
    version = None if champion is None else champion.version
    labelled = [delivery.batch for delivery in matured(bench)]
    awaited = labelled[-bench.spec.decay.window_batches :][:1] or [""]
    expired = [
        prediction
        for prediction in bench.ledger.batches.predictions(bench.spec.name)
        if prediction.scored_at < limit
        and not (prediction.version == version and prediction.batch >= awaited[0])
    ]
    for prediction in expired:
        bench.store.delete(prediction.path)
        bench.ledger.batches.forget_predictions(
            prediction.model, prediction.batch, prediction.version
        )
    return len(expired)


def _remove_snapshots(bench: Workbench, kind: DeliveryKind) -> int:
    """Remove old snapshots, except those that the next model would still learn from."""
    limit = datetime.now(UTC) - timedelta(days=bench.spec.retention.snapshots_days)
    needed = _history_start(bench)
    expired = [
        delivery
        for delivery in bench.ledger.batches.deliveries(bench.spec.name, kind)
        if delivery.taken_at < limit and not _is_needed(delivery, needed)
    ]
    for delivery in expired:
        bench.store.delete(str(delivery.path))
        if kind == "labels":
            bench.store.delete(labelled_path(bench.spec.name, delivery.batch))
        bench.ledger.batches.forget_snapshot(bench.spec.name, kind, delivery.batch)
    return len(expired)


def _is_needed(delivery: Delivery, history_start: datetime | None) -> bool:
    if delivery.path is None or delivery.window is None or history_start is None:
        return True
    return delivery.window.end > history_start


def _history_start(bench: Workbench) -> datetime | None:
    """Give the start of what a retrain of today would still read."""
    ends = [d.window.end for d in matured(bench) if d.window is not None]
    windows = bench.spec.windows
    days = windows.training_days + windows.holdout_days
    return max(ends) - timedelta(days=days) if ends else None


def _remove_replaced(bench: Workbench) -> int:
    """Remove old snapshots that a later delivery of the same batch has replaced."""
    name = bench.spec.name
    known = [
        delivery.path
        for kind in ("data", "labels")
        for delivery in bench.ledger.batches.deliveries(name, kind)
        if delivery.path is not None
    ]
    days = bench.spec.retention.snapshots_days
    return _remove_older(bench, f"snapshots/{name}", days, keep=frozenset(known))


def _remove_versions(bench: Workbench) -> int:
    keep = protected_versions(bench)
    entries = bench.ledger.versions.history(bench.spec.name)
    newest = entries[-bench.spec.retention.model_versions :]
    kept_folders = {e.folder for e in entries if e in newest or e.version in keep}
    expired = [e for e in entries if e not in newest and e.version not in keep]
    return sum(_remove_version(bench, entry, kept_folders) for entry in expired)


def _remove_version(bench: Workbench, entry: VersionEntry, kept_folders: set[str]) -> int:
    """Remove a version and its folder; what is gone already is fine."""
    was_there = bench.registry.get_version(entry.model, entry.version) is not None
    if was_there:
        try:
            bench.registry.delete_version(entry.model, entry.version)
        except RegistryError as err:
            if not err.is_permanent:
                raise
            log.warning("%s v%s stays: %s", entry.model, entry.version, err)
            return 0
    if entry.folder not in kept_folders:
        bench.store.delete(entry.folder)
    return int(was_there)
