"""Scoring rows with a model file that is checked before LightGBM sees it."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from evergreen.errors import ModelFileError, SchemaError
from evergreen.spec.model import Feature
from evergreen.training.devices import first_line
from evergreen.training.feature_matrix import FloatArray, internal_name, to_matrix
from evergreen.training.files import text_sha256, write_whole
from evergreen.training.jobs import ScoreJob, ScoreResult
from evergreen.training.model_file_check import check_structure
from evergreen.training.objectives import kind_of_model, scores_a_row, written_objective
from evergreen.training.rows import build_frame, read_rows
from evergreen.training.scores import check_scores, to_column
from evergreen.training.stages import Stage, no_stage

if TYPE_CHECKING:
    import lightgbm as lgb
    import pandas as pd
    import pyarrow as pa

SCORE = "score"
TRIES = 5
ENOUGH_SECONDS = 0.5


def score(job: ScoreJob, stage: Stage = no_stage) -> ScoreResult:
    """Score the job's rows, and save the scores beside the columns to keep.

    Args:
        job: What to score, with which model.
        stage: Told before each step that may crash the process.

    Raises:
        ModelFileError: The file is not the expected one, or not a model that was made here.
        DataError: The rows do not fit the model.
        TrainingError: The scores cannot be written, or ``build_features`` failed.
    """
    started = time.monotonic()
    if SCORE in job.keep_columns:
        raise ValueError(f"keep_columns may not hold {SCORE!r}; the scores take that name")
    booster, table, matrix = prepare(job, stage)
    stage("predict")
    scores, predict_seconds = _timed_predict(booster, matrix)
    check_scores(job, scores)
    kept = table.select(list(job.keep_columns)).append_column(SCORE, to_column(scores))
    write_whole(job.output, lambda path: pq.write_table(kept, path))
    return ScoreResult(
        path=job.output,
        n_rows=len(scores),
        seconds=time.monotonic() - started,
        predict_seconds=predict_seconds,
    )


def _timed_predict(booster: "lgb.Booster", matrix: "pd.DataFrame") -> tuple[FloatArray, float]:
    """The scores, and the seconds of the fastest of up to five tries: the others were held up.

    The first try also starts LightGBM's threads. Tries end once they have taken half a second.
    """
    fastest, spent = float("inf"), 0.0
    for _ in range(TRIES):
        began = time.monotonic()
        raw = booster.predict(matrix)
        took = time.monotonic() - began
        fastest, spent = min(fastest, took), spent + took
        if spent > ENOUGH_SECONDS:
            break
    return np.asarray(raw, dtype=np.float64), fastest


def prepare(job: ScoreJob, stage: Stage = no_stage) -> "tuple[lgb.Booster, pa.Table, pd.DataFrame]":
    """Load the checked model; give it, the job's rows, and these rows as the model takes them."""
    text = _checked_text(job)
    stage("load")
    booster = _load(job, text)
    features = _features_of_model(job.features, booster)
    table = read_rows(job, job.keep_columns)
    tables = _category_tables(features, booster)
    return booster, table, to_matrix(build_frame(job, table), features, tables)


def _checked_text(job: ScoreJob) -> str:
    """Read the model file once; hash and shape are checked on the bytes that are then loaded."""
    try:
        data = job.model_file.read_bytes()
    except OSError as err:
        raise ModelFileError(f"{job.model_file} cannot be read: {err.strerror}") from err
    found = text_sha256(data)
    if found != job.sha256:
        raise ModelFileError(
            f"{job.model_file} has sha256 {found[:12]}, expected {job.sha256[:12]}; it is not the"
            " model that was registered and was not loaded"
        )
    try:
        check_structure(data, objective=written_objective(job), n_scores=scores_a_row(job))
    except ModelFileError as err:
        raise ModelFileError(
            f"{job.model_file} is not a whole LightGBM text model of {kind_of_model(job)} ({err});"
            " do not use it"
        ) from err
    return data.decode("utf-8", "replace")


def _load(job: ScoreJob, text: str) -> "lgb.Booster":
    import lightgbm as lgb

    try:
        return lgb.Booster(model_str=text)
    except (lgb.basic.LightGBMError, ValueError, MemoryError) as err:
        # Cut before "met": there LightGBM quotes what it read, which may lie outside the file.
        problem = first_line(err).partition(" met ")[0]
        raise ModelFileError(f"LightGBM cannot load {job.model_file}: {problem}") from err


def _features_of_model(features: Sequence[Feature], booster: "lgb.Booster") -> list[Feature]:
    """The model's features in the model's order; those that it does not know are left out."""
    by_name = {internal_name(feature.name): feature for feature in features}
    names = booster.feature_name()
    missing = [name for name in names if name not in by_name]
    if missing:
        raise SchemaError(
            f"the model was trained with {', '.join(missing)}, which the spec does not list;"
            " restore it, or train a new model"
        )
    found = booster.params.get("categorical_feature") or []
    categorical = {names[place] for place in ([found] if isinstance(found, int) else found)}
    for name in names:
        if (by_name[name].kind == "categorical") != (name in categorical):
            was = "categorical" if name in categorical else "a number"
            raise SchemaError(
                f"{by_name[name].name} is {by_name[name].kind} in the spec, but was {was} when the"
                " model was trained; restore it, or train a new model"
            )
    return [by_name[name] for name in names]


def _category_tables(features: Sequence[Feature], booster: "lgb.Booster") -> dict[str, list[str]]:
    names = [internal_name(f.name) for f in features if f.kind == "categorical"]
    tables = booster.pandas_categorical or []
    is_text = all(isinstance(value, str) for table in tables for value in table)
    if len(tables) != len(names) or not is_text:
        raise ModelFileError(
            f"the model holds {len(tables)} category tables, expected {len(names)} of texts; it was"
            " not made by this suite"
        )
    return dict(zip(names, tables, strict=True))
