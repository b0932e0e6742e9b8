"""Taking a delivery in: every file is checked against its manifest, then copied once, for good."""

from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.data.batches import following, is_batch_id, next_batch
from evergreen.data.manifest import check_file, parse_manifest
from evergreen.data.parts import combine, read_part
from evergreen.data.snapshots import describe_snapshot
from evergreen.errors import DataError, ExternalError, LedgerError, ManifestError, MissingFileError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery, DeliveryKind
from evergreen.records import DeliveredFile, Manifest, Snapshot
from evergreen.spec.model import ModelSpec
from evergreen.workflows.ingest.delivery import FoundDelivery, TakenDelivery
from evergreen.workflows.model_context import ModelContext, open_deliveries, scratch_folder

if TYPE_CHECKING:
    from evergreen.storage.store import Store

MANIFEST = "manifest.json"
ANY_BATCH = "[0-9]*-[0-9]*-[0-9]*"  # the same to a local glob and to S3KeySensor


def find_delivery(context: ModelContext, kind: DeliveryKind) -> FoundDelivery:
    """Return what a run is to take in, and freeze the spec for it."""
    batch = find_next(context.spec, context.ledger, kind)
    return FoundDelivery(
        kind=kind,
        batch=batch,
        manifest=manifest_uri(context.spec, kind, batch),
        spec_hash=context.freeze_spec(),
    )


def take_found(context: ModelContext, found: FoundDelivery) -> tuple[TakenDelivery, str]:
    """Take in what was found; return it with the sentence that the ledger keeps of it.

    Raises:
        ExternalError: A manifest was seen and is gone again; a retry may help.
    """
    batch = found.batch or find_next(context.spec, context.ledger, found.kind)
    if batch is None:
        raise ExternalError(f"a manifest was seen at {found.manifest} and is gone again")
    delivery = _take_in(context.spec, context.ledger, context.store, found.kind, batch)
    taken = TakenDelivery(
        kind=found.kind,
        batch=batch,
        is_taken=delivery.path is not None,
        spec_hash=found.spec_hash,
    )
    return taken, delivery.sentence


def find_next(spec: ModelSpec, ledger: Ledger, kind: DeliveryKind) -> str | None:
    """Return the batch to take in next: the oldest one newer than all that were taken in before.

    None: nothing is known and nothing is there, so the first batch may have any id.
    """
    known = {d.batch for d in ledger.batches.deliveries(spec.name, kind)}
    landing = open_deliveries(spec, kind)
    named = [folder for folder in landing.list_folders() if is_batch_id(folder)]
    later = [batch for batch in named if not known or batch > max(known)]
    complete = [batch for batch in later if landing.exists(f"{batch}/{MANIFEST}")]
    return next_batch(complete, known) or _expected(spec, ledger, kind, known)


def manifest_uri(spec: ModelSpec, kind: DeliveryKind, batch: str | None) -> str:
    """Return the place of a batch's manifest; any batch's when ``batch`` is None."""
    location = spec.landing if kind == "data" else spec.labels
    return f"{location.uri}/{batch or ANY_BATCH}/{MANIFEST}"


def _take_in(
    spec: ModelSpec, ledger: Ledger, store: "Store", kind: DeliveryKind, batch: str
) -> Delivery:
    """Take a delivery in and record it: received, or rejected with the reason and without a path.

    What was accepted before stays as it is: decisions rest on it, and a rerun must not lose it
    because the landing area has been tidied meanwhile.

    Raises:
        StorageError: Landing area or store did not answer; a retry may help.
    """
    model, batches = spec.name, ledger.batches
    known = batches.delivery(model, kind, batch)
    if known is not None and known.status == "accepted":
        return known
    try:
        batches.record_snapshot(take_delivery(spec, store, kind, batch))
    except DataError as err:
        batches.record_refusal(model, kind, batch, status="rejected", sentence=str(err))
    recorded = batches.delivery(model, kind, batch)
    if recorded is None:
        raise LedgerError(f"the {kind} of {batch} of {model} was recorded and is not there")
    return recorded


def take_delivery(spec: ModelSpec, store: "Store", kind: DeliveryKind, batch: str) -> Snapshot:
    """Check a delivery and copy it into the store, named by its content.

    Raises:
        DataError: The delivery is not what its manifest or the spec says; no retry helps.
        StorageError: Landing area or store did not answer; a retry may help.
    """
    text = open_deliveries(spec, kind).read_bytes(f"{batch}/{MANIFEST}")
    manifest = parse_manifest(text, model=spec.name, batch=batch, kind=kind)
    with scratch_folder(spec.name) as folder:
        parts = [_take_part(spec, manifest, listed, folder) for listed in manifest.files]
        copy = folder / "snapshot.parquet"
        pq.write_table(combine(parts, manifest, spec), copy, compression="zstd")
        snapshot = describe_snapshot(manifest, sha256_of(copy))
        store.upload(copy, snapshot.path)
    return snapshot


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a local file, in hex."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _take_part(
    spec: ModelSpec, manifest: Manifest, listed: DeliveredFile, folder: Path
) -> pa.Table:
    landing = open_deliveries(spec, manifest.kind)
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
        return read_part(source, listed, manifest, spec)


def _expected(spec: ModelSpec, ledger: Ledger, kind: DeliveryKind, known: set[str]) -> str | None:
    if kind == "labels":
        batches = {d.batch for d in ledger.batches.deliveries(spec.name, "data")}
        waiting = sorted(batch for batch in batches if not known or batch > max(known))
        if waiting:
            return waiting[0]
    if not known:
        return None
    newest = ledger.batches.delivery(spec.name, kind, max(known))
    window = None if newest is None else newest.window
    days = spec.arrivals.every_days if window is None else window.days
    return following(max(known), every_days=days)
