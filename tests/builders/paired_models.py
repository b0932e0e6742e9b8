"""Rows with labels and the scores of two models, for every metric."""

from typing import Any, NamedTuple

import numpy as np

from evergreen.spec.model import METRICS_OF_TASK, MetricName

METRICS: tuple[tuple[str, MetricName], ...] = tuple(
    (task, metric) for task, metrics in METRICS_OF_TASK.items() for metric in metrics
)
IDS = [f"{task} {metric}" for task, metric in METRICS]


class Pair(NamedTuple):
    """Labels, and the scores of a model that knows less and of one that knows more."""

    target: Any
    weak: Any
    good: Any


def make_pair(task: str, n_rows: int, *, seed: int = 1, hourly: float = 0.0) -> Pair:
    """Make rows in order of time.

    Args:
        task: ``binary``, ``multiclass`` (three classes) or ``regression``.
        n_rows: How many.
        seed: Of everything.
        hourly: Share of the models' errors that 25 neighbours have in common, 0..1.
    """
    random = np.random.default_rng(seed)
    n_classes = {"binary": 2, "multiclass": 3, "regression": 1}[task]
    target = random.integers(0, n_classes, n_rows) if n_classes > 1 else random.normal(size=n_rows)
    truth = np.eye(n_classes)[target] if n_classes > 1 else target[:, None]
    scores = []
    for strength in (1.0, 1.4):
        shared = np.repeat(random.normal(size=(n_rows // 25 + 1, n_classes)), 25, axis=0)[:n_rows]
        own = random.normal(size=(n_rows, n_classes))
        noise = np.sqrt(hourly) * shared + np.sqrt(1 - hourly) * own
        if task == "regression":
            scores.append((truth + noise / strength)[:, 0])
            continue
        odds = np.exp(strength * truth + noise)
        chances = odds / odds.sum(axis=1, keepdims=True)
        scores.append(chances if task == "multiclass" else chances[:, 1])
    return Pair(target, *scores)
