"""Scoring with one model version: its own checked file and feature code, in its own process."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import MissingFileError, ModelFileError
from evergreen.ledger.records import PredictionLog
from evergreen.workflows.ingest.quality_gate import read_snapshot, taken
from evergreen.workflows.model_context import ModelContext, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from evergreen.ledger.ledger import Ledger
    from evergreen.registry.client import ModelRegistry
    from evergreen.spec.model import Feature, ModelSpec
    from evergreen.storage.store import Store
    from evergreen.training.jobs import ScoreJob

PREDICTION = "prediction"
TIME_LIMIT_SECONDS = 1500.0


@dataclass(frozen=True)
class ScoringAccess:
    """What is needed to let versions of a model score, and to keep their predictions.

    Attributes:
        spec: The model's spec.
        ledger: Knows the versions and their predictions.
        store: Where feature code and predictions are kept.
        open_registry: Returns the registry; called only when a model file is needed.
        memory_bytes: What a scoring process may use; None: it follows from the size of its files.
    """

    spec: "ModelSpec"
    ledger: "Ledger"
    store: "Store"
    open_registry: "Callable[[], ModelRegistry]"
    memory_bytes: int | None

    @classmethod
    def of(cls, context: ModelContext) -> "ScoringAccess":
        """Return what scoring needs of an open model; its registry is not opened yet."""
        return cls(
            spec=context.spec,
            ledger=context.ledger,
            store=context.store,
            open_registry=lambda: context.registry,
            memory_bytes=context.settings.scoring_memory_bytes,
        )


@dataclass(frozen=True)
class Scorer:
    """A model file on this machine.

    Attributes:
        file: Native LightGBM text on this machine.
        sha256: What the file's content must hash to.
        folder: Folder in the store that holds the feature code it was trained with, if any.
    """

    file: Path
    sha256: str
    folder: str


def score_and_log(context: ModelContext, batch: str) -> PredictionLog | None:
    """Let the champion score a batch and keep the predictions; None while there is no champion."""
    name, ledger = context.spec.name, context.ledger
    champion = ledger.promotions.latest(name)
    if champion is None:
        return None
    rows = read_snapshot(context.store, taken(ledger, name, "data", batch))
    return log_scores(ScoringAccess.of(context), champion.version, batch, rows)


def log_scores(
    access: ScoringAccess, version: str, batch: str, rows: pa.Table, *, scratch: str | None = None
) -> PredictionLog:
    """Let one version score a batch and keep the predictions; scoring again replaces them.

    With ``scratch``, the folder of a dry run in the store, they lie there and the ledger does not
    know of them.
    """
    spec, ledger, store = access.spec, access.ledger, access.store
    name, memory_bytes = spec.name, access.memory_bytes
    with scratch_folder(name) as folder:
        scorer = registered_scorer(name, ledger, access.open_registry(), version, folder)
        scores, _ = timed_scores(spec, store, scorer, rows, folder, memory_bytes=memory_bytes)
    log = pa.table({spec.data.key: rows[spec.data.key], PREDICTION: scores})
    path = f"{scratch or 'predictions'}/{name}/{batch}/v{version}.parquet"
    digest = store.write_table(path, log)
    if scratch is not None:
        return PredictionLog(
            model=name,
            batch=batch,
            version=version,
            path=path,
            sha256=digest,
            n_rows=rows.num_rows,
            scored_at=datetime.now(UTC),
        )
    ledger.batches.record_predictions(
        name, batch, version, path=path, sha256=digest, n_rows=rows.num_rows
    )
    return ledger.batches.predictions(name, version=version, batch=batch)[0]


def registered_scorer(
    model: str, ledger: "Ledger", registry: "ModelRegistry", version: str, folder: Path
) -> Scorer:
    """Download the model file of a registered version; its sha256 must be the ledger's.

    Raises:
        ModelFileError: The registry holds no such version, or another file than the ledger says.
    """
    entry = ledger.versions.get(model, version)
    registered = registry.get_version(model, version)
    if registered is None:
        raise ModelFileError(
            f"{model} v{version} is in the ledger but not in MLflow; restore it there"
            " or roll back to a version that exists"
        )
    file = registry.download_model(registered, folder / "model.lgb", entry.sha256)
    return Scorer(file, entry.sha256, entry.folder)


def _features_of(spec: "ModelSpec", store: "Store", scorer: Scorer) -> "tuple[Feature, ...]":
    """Return the features that a model was trained with, whatever the spec says today."""
    from evergreen.spec.model import Feature

    try:
        kept = store.read_json(f"{scorer.folder}/spec.json")
    except MissingFileError:
        return spec.data.features
    return tuple(Feature.model_validate(feature) for feature in kept["data"]["features"])


def timed_scores(
    spec: "ModelSpec",
    store: "Store",
    scorer: Scorer,
    rows: pa.Table,
    folder: Path,
    *,
    memory_bytes: int | None,
) -> tuple[pa.Array, float]:
    """Score rows in a process of its own.

    Args:
        spec: The model's spec.
        store: Where the version's feature code is kept.
        scorer: The model file.
        rows: What to score.
        folder: An empty folder of this machine, for the files of the process.
        memory_bytes: What the process may use; None: it follows from the size of its files.

    Returns:
        One prediction per row, and the seconds that predicting took.
    """
    from evergreen.training.process import run_child

    job = score_job(spec, store, scorer, rows, folder)
    done = run_child(job, time_limit_seconds=TIME_LIMIT_SECONDS, memory_limit_bytes=memory_bytes)
    return pq.read_table(job.output)["score"].combine_chunks(), done.predict_seconds


def score_job(
    spec: "ModelSpec", store: "Store", scorer: Scorer, rows: pa.Table, folder: Path
) -> "ScoreJob":
    """Put rows and the version's own feature code into the folder; return the job to score them."""
    from evergreen.training.jobs import ScoreJob

    features_file = folder / "features.py"
    if store.exists(f"{scorer.folder}/features.py"):
        store.download(f"{scorer.folder}/features.py", features_file)
    data = folder / "rows.parquet"
    pq.write_table(rows, data)
    return ScoreJob(
        files=(data,),
        features=_features_of(spec, store, scorer),
        features_file=features_file if features_file.exists() else None,
        target=spec.data.target,
        task=spec.data.task,
        n_classes=spec.data.n_classes,
        model_file=scorer.file,
        sha256=scorer.sha256,
        output=folder / "scores.parquet",
    )
