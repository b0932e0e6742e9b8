"""Small streams in which the world turns round, breaks, or stays as it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from evergreen.backtest.engine.stream import Stream
from evergreen.spec.model import METRICS_OF_TASK, Feature, MetricName

HISTORY = 600


def make_world(
    n_batches: int = 8,
    *,
    size: int = 150,
    turns_at: int | None = None,
    broken: Sequence[int] = (),
    label_delay: int = 0,
    n_classes: int = 2,
    metric: MetricName = "auc",
    flipped_labels_from: int | None = None,
) -> Stream:
    """Return a stream of two numeric features, of which ``x`` tells the class.

    Args:
        n_batches: Batches to score; before them lie 600 rows, as long as the training window.
        size: Rows of a batch.
        turns_at: From this batch on the class follows ``-x``; None: never.
        broken: Batches in which ``z`` is missing.
        label_delay: As in ``Stream``.
        n_classes: Number of classes.
        metric: As in ``Stream``; one of a regression makes the target ten times ``x``, with noise.
        flipped_labels_from: From this batch on the labels alone say the contrary.
    """
    edges = HISTORY + size * np.arange(n_batches + 1)
    rng = np.random.default_rng(11)
    x, z = rng.normal(size=edges[-1]), rng.normal(size=edges[-1])
    noise = rng.normal(scale=0.5, size=x.size)
    sign = np.ones(x.size)
    if turns_at is not None:
        sign[edges[turns_at] :] = -1
    cuts = np.linspace(-1, 1, n_classes + 1)[1:-1] if n_classes > 2 else [0.0]
    target: Any = np.digitize(sign * x + noise, cuts).astype(np.int64)
    if metric in METRICS_OF_TASK["regression"]:
        target = 10 * (sign * x + noise)
    if flipped_labels_from is not None:
        late = slice(edges[flipped_labels_from], None)
        target[late] = n_classes - 1 - target[late]
    for batch in broken:
        z[edges[batch] : edges[batch + 1]] = np.nan
    return Stream(
        name="world",
        table=pa.table({"x": x, "z": pa.array(z, from_pandas=True)}),
        features=(Feature(name="x", kind="numeric"), Feature(name="z", kind="numeric")),
        matrix=np.column_stack([x, z]),
        categorical=(),
        target=target,
        n_classes=n_classes,
        metric=metric,
        edges=edges,
        window_starts=edges - HISTORY,
        label_delay=label_delay,
    )
