"""Making a model again from what was kept of it, and telling whether it is the same file."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from evergreen.errors import DataError, MissingFileError, RequestError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, VersionEntry
from evergreen.records import Record
from evergreen.storage.store import Store
from evergreen.workflows.ingest.labelled_data import rows_of_window, with_labels
from evergreen.workflows.ingest.snapshot import sha256_of
from evergreen.workflows.train.lineage import Lineage, UsedBatch, read_lineage
from evergreen.workflows.train.provenance import git_commit, library_versions, lock_hash

if TYPE_CHECKING:
    from evergreen.training.jobs import FitJob

SHOWN = 12


class Reproduction(Record):
    """What came of making a model again.

    Attributes:
        decision: The decision that was asked about.
        made_by: The decision that trained the version; another one for a former champion.
        sha256: Of the model file then.
        sha256_again: Of the one that was made now.
        differences: What is not as it was then; also where the file is the same nevertheless.
    """

    model: str
    version: str
    decision: str
    made_by: str
    batch: str
    n_rows: int
    n_batches: int
    seconds: float
    sha256: str
    sha256_again: str
    is_same: bool
    differences: tuple[str, ...]
    sentence: str


def reproduce(
    ledger: Ledger, store: Store, decision_id: str, *, time_limit_seconds: float
) -> Reproduction:
    """Fit the challenger of a decision again, on the CPU, from the rows that were used then.

    Nothing is registered or written. Rows, feature code and parameters are those of then; libraries
    and this suite's code are those of now, and where they differ it is told.

    Raises:
        RequestError: The decision trained nothing.
        DataError: A snapshot or the feature code is gone or was changed, or nothing was kept.
        TrainingError: The fit failed, or ran past the limit.
    """
    from evergreen.training.process import run_child

    decision = ledger.decisions.get(decision_id)
    entry = _version_of(ledger, decision)
    lineage = _lineage_of(store, entry)
    with TemporaryDirectory(prefix="evergreen-reproduce-") as name:
        folder = Path(name)
        job = _job(store, entry, lineage, folder)
        pq.write_table(_rows(store, lineage, folder), folder / "training.parquet")
        fitted = run_child(job, time_limit_seconds=time_limit_seconds)
    is_same = fitted.sha256 == entry.sha256
    differences = _differences(lineage)
    return Reproduction(
        model=entry.model,
        version=entry.version,
        decision=decision.id,
        made_by=lineage.decision,
        batch=lineage.batch,
        n_rows=fitted.n_rows,
        n_batches=len(lineage.batches),
        seconds=fitted.seconds,
        sha256=entry.sha256,
        sha256_again=fitted.sha256,
        is_same=is_same,
        differences=differences,
        sentence=_told(entry, fitted.sha256, differences),
    )


def _version_of(ledger: Ledger, decision: Decision) -> VersionEntry:
    if decision.challenger_version is None:
        what = decision.outcome_sentence or decision.sentence
        raise RequestError(
            f"decision {decision.id} about {decision.batch} of {decision.model} trained nothing"
            f" that was kept: {what}; choose one that did, see evergreen decisions"
            f" {decision.model}"
        )
    return ledger.versions.get(decision.model, decision.challenger_version)


def _lineage_of(store: Store, entry: VersionEntry) -> Lineage:
    lineage = read_lineage(store, entry.folder, entry.sha256)
    if lineage is None:
        raise DataError(
            f"nothing is kept of how {entry.model} v{entry.version} was made: it is older than"
            " such records, was fitted elsewhere, or has passed its retention"
        )
    return lineage


def _job(store: Store, entry: VersionEntry, lineage: Lineage, folder: Path) -> "FitJob":
    """Return the training process's orders of then, with the paths of this machine."""
    from evergreen.training.jobs import FitJob

    features_file = None
    if lineage.features_sha256 is not None:
        features_file = folder / "features.py"
        kept = f"{entry.folder}/features.py"
        _fetch(store, kept, features_file, lineage.features_sha256, what="the feature code")
    orders = {
        **lineage.job,
        "files": [str(folder / "training.parquet")],
        "features_file": None if features_file is None else str(features_file),
        "output": str(folder / "model.lgb"),
        "device": "cpu",
        "on_missing_gpu": "cpu",
    }
    try:
        return FitJob.from_json(orders)
    except ValidationError as err:
        raise DataError(
            f"how {entry.model} v{entry.version} was trained is not understood by this version of"
            f" Evergreen ({err.error_count()} problems, first: {err.errors()[0]['msg']}); check out"
            f" commit {lineage.git_commit}"
        ) from err


