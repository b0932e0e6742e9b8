"""Fitting a model for its task: same rows, same seed, same file on the CPU."""

import time
from typing import TYPE_CHECKING, Any, Literal, cast

from evergreen.errors import TrainingError
from evergreen.training.devices import cpu_reason, devices_to_try, first_line, why_unavailable
from evergreen.training.feature_matrix import FloatArray, to_matrix
from evergreen.training.files import text_sha256, write_whole
from evergreen.training.jobs import FitJob, FitResult
from evergreen.training.labels import read_labels
from evergreen.training.objectives import objective_of
from evergreen.training.rows import build_frame, read_rows
from evergreen.training.stages import Stage, no_stage

if TYPE_CHECKING:
    import lightgbm as lgb
    import pandas as pd


def fit(job: FitJob, stage: Stage = no_stage) -> FitResult:
    """Fit the job's model and save it as native LightGBM text, category tables included.

    Args:
        job: What to fit.
        stage: Told before each step that may crash the process.

    Raises:
        DataError: Rows or labels cannot be used.
        TrainingError: The labels allow no fit, LightGBM failed, or the file cannot be written.
        DeviceError: The job insists on an accelerator and none works.
    """
    started = time.monotonic()
    table = read_rows(job, [job.target])
    labels = read_labels(table, job)
    matrix = to_matrix(build_frame(job, table), job.features)
    del table
    booster, device, reason = _train(job, matrix, labels, stage)
    text = booster.model_to_string(num_iteration=-1).encode()
    write_whole(job.output, lambda path: path.write_bytes(text))
    return FitResult(
        path=job.output,
        sha256=text_sha256(text),
        n_rows=labels.size,
        n_positive=int(labels.sum()) if job.task == "binary" else None,
        n_rounds=booster.current_iteration(),
        seconds=time.monotonic() - started,
        device=cast("Literal['cpu', 'cuda', 'gpu']", device),
        device_reason=reason,
        seed=job.seed,
    )


def _train(
    job: FitJob, matrix: "pd.DataFrame", labels: FloatArray, stage: Stage
) -> "tuple[lgb.Booster, str, str]":
    """Train on the first device that works; give the model, the device and why that one."""
    import lightgbm as lgb

    refused = dict(job.refused_devices)
    for device in devices_to_try(job):
        stage(f"device {device}")
        why_not = why_unavailable(device)
        if not why_not:
            try:
                return _train_on(device, job, matrix, labels), device, f"{device} works"
            except lgb.basic.LightGBMError as err:
                why_not = f"failed while training: {first_line(err)}"
        refused[device] = why_not
    stage("device cpu")
    reason = cpu_reason(job, refused)
    try:
        return _train_on("cpu", job, matrix, labels), "cpu", reason
    except lgb.basic.LightGBMError as err:
        raise TrainingError(f"LightGBM could not train: {first_line(err)}") from err


def _train_on(
    device: str, job: FitJob, matrix: "pd.DataFrame", labels: FloatArray
) -> "lgb.Booster":
    import lightgbm as lgb

    params: dict[str, Any] = {
        **job.params.to_lightgbm(),
        **objective_of(job),
        "metric": "none",
        "seed": job.seed,
        "deterministic": True,
        "force_row_wise": True,
        "device_type": device,
        "verbosity": -1,
    }
    rows = lgb.Dataset(matrix, label=labels, params=params, free_raw_data=True)
    return lgb.train(params, rows, num_boost_round=job.n_rounds)
