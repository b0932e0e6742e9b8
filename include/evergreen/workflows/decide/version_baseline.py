"""What is kept with a version: its reference profile and its results on its holdout."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import Field

from evergreen.errors import MissingFileError
from evergreen.ledger.ledger import Ledger
from evergreen.measurements import Calibration, SliceMetric
from evergreen.records import Record
from evergreen.spec.loader import LoadedSpec
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evergreen.drift.profile.profile import ReferenceProfile
    from evergreen.storage.store import Store

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


def make_profile(spec: ModelSpec, rows: pa.Table) -> "ReferenceProfile":
    """Return the profile of a reference, with how much its own batches differ from each other."""
    from evergreen.drift.limits.calibrate import calibrate, cut_blocks
    from evergreen.drift.profile.build import build_profile

    blocks = cut_blocks(rows, spec.data.time_column, every_days=spec.arrivals.every_days)
    return calibrate(build_profile(rows, spec.data.delivered_features), blocks)


def keep_reference(loaded: LoadedSpec, store: "Store", rows: pa.Table, folder: str) -> None:
    """Keep what later batches are compared with, and the code and spec the model was made by."""
    spec = loaded.spec
    store.write_json(f"{folder}/profile.json", make_profile(spec, rows).to_json())
    step = max(1, rows.num_rows // REFERENCE_SAMPLE_ROWS)
    ordered = rows.sort_by(spec.data.time_column)
    names = [feature.name for feature in spec.data.delivered_features]
    sample = ordered.select(names).take(list(range(0, rows.num_rows, step)))
    store.write_table(f"{folder}/reference.parquet", sample)
    store.write_json(f"{folder}/spec.json", spec.model_dump(mode="json"))
    if loaded.features_file is not None:
        store.upload(loaded.features_file, f"{folder}/features.py")


def keep_background(spec: ModelSpec, store: "Store", model_file: Path, folder: str) -> None:
    """Keep the importance of each feature, and how much the reference differs from itself."""
    from evergreen.drift.importance import importance_of
    from evergreen.training.feature_matrix import internal_name

    gains = importance_of(model_file.read_text(encoding="utf-8"))
    names = {internal_name(name): name for name in spec.data.feature_names}
    background = Background(
        importance={names[name]: gain for name, gain in gains.items() if name in names},
        quiet_auc=_quiet_auc(spec, store, folder) if spec.drift.multivariate else None,
    )
    store.write_json(f"{folder}/background.json", background.to_json())


def _quiet_auc(spec: ModelSpec, store: "Store", folder: str) -> float | None:
    from evergreen.drift.multivariate import measure_quiet_auc

    return measure_quiet_auc(
        store.read_table(f"{folder}/reference.parquet"),
        spec.data.delivered_features,
        min_rows=spec.drift.min_rows,
        seed=SEED,
    )


def keep_baseline(
    spec: ModelSpec,
    store: "Store",
    folder: str,
    rows: pa.Table,
    scores: "NDArray[np.float64]",
) -> None:
    """Keep how a version did on its holdout: scores and labels as figures, without the rows."""
    from evergreen.decay.calibration_shift import measure_calibration
    from evergreen.decay.slices import cut_slices, measure_slices
    from evergreen.decay.unlabelled import fit_calibrator
    from evergreen.drift.predictions_and_labels import profile_labels, profile_predictions
    from evergreen.metrics.chance import chance

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
    store.write_json(f"{folder}/baseline.json", baseline.to_json())


def read_profile(ledger: Ledger, store: "Store", model: str, version: str) -> "ReferenceProfile":
    """Return the reference profile of a version.

    Raises:
        StorageError: It is missing; without it drift is not measured, and nothing is retrained.
    """
    from evergreen.drift.profile.profile import ReferenceProfile

    folder = _folder(ledger, model, version)
    return ReferenceProfile.from_json(store.read_json(f"{folder}/profile.json"))


def read_background(ledger: Ledger, store: "Store", model: str, version: str) -> Background:
    """Return what is known of a version's reference; empty for a version that kept nothing."""
    try:
        kept = store.read_json(f"{_folder(ledger, model, version)}/background.json")
    except MissingFileError:
        return Background()
    return Background.from_json(kept)


def read_baseline(ledger: Ledger, store: "Store", model: str, version: str) -> Baseline | None:
    """Return how a version did on its holdout; None for a version that kept nothing."""
    try:
        kept = store.read_json(f"{_folder(ledger, model, version)}/baseline.json")
    except MissingFileError:
        return None
    return Baseline.from_json(kept)


def _folder(ledger: Ledger, model: str, version: str) -> str:
    return ledger.versions.get(model, version).folder
