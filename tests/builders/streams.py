"""Tables and streams for tests of the back-test."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.backtest.engine.results import BacktestResult, Fit, PolicyRun
from evergreen.backtest.engine.stream import Stream
from evergreen.spec.model import Feature, MetricName

START = datetime(2024, 1, 1, tzinfo=UTC)


def make_columns(n_rows: int = 300, **changed: Any) -> dict[str, Any]:
    """Return hourly rows with two numeric features and a target of two classes."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=n_rows)
    columns = {
        "ts": [START + timedelta(hours=i) for i in range(n_rows)],
        "x": x,
        "z": rng.normal(size=n_rows),
        "target": (x + rng.normal(size=n_rows) > 0).astype(np.int64),
    }
    return {name: value for name, value in {**columns, **changed}.items() if value is not None}


def write_parquet(path: Path, columns: Mapping[str, Any]) -> Path:
    """Write columns as a Parquet file."""
    pq.write_table(pa.table(dict(columns)), path)
    return path


def make_stream(
    n_batches: int = 4,
    *,
    batch: int = 20,
    metric: MetricName = "auc",
    name: str = "toy",
    has_moments: bool = True,
) -> Stream:
    """Return a stream of two numeric features in batches of a day."""
    edges = 60 + batch * np.arange(n_batches + 1)
    columns = make_columns(int(edges[-1]))
    table = pa.table({"x": columns["x"], "z": columns["z"]})
    moments = np.datetime64("2024-01-01", "us") + np.arange(n_batches + 1) * np.timedelta64(1, "D")
    return Stream(
        name=name,
        table=table,
        features=(Feature(name="x", kind="numeric"), Feature(name="z", kind="numeric")),
        matrix=np.column_stack([columns["x"], columns["z"]]),
        categorical=(),
        target=columns["target"],
        n_classes=2,
        metric=metric,
        edges=edges,
        window_starts=np.maximum(edges - 60, 0),
        moments=moments if has_moments else None,
    )


def make_run(
    scores: list[float | None],
    *,
    fits: list[int] | None = None,
    fraction: float = 1.0,
    promotions: list[int] | None = None,
    alarms: list[int] | None = None,
    quarantined: list[int] | None = None,
) -> PolicyRun:
    """Return a policy's run by its scores and its fits."""
    known = [score for score in scores if score is not None]
    return PolicyRun(
        score=sum(known) / len(known) if known else None,
        scores=tuple(scores),
        fits=tuple(Fit(batch=batch, fraction=fraction) for batch in fits or []),
        cost=len(fits or []) * fraction / len(scores),
        promotions=tuple(promotions or []),
        alarms=tuple(alarms or []),
        quarantined=tuple(quarantined or []),
    )


def make_result(**policies: PolicyRun) -> BacktestResult:
    """Return a back-test of four batches in which every gains .10 over never."""
    runs = {
        "never": make_run([0.7, 0.7, 0.6, 0.6]),
        "every": make_run([0.7, 0.7, 0.8, 0.8], fits=[0, 1, 2, 3], promotions=[0, 1, 2, 3]),
        **policies,
    }
    n_batches = len(next(iter(runs.values())).scores)
    return BacktestResult(stream="toy", n_batches=n_batches, seconds=1.5, policies=runs)
