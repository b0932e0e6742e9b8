"""What is kept beside a version: how its reference looked and how it did on its holdout."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import Field

from evergreen.errors import MissingFileError
from evergreen.measurements import Calibration, SliceMetric
from evergreen.records import Record
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evergreen.drift.profile.profile import ReferenceProfile

REFERENCE_SAMPLE_ROWS = 20_000
SEED = 0


class Baseline(Record):
    """How a version did on its holdout; later signals are measured against it.

    ``predictions``, ``labels`` and ``calibrator`` are what their rooms gave, as plain JSON.
    ``chance`` is what a model that knows nothing scores there; None for classes, where it is the
    same on all rows.
    """

    predictions: dict[str, Any]
    labels: dict[str, Any]
    calibrator: dict[str, Any]
    calibration: Calibration
    cuts: tuple[dict[str, Any], ...] = ()
    slices: tuple[SliceMetric, ...] = ()
    chance: float | None = None


class Background(Record):
    """What is known of a version's reference beside its profile.

    ``importance`` is the share (0..1) of the model's gain by feature. ``quiet_auc`` is how well the
    older half of the reference can be told from the newer.
    """

    importance: dict[str, float] = Field(default_factory=dict)
    quiet_auc: float | None = None


def make_profile(context: ModelContext, rows: pa.Table) -> "ReferenceProfile":
    """Profile a reference, with how much its own batches differ from each other."""
    from evergreen.drift.limits.calibrate import calibrate, cut_blocks
    from evergreen.drift.profile.build import build_profile

    spec = context.spec
    blocks = cut_blocks(rows, spec.data.time_column, every_days=spec.arrivals.every_days)
    return calibrate(build_profile(rows, spec.data.delivered_features), blocks)


def keep_reference(context: ModelContext, rows: pa.Table, folder: str) -> None:
    """Keep what later batches are compared with, and the code and spec the model was made by."""
    spec = context.spec
    context.store.write_json(f"{folder}/profile.json", make_profile(context, rows).to_json())
    step = max(1, rows.num_rows // REFERENCE_SAMPLE_ROWS)
    ordered = rows.sort_by(spec.data.time_column)
    names = [feature.name for feature in spec.data.delivered_features]
    sample = ordered.select(names).take(list(range(0, rows.num_rows, step)))
    context.store.write_table(f"{folder}/reference.parquet", sample)
    context.store.write_json(f"{folder}/spec.json", spec.model_dump(mode="json"))
    if context.loaded.features_file is not None:
        context.store.upload(context.loaded.features_file, f"{folder}/features.py")


def keep_background(context: ModelContext, model_file: Path, folder: str) -> None:
    """Keep which features the model leans on, and how much the reference differs from itself."""
    from evergreen.drift.importance import importance_of
    from evergreen.training.feature_matrix import internal_name

    gains = importance_of(model_file.read_text(encoding="utf-8"))
    names = {internal_name(name): name for name in context.spec.data.feature_names}
    background = Background(
        importance={names[name]: gain for name, gain in gains.items() if name in names},
        quiet_auc=_quiet_auc(context, folder) if context.spec.drift.multivariate else None,
    )
    context.store.write_json(f"{folder}/background.json", background.to_json())


def _quiet_auc(context: ModelContext, folder: str) -> float | None:
    from evergreen.drift.multivariate import measure_quiet_auc

    return measure_quiet_auc(
        context.store.read_table(f"{folder}/reference.parquet"),
        context.spec.data.delivered_features,
        min_rows=context.spec.drift.min_rows,
        seed=SEED,
    )


def keep_baseline(
    context: ModelContext, folder: str, rows: pa.Table, scores: "NDArray[np.float64]"
) -> None:
    """Keep how a version did on its holdout: scores and labels as figures, without the rows."""
    from evergreen.decay.calibration_shift import measure_calibration
    from evergreen.decay.slices import cut_slices, measure_slices
    from evergreen.decay.unlabelled import fit_calibrator
    from evergreen.drift.predictions_and_labels import profile_labels, profile_predictions
    from evergreen.metrics.chance import chance

    spec = context.spec
    target = rows[spec.data.target].to_numpy()
    sliced = [f for f in spec.data.delivered_features if f.name in spec.decay.slices]
    cuts = cut_slices(rows, sliced)
    baseline = Baseline(
        predictions=profile_predictions(scores).to_json(),
        labels=profile_labels(target, task=spec.data.task).to_json(),
        calibrator=fit_calibrator(spec.metric, target, scores).to_json(),
        calibration=measure_calibration(target, scores, task=spec.data.task),
        chance=chance(spec.metric, target=target) if spec.data.task == "regression" else None,
        cuts=tuple(cut.to_json() for cut in cuts),
        slices=measure_slices(
            cuts, rows, target, scores, metric=spec.metric, min_rows=spec.decay.min_rows
        ),
    )
    context.store.write_json(f"{folder}/baseline.json", baseline.to_json())


def read_profile(context: ModelContext, version: str) -> "ReferenceProfile":
    """Read the reference profile of a version.

    Raises:
        StorageError: It is gone; drift cannot be judged, and nothing is retrained on a guess.
    """
    from evergreen.drift.profile.profile import ReferenceProfile

    return ReferenceProfile.from_json(
        context.store.read_json(f"{_folder(context, version)}/profile.json")
    )


def read_background(context: ModelContext, version: str) -> Background:
    """Read what is known of a version's reference; empty for a version that kept nothing."""
    try:
        kept = context.store.read_json(f"{_folder(context, version)}/background.json")
    except MissingFileError:
        return Background()
    return Background.from_json(kept)


def read_baseline(context: ModelContext, version: str) -> Baseline | None:
    """Read how a version did on its holdout; None for a version that kept nothing."""
    try:
        kept = context.store.read_json(f"{_folder(context, version)}/baseline.json")
    except MissingFileError:
        return None
    return Baseline.from_json(kept)


def _folder(context: ModelContext, version: str) -> str:
    return context.ledger.versions.get(context.spec.name, version).folder
