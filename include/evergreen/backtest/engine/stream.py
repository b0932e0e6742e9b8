"""A labelled history in order of time, cut into batches: what a back-test is played on."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evergreen.spec.model import METRICS_OF_TASK, Feature, MetricName, Task

TWO_CLASSES = 2


@dataclass(frozen=True)
class Stream:
    """Rows in order of time, and where the batches lie.

    Attributes:
        name: For tables and pictures.
        table: The features as they came, n rows, in order of time; a column per feature.
        features: Name and kind of each column of ``table``.
        matrix: The same features as LightGBM takes them, float64, shape (n, k): categories as codes
            (a code means the same value in every row), missing as NaN.
        categorical: Columns of ``matrix`` that hold codes.
        target: Class of each row, 0..n_classes - 1, or for a regression its number, shape (n,).
        n_classes: Number of classes, at least 2; 2 for a regression, where it says nothing.
        metric: One that fits the target; it tells a regression from a classifier.
        edges: Batch i holds rows ``edges[i]`` up to before ``edges[i + 1]``, shape (m + 1,). The
            first champion learns from rows before ``edges[0]``.
        window_starts: A fit on all rows before ``edges[i]`` begins at row ``window_starts[i]`` when
            it takes the full window, shape (m + 1,).
        label_delay: Labels of batch i are known when batch ``i + label_delay`` has been scored; 0:
            as soon as it has been scored itself.
        batches_per_year: Cadence, for the false-alarm budget.
        moments: When each edge lies, shape (m + 1,); None where the time is a bare number.
    """

    name: str
    table: pa.Table
    features: tuple[Feature, ...]
    matrix: NDArray[np.float64]
    categorical: tuple[int, ...]
    target: NDArray[np.int64] | NDArray[np.float64]
    n_classes: int
    metric: MetricName
    edges: NDArray[np.int64]
    window_starts: NDArray[np.int64]
    label_delay: int = 0
    batches_per_year: float = 52.0
    moments: NDArray[np.datetime64] | None = None

    @property
    def task(self) -> Task:
        """What the target is."""
        if self.metric in METRICS_OF_TASK["regression"]:
            return "regression"
        is_binary = self.n_classes == TWO_CLASSES and self.metric in METRICS_OF_TASK["binary"]
        return "binary" if is_binary else "multiclass"

    @property
    def n_batches(self) -> int:
        """Batches that are scored."""
        return int(self.edges.size) - 1

    def day_of(self, batch: int) -> str:
        """Return the day a batch begins, as ``2013-02-19``; empty where time is no date."""
        return "" if self.moments is None else f"{self.moments[batch].astype('datetime64[D]')}"

    def rows(self, batch: int) -> slice:
        """Return the rows of a batch."""
        return slice(int(self.edges[batch]), int(self.edges[batch + 1]))

    def training_rows(self, edge: int, fraction: float = 1.0) -> slice:
        """Return the newest ``fraction`` (0..1] of the training window that ends at an edge."""
        start, end = int(self.window_starts[edge]), int(self.edges[edge])
        n_rows = max(1, round((end - start) * fraction))
        return slice(end - n_rows, end)
