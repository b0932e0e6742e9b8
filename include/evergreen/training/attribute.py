"""How much each feature moves a model's scores: LightGBM's own exact TreeSHAP, averaged."""

import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evergreen.errors import ModelFileError
from evergreen.training.feature_matrix import FloatArray, internal_name
from evergreen.training.files import write_whole
from evergreen.training.jobs import ScoreJob, ScoreResult
from evergreen.training.score import prepare
from evergreen.training.stages import Stage, no_stage

FEATURE, CONTRIBUTION = "feature", "contribution"


def attribute(job: ScoreJob, stage: Stage = no_stage) -> ScoreResult:
    """Save the mean absolute contribution of each feature of the model, the largest first.

    A contribution is in the unit of the raw score: log odds for classes, the target's unit for
    numbers; of several classes it is the sum over them.

    Args:
        job: What to explain; ``attribute_rows`` of its rows are looked at, the same ones each time.
        stage: Told before each step that may crash the process.

    Returns:
        The file and the number of rows that were looked at.

    Raises:
        ModelFileError: The file is not the expected one, or its contributions are not finite.
        DataError: The rows do not fit the model.

    Source: Lundberg et al. (2020), From local explanations to global understanding with explainable
    AI for trees, Nature Machine Intelligence 2; LightGBM's ``pred_contrib``.
    """
    started = time.monotonic()
    booster, _, matrix = prepare(job, stage)
    sample = matrix.iloc[sample_places(len(matrix), job.attribute_rows, seed=job.seed)]
    stage("predict")
    began = time.monotonic()
    raw = np.asarray(booster.predict(sample, pred_contrib=True), dtype=np.float64)
    predict_seconds = time.monotonic() - began
    means = mean_contributions(raw, n_features=matrix.shape[1])
    if not np.isfinite(means).all():
        raise ModelFileError(f"{job.model_file} gives contributions that are not finite")
    names = {internal_name(feature.name): feature.name for feature in job.features}
    told = pa.table(
        {FEATURE: [names[name] for name in matrix.columns], CONTRIBUTION: means}
    ).sort_by([(CONTRIBUTION, "descending"), (FEATURE, "ascending")])
    write_whole(job.output, lambda path: pq.write_table(told, path))
    return ScoreResult(
        path=job.output,
        n_rows=len(sample),
        seconds=time.monotonic() - started,
        predict_seconds=predict_seconds,
    )


def sample_places(n_rows: int, n_wanted: int, *, seed: int) -> NDArray[np.int64]:
    """Return the places of at most ``n_wanted`` rows, in order; the same for the same arguments."""
    if n_rows <= n_wanted:
        return np.arange(n_rows, dtype=np.int64)
    places = np.random.default_rng(seed).choice(n_rows, n_wanted, replace=False)
    return np.sort(places).astype(np.int64)


def mean_contributions(raw: FloatArray, *, n_features: int) -> FloatArray:
    """Average absolute contributions over rows, shape (n_features,).

    Args:
        raw: What ``pred_contrib`` gives, shape (n, classes * (n_features + 1)): per class each
            feature's contribution and then the expected score, which is left out.
        n_features: Features of the model.
    """
    by_class = raw.reshape(len(raw), -1, n_features + 1)[:, :, :n_features]
    means: FloatArray = np.abs(by_class).mean(axis=0).sum(axis=0)
    return means
