"""What may be removed after its time, and what never."""

from datetime import UTC, datetime, timedelta

from evergreen.errors import StorageError
from evergreen.ledger.entries import VersionEntry
from evergreen.orchestration.history import labelled_path
from evergreen.orchestration.workbench import Workbench

SCRATCH_DAYS = 7.0


def remove_expired(bench: Workbench) -> dict[str, int]:
    """Apply the spec's retention to one model; give how many of each kind were removed."""
    rules = bench.spec.retention
    name = bench.spec.name
    return {
        "reports": _remove_older(bench, f"reports/{name}", rules.reports_days),
        "scratch": _remove_older(bench, f"scratch/{name}", SCRATCH_DAYS),
        "predictions": _remove_predictions(bench),
        "snapshots": _remove_snapshots(bench),
        "model_versions": _remove_versions(bench),
    }


def protected_versions(bench: Workbench) -> set[str]:
    """Give the versions that stay whatever their age: champion and previous champion."""
    latest = bench.ledger.promotions.latest(bench.spec.name)
    if latest is None:
        return set()
    return {v for v in (latest.version, latest.previous_version) if v is not None}


def _remove_older(bench: Workbench, folder: str, days: float) -> int:
    limit = datetime.now(UTC) - timedelta(days=days)
    removed = 0
    for path in bench.store.list_files(folder):
        if bench.store.modified(path) < limit:
            bench.store.delete(path)
            removed += 1
    return removed


def _remove_predictions(bench: Workbench) -> int:
    limit = datetime.now(UTC) - timedelta(days=bench.spec.retention.predictions_days)
    expired = [p for p in bench.ledger.batches.predictions(bench.spec.name) if p.scored_at < limit]
    for log in expired:
        bench.store.delete(log.path)
        bench.ledger.batches.forget_predictions(log.model, log.batch, log.version)
    return len(expired)


def _remove_snapshots(bench: Workbench) -> int:
    """Remove old snapshots, except those that the next model would still learn from."""
    limit = datetime.now(UTC) - timedelta(days=bench.spec.retention.snapshots_days)
    removed = 0
    for kind in ("data", "labels"):
        deliveries = bench.ledger.batches.deliveries(bench.spec.name, kind)
        needed = _history_start(bench)
        for delivery in deliveries:
            is_needed = delivery.window is None or needed is None or delivery.window.end > needed
            if delivery.path is None or delivery.taken_at >= limit or is_needed:
                continue
            bench.store.delete(delivery.path)
            bench.store.delete(labelled_path(bench.spec.name, delivery.batch))
            removed += 1
    return removed


def _history_start(bench: Workbench) -> datetime | None:
    """Give the start of what a retrain of today would still read."""
    labels = bench.ledger.batches.deliveries(bench.spec.name, "labels", status="accepted")
    ends = [d.window.end for d in labels if d.window is not None]
    windows = bench.spec.windows
    days = windows.training_days + windows.holdout_days
    return max(ends) - timedelta(days=days) if ends else None


def _remove_versions(bench: Workbench) -> int:
    keep = protected_versions(bench)
    entries = bench.ledger.versions.history(bench.spec.name)
    expired = [e for e in entries[: -bench.spec.retention.model_versions] if e.version not in keep]
    return sum(_remove_version(bench, entry) for entry in expired)


def _remove_version(bench: Workbench, entry: VersionEntry) -> int:
    if bench.registry.get_version(entry.model, entry.version) is None:
        return 0
    bench.registry.delete_version(entry.model, entry.version)
    try:
        bench.store.delete(entry.folder)
    except StorageError:
        return 1  # the folder goes tomorrow; the version itself is gone
    return 1
