"""Builders of rows, jobs and users' feature files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.spec.lightgbm_params import BoosterParams
from evergreen.spec.model import Feature, Task
from evergreen.training.jobs import FitJob, ScoreJob

FEATURES = (
    Feature(name="distance", kind="numeric"),
    Feature(name="hour", kind="integer"),
    Feature(name="is_hub", kind="boolean"),
    Feature(name="carrier", kind="categorical"),
)


def make_table(n_rows: int = 600, seed: int = 1, **columns: Any) -> pa.Table:
    """Rows of which distance, hub and carrier tell something about ``late``; columns replace."""
    rng = np.random.default_rng(seed)
    distance = rng.normal(size=n_rows)
    carrier = rng.choice(["AA", "B6", "UA"], n_rows)
    is_hub = rng.integers(0, 2, n_rows).astype(bool)
    late = distance + (carrier == "UA") + 0.5 * is_hub + rng.normal(size=n_rows) > 0.5
    made: dict[str, Any] = {
        "flight_id": np.arange(n_rows),
        "time_hour": pa.array(
            np.datetime64("2013-01-01", "us") + np.arange(n_rows) * np.timedelta64(1, "h"),
            pa.timestamp("us", tz="UTC"),
        ),
        "distance": distance,
        "hour": rng.integers(0, 24, n_rows),
        "is_hub": is_hub,
        "carrier": carrier,
        "late": late.astype(np.int64),
    }
    made.update(columns)
    return pa.table({name: value for name, value in made.items() if value is not None})


class Workshop:
    """A folder with files, and jobs over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_files = 0

    def write(self, table: pa.Table) -> Path:
        self.n_files += 1
        path = self.folder / f"rows-{self.n_files}.parquet"
        pq.write_table(table, path)
        return path

    def table(self, n_rows: int = 600, seed: int = 1, **columns: Any) -> pa.Table:
        return make_table(n_rows, seed, **columns)

    def fit_job(self, *tables: pa.Table, **changes: Any) -> FitJob:
        fields: dict[str, Any] = {
            "files": tuple(self.write(table) for table in tables or (make_table(),)),
            "features": FEATURES,
            "target": "late",
            "params": BoosterParams(num_leaves=7, num_threads=1),
            "n_rounds": 10,
            "seed": 7,
            "device": "cpu",
            "output": self.folder / "model.lgb",
        }
        return FitJob(**{**fields, **changes})

    def score_job(self, *tables: pa.Table, sha256: str, **changes: Any) -> ScoreJob:
        fields: dict[str, Any] = {
            "files": tuple(self.write(table) for table in tables or (make_table(),)),
            "features": FEATURES,
            "target": "late",
            "model_file": self.folder / "model.lgb",
            "sha256": sha256,
            "output": self.folder / "scores.parquet",
        }
        return ScoreJob(**{**fields, **changes})

    def job_of(self, task: Task, **changes: Any) -> FitJob:
        """A job whose labels are as the task takes them: two or three classes, or numbers."""
        if task == "binary":
            return self.fit_job(**changes)
        distance = make_table()["distance"].to_numpy()
        labels = np.digitize(distance, [-0.5, 0.5]) if task == "multiclass" else 40 * distance - 7
        table = make_table(late=labels)
        return self.fit_job(table, **{"task": task, "n_classes": 3, **changes})

    def features_file(self, body: str) -> Path:
        path = self.folder / "features.py"
        path.write_text(f"def build_features(frame):\n{body}")
        return path


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def make_rows() -> Callable[..., pa.Table]:
    return make_table
