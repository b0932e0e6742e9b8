"""The models of a back-test: each fitted once, whichever policies ask for it, and scored lazily."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evergreen.backtest.engine.stream import Stream
from evergreen.metrics import estimate, paired_gain
from evergreen.records import MetricEstimate

if TYPE_CHECKING:
    import lightgbm as lgb

PARAMS: dict[str, Any] = {"num_leaves": 31, "num_threads": 1, "verbose": -1, "deterministic": True}
ROUNDS, RATE = 100, 0.1
ROUNDS_MULTICLASS, RATE_MULTICLASS = 25, 0.2


@dataclass(frozen=True)
class ModelKey:
    """What a model has learnt from: rows before an edge, a share of the window, less some batches.

    Attributes:
        edge: Index of the edge; the model has seen batches before this one only.
        fraction: Share (0..1] of the full window.
        held: Batches inside that were kept out; as many older rows take their place.
        left_out: Newest rows before the edge that were kept out, to judge the model on.
    """

    edge: int
    fraction: float = 1.0
    held: frozenset[int] = frozenset()
    left_out: int = 0

    @property
    def version(self) -> str:
        """Name for records."""
        without = "-".join(str(batch) for batch in sorted(self.held))
        less = f"<{self.left_out}" if self.left_out else ""
        return f"{self.edge}{less}@{self.fraction:g}{f'-{without}' if without else ''}"


class Models:
    """Fits and scores of one stream; every answer is remembered."""

    def __init__(self, stream: Stream, *, seed: int = 0) -> None:
        self.stream = stream
        self._seed = seed
        self._boosters: dict[ModelKey, lgb.Booster] = {}
        self._scores: dict[tuple[ModelKey, int], NDArray[np.float64]] = {}
        self._estimates: dict[tuple[ModelKey, int], MetricEstimate] = {}
        self._gains: dict[tuple[ModelKey, ModelKey, int], tuple[float, float] | None] = {}

    def fit_all(self, keys: Iterable[ModelKey], *, jobs: int, on_fit: Callable[[], None]) -> None:
        """Fit many models on ``jobs`` threads; a fit takes one, so the results are the same."""
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            waiting = {pool.submit(self._known_or_fit, key): key for key in keys}
            try:
                for done in as_completed(waiting):
                    self._boosters[waiting[done]] = done.result()
                    on_fit()
            finally:  # after a failure, a time-out or Ctrl-C, what has not begun is not begun
                pool.shutdown(wait=False, cancel_futures=True)

    def training_rows(self, key: ModelKey) -> NDArray[np.int64]:
        """Return the rows that a model learns from, oldest first."""
        wanted = self.stream.training_rows(key.edge, key.fraction)
        n_rows, end = wanted.stop - wanted.start, max(1, wanted.stop - key.left_out)
        rows = np.arange(end, dtype=np.int64)
        for batch in key.held:
            out = self.stream.rows(batch)
            rows = rows[(rows < out.start) | (rows >= out.stop)]
        return rows[-n_rows:]

    def scores(self, key: ModelKey, batch: int) -> NDArray[np.float64]:
        """Score a batch: probability of class 1, or the number of a regression, shape (n,).

        Of many classes their probabilities, shape (n, K); for accuracy only 1 and 0 for right and
        wrong, shape (n,), which is all that it takes.
        """
        if (key, batch) not in self._scores:
            self._boosters[key] = self._known_or_fit(key)
            rows = self.stream.rows(batch)
            raw = self._boosters[key].predict(self.stream.matrix[rows], num_threads=1)
            raw = np.asarray(raw, dtype=np.float64)
            if self._is_counted:
                raw = (raw.argmax(axis=1) == self.stream.target[rows]).astype(np.float64)
            self._scores[key, batch] = raw
        return self._scores[key, batch]

    def truth(self, batch: int) -> NDArray[Any]:
        """Return what the scores are compared with: the labels, or all ones for right and wrong."""
        target = self.stream.target[self.stream.rows(batch)]
        return np.ones_like(target) if self._is_counted else target

    @property
    def _is_counted(self) -> bool:
        """Whether scores say right or wrong only."""
        return self.stream.task == "multiclass" and self.stream.metric == "accuracy"

    def estimate(self, key: ModelKey, batch: int) -> MetricEstimate:
        """Return a model's metric on a batch."""
        if (key, batch) not in self._estimates:
            self._estimates[key, batch] = estimate(
                self.stream.metric, self.truth(batch), self.scores(key, batch)
            )
        return self._estimates[key, batch]

    def gain(self, key: ModelKey, over: ModelKey, batch: int) -> tuple[float, float] | None:
        """Return (gain, se) of one model over another on a batch; None where there is none."""
        if (key, over, batch) not in self._gains:
            gain, se = paired_gain(
                self.stream.metric,
                self.truth(batch),
                self.scores(over, batch),
                self.scores(key, batch),
            )
            found = None if gain is None or se is None else (gain, se)
            self._gains[key, over, batch] = found
        return self._gains[key, over, batch]

    def _known_or_fit(self, key: ModelKey) -> "lgb.Booster":
        return self._boosters[key] if key in self._boosters else self._fit(key)

    def _fit(self, key: ModelKey) -> "lgb.Booster":
        import lightgbm as lgb

        rows, stream = self.training_rows(key), self.stream
        is_of_many = stream.task == "multiclass"
        params = PARAMS | {
            "seed": self._seed,
            "objective": stream.task,
            "learning_rate": RATE_MULTICLASS if is_of_many else RATE,
        }
        if is_of_many:
            params["num_class"] = stream.n_classes
        data = lgb.Dataset(
            stream.matrix[rows],
            stream.target[rows],
            categorical_feature=list(stream.categorical),
            params={"verbose": -1},
        )
        return lgb.train(params, data, ROUNDS_MULTICLASS if is_of_many else ROUNDS)
