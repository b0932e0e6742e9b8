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
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.spec.model import Feature
    from evergreen.training.jobs import ScoreJob

PREDICTION = "prediction"
TIME_LIMIT_SECONDS = 1500.0


@dataclass(frozen=True)
class Scorer:
    """A model file at hand.

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
    champion = context.ledger.promotions.latest(context.spec.name)
    if champion is None:
        return None
    return log_scores(
        context, champion.version, batch, read_snapshot(context, taken(context, "data", batch))
    )


def log_scores(
    context: ModelContext, version: str, batch: str, rows: pa.Table, *, scratch: str | None = None
) -> PredictionLog:
    """Let one version score a batch and keep the predictions; scoring again replaces them.

    With ``scratch``, the folder of a dry run in the store, they lie there and the ledger does not
    know of them.
    """
    name = context.spec.name
    with context.scratch() as folder:
        scores = score(context, registered_scorer(context, version, folder), rows, folder)
    log = pa.table({context.spec.data.key: rows[context.spec.data.key], PREDICTION: scores})
    path = f"{scratch or 'predictions'}/{name}/{batch}/v{version}.parquet"
    digest = context.store.write_table(path, log)
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
    context.ledger.batches.record_predictions(
        name, batch, version, path=path, sha256=digest, n_rows=rows.num_rows
    )
    return context.ledger.batches.predictions(name, version=version, batch=batch)[0]


def registered_scorer(context: ModelContext, version: str, folder: Path) -> Scorer:
    """Download the model file of a registered version; its sha256 must be the ledger's.

    Raises:
        ModelFileError: The registry holds no such version, or another file than the ledger says.
    """
    entry = context.ledger.versions.get(context.spec.name, version)
    registered = context.registry.get_version(context.spec.name, version)
    if registered is None:
        raise ModelFileError(
            f"{context.spec.name} v{version} is in the ledger but not in MLflow; restore it there"
            " or roll back to a version that exists"
        )
    file = context.registry.download_model(registered, folder / "model.lgb", entry.sha256)
    return Scorer(file, entry.sha256, entry.folder)


def _features_of(context: ModelContext, scorer: Scorer) -> "tuple[Feature, ...]":
    """Return the features that a model was trained with, whatever the spec says today."""
    from evergreen.spec.model import Feature

    try:
        kept = context.store.read_json(f"{scorer.folder}/spec.json")
    except MissingFileError:
        return context.spec.data.features
    return tuple(Feature.model_validate(feature) for feature in kept["data"]["features"])


def score(context: ModelContext, scorer: Scorer, rows: pa.Table, folder: Path) -> pa.Array:
    """Score rows in a process of its own; one prediction per row, as the task makes them."""
    return timed_scores(context, scorer, rows, folder)[0]


def timed_scores(
    context: ModelContext, scorer: Scorer, rows: pa.Table, folder: Path
) -> tuple[pa.Array, float]:
    """Score rows as ``score`` does; give the predictions, and the seconds they took."""
    from evergreen.training.process import run_child

    job = score_job(context, scorer, rows, folder)
    done = run_child(
        job,
        time_limit_seconds=TIME_LIMIT_SECONDS,
        memory_limit_bytes=context.settings.scoring_memory_bytes,
    )
    return pq.read_table(job.output)["score"].combine_chunks(), done.predict_seconds


def score_job(context: ModelContext, scorer: Scorer, rows: pa.Table, folder: Path) -> "ScoreJob":
    """Put rows and the version's own feature code where a scoring process finds them."""
    from evergreen.training.jobs import ScoreJob

    features_file = folder / "features.py"
    if context.store.exists(f"{scorer.folder}/features.py"):
        context.store.download(f"{scorer.folder}/features.py", features_file)
    data = folder / "rows.parquet"
    pq.write_table(rows, data)
    return ScoreJob(
        files=(data,),
        features=_features_of(context, scorer),
        features_file=features_file if features_file.exists() else None,
        target=context.spec.data.target,
        task=context.spec.data.task,
        n_classes=context.spec.data.n_classes,
        model_file=scorer.file,
        sha256=scorer.sha256,
        output=folder / "scores.parquet",
    )
