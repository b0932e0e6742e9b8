"""Where a checked delivery is stored: its path follows from its content, so it never changes."""

from typing import Literal

from evergreen.records import Manifest, Snapshot

DIGITS = 16


def snapshot_path(model: str, kind: Literal["data", "labels"], batch: str, sha256: str) -> str:
    """Return the path, relative to the store, of the snapshot with that content."""
    return f"snapshots/{model}/{kind}/{batch}/{sha256[:DIGITS]}.parquet"


def describe_snapshot(manifest: Manifest, sha256: str) -> Snapshot:
    """Return the record of the snapshot that was made from a delivery.

    Args:
        manifest: The delivery's manifest, already checked against its files.
        sha256: Hash, in hex, of the snapshot's Parquet file.
    """
    return Snapshot(
        model=manifest.model,
        batch=manifest.batch,
        kind=manifest.kind,
        path=snapshot_path(manifest.model, manifest.kind, manifest.batch, sha256),
        sha256=sha256,
        n_rows=manifest.n_rows,
        window=manifest.window,
    )
