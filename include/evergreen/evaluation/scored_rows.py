"""What each model brings to a comparison, and what its guards look at."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from evergreen.spec.model import METRICS_OF_TASK, MetricName, Task


@dataclass(frozen=True)
class Contender:
    """One model on the holdout.

    Attributes:
        scores: As the metric takes them, shape (n,), or (n, K); None: it could not be scored.
        predict_seconds: How long scoring all rows of the holdout took; None: not measured.
        size_bytes: Size of its model file; None: not known.
    """

    scores: ArrayLike | None
    predict_seconds: float | None = None
    size_bytes: int | None = None

    @property
    def has_all_scores(self) -> bool:
        """Whether every row has a finite score."""
        if self.scores is None:
            return False
        try:
            values = np.asarray(self.scores, dtype=np.float64)
        except (TypeError, ValueError):
            return False
        return bool(values.size) and bool(np.isfinite(values).all())


@dataclass(frozen=True)
class Rows:
    """The labelled rows on which two models meet.

    Attributes:
        metric: The spec's metric.
        target: Labels, shape (n,).
        champion: The champion's scores; None: it could not be scored.
        challenger: The challenger's scores, of the same shape.
        times: Event times, shape (n,); None: rows are taken as independent.
    """

    metric: MetricName
    target: ArrayLike
    champion: ArrayLike | None
    challenger: ArrayLike | None
    times: ArrayLike | None = None

    def __post_init__(self) -> None:
        for name, values in (("champion", self.champion), ("challenger", self.challenger)):
            if values is not None and len(np.asarray(values)) != self.n_rows:
                raise ValueError(
                    f"{self.n_rows} labels and {len(np.asarray(values))} scores of the {name}"
                    " differ in length; pass the same rows"
                )

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(np.shape(self.target)[0])

    @property
    def task(self) -> Task:
        """What is predicted: scores of several columns are those of several classes."""
        if self.challenger is not None and np.ndim(self.challenger) > 1:
            return "multiclass"
        return "regression" if self.metric in METRICS_OF_TASK["regression"] else "binary"

    def where(self, is_in: Any) -> "Rows":
        """Return the rows of a mask, shape (n,)."""
        taken = {
            name: None if values is None else np.asarray(values)[is_in]
            for name, values in (
                ("champion", self.champion),
                ("challenger", self.challenger),
                ("times", self.times),
            )
        }
        return Rows(metric=self.metric, target=np.asarray(self.target)[is_in], **taken)


def mismatch(champion: ArrayLike, challenger: ArrayLike) -> str:
    """Say where the champion scores other classes, as after a change of the spec; else empty."""
    before, after = np.shape(champion)[1:], np.shape(challenger)[1:]
    if before == after:
        return ""
    told = [f"{shape[0]} scores a row" if shape else "one score a row" for shape in (before, after)]
    return f"the champion gives {told[0]}, the challenger {told[1]}"
