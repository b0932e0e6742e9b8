"""What a model was made from: enough to make it again, kept beside it in the store.

Snapshots are named by their content and never replaced, so their hashes pin the rows. One file per
fit, named by what came out: a later fit for the same version leaves that of the first as it is.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evergreen.errors import MissingFileError
from evergreen.ledger.ledger import Ledger
from evergreen.records import Json, Record, Window
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.ingest.labelled_data import labelled_parts
from evergreen.workflows.ingest.snapshot import sha256_of
from evergreen.workflows.train.provenance import git_commit, library_versions, lock_hash

if TYPE_CHECKING:
    from evergreen.storage.store import Store
    from evergreen.training.jobs import FitJob, FitResult

OF_THE_MACHINE = {"kind", "files", "features_file", "output", "refused_devices"}
DIGITS = 16


class UsedBatch(Record):
    """One batch that a model learnt from: its two snapshots, and how many rows it gave."""

    batch: str
    data_path: str
    data_sha256: str
    labels_path: str
    labels_sha256: str
    n_rows: int


class Lineage(Record):
    """How one fit was made.

    Attributes:
        decision: The decision that asked for it.
        batch: The batch that it was about.
        sha256: Of the model file that came out.
        window: What it learnt from, in event time.
        batches: The labelled batches of that window, in the order in which they were read.
        held: Batches that were held for a data fault then, anywhere in the history.
        incidents: Spans of the window's time that the spec left out.
        key: Column that joins labels to rows.
        time_column: Event time.
        job: What the training process was asked to do, without the paths of its machine.
        device: The device that trained.
        features_sha256: Of the ``features.py`` that was used, kept in the same folder; None: none.
        libraries: Version of Python and of each library that may change a fit.
    """

    model: str
    decision: str
    batch: str
    sha256: str
    window: Window
    batches: tuple[UsedBatch, ...]
    held: tuple[str, ...]
    incidents: tuple[Window, ...]
    key: str
    time_column: str
    job: Json
    device: str
    features_sha256: str | None
    spec_hash: str
    git_commit: str
    lock: str
    libraries: dict[str, str]
    made_at: datetime


def keep_lineage(
    spec: ModelSpec,
    ledger: Ledger,
    store: "Store",
    run: DecisionRun,
    job: "FitJob",
    *,
    fitted: "FitResult",
    window: Window,
    folder: str,
) -> Lineage:
    """Keep what a fit was made from, beside the model file that came out."""
    lineage = Lineage(
        model=spec.name,
        decision=run.decision_id,
        batch=run.batch,
        sha256=fitted.sha256,
        window=window,
        batches=_used(spec, ledger, store, window, before=run.batch),
        held=tuple(sorted(ledger.decisions.quarantined_batches(spec.name))),
        incidents=tuple(Window(start=i.start, end=i.end) for i in spec.policy.excluded_spans),
        key=spec.data.key,
        time_column=spec.data.time_column,
        job=job.model_dump(mode="json", exclude=OF_THE_MACHINE),
        device=fitted.device,
        features_sha256=None if job.features_file is None else sha256_of(job.features_file),
        spec_hash=run.spec_hash,
        git_commit=git_commit(),
        lock=lock_hash(),
        libraries=library_versions(),
        made_at=datetime.now(UTC),
    )
    store.write_json(_path(folder, fitted.sha256), lineage.to_json())
    return lineage


def read_lineage(store: "Store", folder: str, sha256: str) -> Lineage | None:
    """Read how a model file was made; None where nothing was kept of it."""
    try:
        return Lineage.from_json(store.read_json(_path(folder, sha256)))
    except MissingFileError:
        return None


def _used(
    spec: ModelSpec, ledger: Ledger, store: "Store", window: Window, *, before: str
) -> tuple[UsedBatch, ...]:
    name = spec.name
    used = []
    for labels, rows in labelled_parts(
        spec,
        ledger,
        store,
        window,
        before=before,
        columns=[spec.data.time_column],
    ):
        data = ledger.batches.delivery(name, "data", labels.batch)
        used.append(
            UsedBatch(
                batch=labels.batch,
                data_path=(data and data.path) or "",
                data_sha256=(data and data.sha256) or "",
                labels_path=labels.path or "",
                labels_sha256=labels.sha256 or "",
                n_rows=rows.num_rows,
            )
        )
    return tuple(used)


def _path(folder: str, sha256: str) -> str:
    return f"{folder}/lineage/{sha256[:DIGITS]}.json"
