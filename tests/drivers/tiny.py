"""A small model and the upstream system that delivers its data: weeks of made-up arrivals."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd

from evergreen.landing.deliver import deliver_batch, deliver_labels
from evergreen.landing.faults import Fault
from evergreen.records import Window
from evergreen.spec.loader import LoadedSpec, load_spec
from evergreen.spec.model import Task
from evergreen.storage.store import Store

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
NAME = "tiny"
SPEC = """
name: {name}
owner: tests
schedule: "@continuous"
landing: {{uri: "{landing}", connection_id: "{connection}"}}
labels: {{uri: "{labels}", connection_id: "{connection}"}}
arrivals: {{poke_seconds: 1, wait_hours: {wait_hours}}}
data:
  key: id
  time_column: at
  target: late{task}
  features:
    - {{name: temp, kind: numeric}}
    - {{name: place, kind: categorical}}
windows: {{training_days: 28, holdout_days: 7, min_training_rows: 200, min_holdout_rows: 100}}
drift:
  {{min_rows: 100, share_to_retrain: 1.0, psi_limit: 0.25, ks_limit: 0.15, null_share_limit: 0.05}}
policy: {{name: {policy}}}
metric: {metric}
decay: {{min_rows: 100, max_drop: {max_drop}, window_batches: 1}}
training: {{n_rounds: {n_rounds}, params: {{num_threads: 1}}, device: cpu}}
alerts: {{slack_connection_id: "{slack}", channel: "{channel}"}}
"""
# What the spec of each task says beside: in section data, the metric, and the drop that is decay.
TASKS: dict[Task, tuple[str, str, float]] = {
    "binary": ("", "auc", 0.1),
    "multiclass": ("\n  task: multiclass\n  classes: 3", "accuracy", 0.1),
    "regression": ("\n  task: regression", "rmse", 5.0),
}


def write_spec(
    models_dir: Path,
    *,
    name: str = NAME,
    landing: str = "file://{home}/landing/tiny",
    labels: str = "file://{home}/labels/tiny",
    connection: str = "",
    slack: str = "",
    n_rounds: int = 30,
    wait_hours: float = 1,
    policy: str = "thresholds",
    task: Task = "binary",
) -> Path:
    """Write the spec of the small model; give its folder."""
    folder = models_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    in_data, metric, max_drop = TASKS[task]
    text = SPEC.format(
        name=name,
        landing=landing,
        labels=labels,
        connection=connection,
        slack=slack,
        channel="#ml-alerts" if slack else "",
        n_rounds=n_rounds,
        wait_hours=wait_hours,
        policy=policy,
        task=in_data,
        metric=metric,
        max_drop=max_drop,
    )
    (folder / "model.yaml").write_text(text)
    return folder


@dataclass(frozen=True)
class Upstream:
    """Delivers weeks: ``late`` depends on ``temp``, the other way round where ``is_flipped``."""

    loaded: LoadedSpec
    landing: Store
    labels: Store

    @classmethod
    def of(cls, folder: Path, home: Path, *, filesystem: object = None) -> Self:
        """Return the upstream system of the model in ``folder``."""
        loaded = load_spec(folder, home=home)
        spec = loaded.spec
        open_store = Store.at
        return cls(
            loaded,
            open_store(spec.landing.uri, filesystem),
            open_store(spec.labels.uri, filesystem),
        )

    def deliver(
        self,
        week: int,
        kind: Literal["data", "labels"] = "data",
        *,
        n_weeks: int = 1,
        n_rows: int = 400,
        is_flipped: bool = False,
        shift: float = 0.0,
        fault: Fault | None = None,
    ) -> str:
        """Deliver data or labels of a period that starts with a week; give its batch id."""
        start = FIRST + week * WEEK
        window = Window(start=start, end=start + n_weeks * WEEK)
        batch = f"{start:%Y-%m-%d}"
        task = self.loaded.spec.data.task
        rows = make_rows(week, n_rows * n_weeks, window, is_flipped=is_flipped, task=task)
        if shift:
            rows["temp"] += shift
        if kind == "labels":
            deliver_labels(self.labels, self.loaded.spec, rows, window, batch)
        else:
            deliver_batch(self.landing, self.loaded.spec, rows, window, batch, fault=fault)
        return batch


def make_rows(
    week: int, n_rows: int, window: Window, *, is_flipped: bool = False, task: Task = "binary"
) -> pd.DataFrame:
    """Return rows spread over a window; the same arguments give the same rows.

    Of several classes ``late`` is 0, 1 or 2; of a regression it is minutes.
    """
    rng = np.random.default_rng(week)
    temp = rng.normal(size=n_rows)
    slope = -2.0 if is_flipped else 2.0
    step = (window.end - window.start) / n_rows
    rows = pd.DataFrame(
        {
            "id": [f"{week}-{n}" for n in range(n_rows)],
            "at": [window.start + n * step for n in range(n_rows)],
            "temp": temp,
            "place": rng.choice(["EWR", "JFK"], size=n_rows),
            "late": (rng.random(n_rows) < 1 / (1 + np.exp(-slope * temp))).astype(int),
        }
    )
    minutes = 10 * (slope * temp + rng.normal(size=n_rows))
    if task != "binary":
        rows["late"] = minutes if task == "regression" else np.digitize(minutes, [-8.0, 8.0])
    return rows
