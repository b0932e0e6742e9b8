"""Macro F1 and its resamples: a ratio of counts by class, with no simple error."""

from typing import NamedTuple

import numpy as np

from evergreen.metrics.delong import FloatArray
from evergreen.metrics.resampling import IntArray, resample


class Counts(NamedTuple):
    """Classes of n rows: ``truth``, shape (n,), and what ``k`` models chose, shape (k, n)."""

    truth: IntArray
    chosen: IntArray
    n_classes: int


def macro_f1(counts: Counts) -> FloatArray:
    """Return each model's F1 as a mean over the classes that are there, shape (k,), 0..1.

    A class that no row has and the model never chose does not count.

    Source: Sokolova and Lapalme (2009), Information Processing and Management 45:427.
    """
    every = np.zeros(counts.truth.size, dtype=np.intp)
    of_models: FloatArray = _scores(_sums(counts, every, 1), counts)[0]
    return of_models


def resample_rows(counts: Counts, *, seed: int) -> FloatArray:
    """Return each model's macro F1 on resamples of rows, the same for all, shape (1000, k).

    Rows of the same classes are drawn as one cell: this is the bootstrap of rows exactly. Cells are
    numbered as they first come, so that exchanged models meet the same resamples.
    """
    sides = (counts.n_classes,) * (1 + len(counts.chosen))
    code = np.ravel_multi_index((counts.truth, *counts.chosen), sides)
    _, first, sizes = np.unique(code, return_index=True, return_counts=True)
    as_they_come = np.argsort(first)
    one_each = first[as_they_come]
    singles = Counts(counts.truth[one_each], counts.chosen[:, one_each], counts.n_classes)
    sums = _sums(singles, np.arange(one_each.size), one_each.size)
    shares = sizes[as_they_come] / code.size
    return _scores(resample(sums, shares, code.size, seed=seed), counts)


def resample_blocks(counts: Counts, starts: IntArray, *, seed: int) -> FloatArray:
    """Return each model's macro F1 on resamples of blocks, the same for all, shape (1000, k).

    Args:
        counts: Rows in order of time.
        starts: Where each block begins.
        seed: Of the resamples.
    """
    n_blocks = starts.size
    block = np.searchsorted(starts, np.arange(counts.truth.size), side="right") - 1
    sums = _sums(counts, block, n_blocks)
    resamples = resample(sums, np.full(n_blocks, 1 / n_blocks), n_blocks, seed=seed)
    return _scores(resamples, counts)


def _sums(counts: Counts, group: IntArray, n_groups: int) -> FloatArray:
    """Count by group: rows of each class, and per model those chosen and those chosen rightly.

    Returns:
        Shape (n_groups, (1 + 2 k) * n_classes).
    """
    shape, size = (n_groups, counts.n_classes), n_groups * counts.n_classes
    place = group * counts.n_classes
    columns = [np.bincount(place + counts.truth, minlength=size).reshape(shape)]
    for chosen in counts.chosen:
        right = chosen == counts.truth
        columns.append(np.bincount(place + chosen, minlength=size).reshape(shape))
        columns.append(np.bincount((place + counts.truth)[right], minlength=size).reshape(shape))
    return np.hstack(columns).astype(np.float64)


def _scores(sums: FloatArray, counts: Counts) -> FloatArray:
    """Turn sums, shape (b, columns), into macro F1, shape (b, k)."""
    parts = sums.reshape(len(sums), -1, counts.n_classes)
    present = parts[:, :1]
    chosen, right = parts[:, 1::2], parts[:, 2::2]
    both = present + chosen
    of_class = np.divide(2 * right, both, out=np.zeros_like(both), where=both > 0)
    means: FloatArray = of_class.sum(axis=2) / (both > 0).sum(axis=2)
    return means
