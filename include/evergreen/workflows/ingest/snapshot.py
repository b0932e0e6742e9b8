"""Taking a delivery in: every file is checked against its manifest, then copied once, for good."""

from hashlib import file_digest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.data.batches import following, is_batch_id, next_batch
from evergreen.data.manifest import check_file, parse_manifest
from evergreen.data.parts import combine, read_part
from evergreen.data.snapshots import describe_snapshot
from evergreen.errors import DataError, LedgerError, ManifestError, MissingFileError
from evergreen.ledger.records import Delivery, DeliveryKind
from evergreen.records import DeliveredFile, Manifest, Snapshot
from evergreen.workflows.model_context import Workbench

MANIFEST = "manifest.json"
ANY_BATCH = "[0-9]*-[0-9]*-[0-9]*"  # the same to a local glob and to S3KeySensor


def find_next(bench: Workbench, kind: DeliveryKind) -> str | None:
    """Give the batch to take in next: the oldest one newer than all that were taken in before.

    None: nothing is known and nothing is there, so the first batch may have any id.
    """
    known = {d.batch for d in bench.ledger.batches.deliveries(bench.spec.name, kind)}
    landing = bench.deliveries(kind)
    named = [folder for folder in landing.list_folders() if is_batch_id(folder)]
    later = [batch for batch in named if not known or batch > max(known)]
    complete = [batch for batch in later if landing.exists(f"{batch}/{MANIFEST}")]
    return next_batch(complete, known) or _expected(bench, kind, known)


def manifest_uri(bench: Workbench, kind: DeliveryKind, batch: str | None) -> str:
    """Give the place of a batch's manifest; any batch's when ``batch`` is None."""
    location = bench.spec.landing if kind == "data" else bench.spec.labels
    return f"{location.uri}/{batch or ANY_BATCH}/{MANIFEST}"


def take_in(bench: Workbench, kind: DeliveryKind, batch: str) -> Delivery:
    """Take a delivery in and record it: received, or rejected with the reason and without a path.

    What was accepted before stays as it is: decisions rest on it, and a rerun must not lose it
    because the landing area has been tidied meanwhile.

    Raises:
        StorageError: Landing area or store did not answer; a retry may help.
    """
    model, batches = bench.spec.name, bench.ledger.batches
    known = batches.delivery(model, kind, batch)
    if known is not None and known.status == "accepted":
        return known
    try:
        batches.record_snapshot(take_delivery(bench, kind, batch))
    except DataError as err:
        batches.record_refusal(model, kind, batch, status="rejected", sentence=str(err))
    recorded = batches.delivery(model, kind, batch)
    if recorded is None:
        raise LedgerError(f"the {kind} of {batch} of {model} was recorded and is not there")
    return recorded


def take_delivery(bench: Workbench, kind: DeliveryKind, batch: str) -> Snapshot:
    """Check a delivery and copy it into the store, named by its content.

    Raises:
        DataError: The delivery is not what its manifest or the spec says; no retry helps.
        StorageError: Landing area or store did not answer; a retry may help.
    """
    text = bench.deliveries(kind).read_bytes(f"{batch}/{MANIFEST}")
    manifest = parse_manifest(text, model=bench.spec.name, batch=batch, kind=kind)
    with bench.scratch() as folder:
        parts = [_take_part(bench, manifest, listed, folder) for listed in manifest.files]
        copy = folder / "snapshot.parquet"
        pq.write_table(combine(parts, manifest, bench.spec), copy, compression="zstd")
        snapshot = describe_snapshot(manifest, sha256_of(copy))
        bench.store.upload(copy, snapshot.path)
    return snapshot


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a local file, in hex."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _take_part(
    bench: Workbench, manifest: Manifest, listed: DeliveredFile, folder: Path
) -> pa.Table:
    landing = bench.deliveries(manifest.kind)
    place = f"{manifest.batch}/{listed.path}"
    local = folder / "part.parquet"
    try:
        landing.download(place, local)
    except MissingFileError as err:
        raise ManifestError(
            f"part missing: {landing.uri_of(place)} is in the manifest but not there;"
            " ask the upstream system to deliver the batch again"
        ) from err
    check_file(
        listed, size_bytes=local.stat().st_size, sha256=sha256_of(local), n_rows=listed.n_rows
    )
    with local.open("rb") as source:
        return read_part(source, listed, manifest, bench.spec)


def _expected(bench: Workbench, kind: DeliveryKind, known: set[str]) -> str | None:
    if kind == "labels":
        batches = {d.batch for d in bench.ledger.batches.deliveries(bench.spec.name, "data")}
        waiting = sorted(batch for batch in batches if not known or batch > max(known))
        if waiting:
            return waiting[0]
    if not known:
        return None
    newest = bench.ledger.batches.delivery(bench.spec.name, kind, max(known))
    window = None if newest is None else newest.window
    days = bench.spec.arrivals.every_days if window is None else window.days
    return following(max(known), every_days=days)
