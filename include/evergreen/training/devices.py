"""Which device trains: tried on a few rows first, and the reason kept."""

import numpy as np

from evergreen.errors import DeviceError
from evergreen.training.jobs import FitJob

TO_TRY = {"auto": ("cuda", "gpu"), "cuda": ("cuda",), "gpu": ("gpu",), "cpu": ()}
REASON_LIMIT = 200


def devices_to_try(job: FitJob) -> tuple[str, ...]:
    """Return the accelerators that the job asks for and that have not crashed before."""
    return tuple(d for d in TO_TRY[job.device] if d not in job.refused_devices)


def why_unavailable(device: str) -> str:
    """Fit one tree on a few rows on ``device``; give LightGBM's reason, empty when it works."""
    import lightgbm as lgb

    rows = np.linspace(0, 1, 400).reshape(200, 2)
    params = {"objective": "binary", "device_type": device, "verbosity": -1, "num_threads": 1}
    try:
        lgb.train(params, lgb.Dataset(rows, label=np.arange(200) % 2, params=params), 1)
    except lgb.basic.LightGBMError as err:
        return first_line(err)
    return ""


def cpu_reason(job: FitJob, refused: dict[str, str]) -> str:
    """Say why the CPU trains.

    Raises:
        DeviceError: The job insists on an accelerator.
    """
    if job.device == "cpu":
        return "the spec asks for the CPU"
    told = "; ".join(f"{device}: {why}" for device, why in refused.items())
    if job.on_missing_gpu == "fail":
        raise DeviceError(
            f"no accelerator for device {job.device}: {told}; use a worker that has one, or set"
            " training.on_missing_gpu to cpu"
        )
    return told


def first_line(err: Exception) -> str:
    """Return the first line of LightGBM's text, shortened."""
    lines = str(err).strip().splitlines()
    return (lines[0] if lines else type(err).__name__)[:REASON_LIMIT]