def _rows(store: Store, lineage: Lineage, folder: Path) -> pa.Table:
    """Return the labelled rows of then, joined anew from the snapshots that their hashes name."""
    return pa.concat_tables(_parts(store, lineage, folder), promote_options="permissive")


def _parts(store: Store, lineage: Lineage, folder: Path) -> Iterator[pa.Table]:
    for used in lineage.batches:
        rows = _snapshot(store, used.data_path, used.data_sha256, folder, f"data of {used.batch}")
        labels = _snapshot(
            store, used.labels_path, used.labels_sha256, folder, f"labels of {used.batch}"
        )
        joined = with_labels(rows, labels, key=lineage.key, time_column=lineage.time_column)
        part = rows_of_window(joined, lineage.time_column, lineage.window, lineage.incidents)
        _check_count(used, part)
        yield part


def _check_count(used: UsedBatch, part: pa.Table) -> None:
    if part.num_rows != used.n_rows:
        raise DataError(
            f"batch {used.batch} gives {part.num_rows} rows, then it gave {used.n_rows}; how rows"
            " are chosen has changed since: check out the commit of then"
        )


def _snapshot(store: Store, path: str, sha256: str, folder: Path, what: str) -> pa.Table:
    local = folder / "snapshot.parquet"
    _fetch(store, path, local, sha256, what=f"the snapshot of the {what}")
    return pq.ParquetFile(local).read()


def _fetch(store: Store, path: str, to: Path, sha256: str, *, what: str) -> None:
    try:
        store.download(path, to)
    except MissingFileError as err:
        raise DataError(
            f"{what} is gone, so the model cannot be made again: {err}; restore it from a backup of"
            " the store (retention.snapshots_days says how long it is kept)"
        ) from err
    found = sha256_of(to)
    if found != sha256:
        raise DataError(
            f"{what} at {store.uri_of(path)} has sha256 {found[:SHOWN]}, expected"
            f" {sha256[:SHOWN]}; it was changed after it was used: find out who writes to the store"
        )


def _differences(lineage: Lineage) -> tuple[str, ...]:
    """Tell what is not as it was then and may change a fit."""
    found = []
    if lineage.device != "cpu":
        found.append(f"it was trained on {lineage.device}, this fit ran on the CPU")
    now = library_versions()
    found += [
        f"{name} was {then}, is {now.get(name, 'unknown')}"
        for name, then in sorted(lineage.libraries.items())
        if now.get(name) != then
    ]
    for what, then, today in (
        ("requirements.txt", lineage.lock, lock_hash()),
        ("the code (git commit)", lineage.git_commit, git_commit()),
    ):
        if then != today:
            found.append(f"{what} was {then[:SHOWN]}, is {today[:SHOWN]}")
    return tuple(found)


def _told(entry: VersionEntry, again: str, differences: tuple[str, ...]) -> str:
    if again == entry.sha256:
        return f"same model: {entry.model} v{entry.version}, sha256 {again}"
    why = "; ".join(differences) or (
        "libraries, lock and code are the same, so look at the machine (another CPU or compiler)"
    )
    return (
        f"differs: {entry.model} v{entry.version} has sha256 {entry.sha256}, made again it has"
        f" {again}; {why}"
    )
