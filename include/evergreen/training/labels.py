"""Labels as LightGBM takes them, checked by the task before anything is trained on them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from evergreen.errors import DataError, TrainingError
from evergreen.training.feature_matrix import FloatArray
from evergreen.training.jobs import Rows

EXPECTED = {"binary": "0 and 1", "multiclass": "classes 0, 1, 2, ...", "regression": "numbers"}
REMEDY = "widen the training window"


def read_labels(table: pa.Table, job: Rows) -> FloatArray:
    """Return the labels of a job's rows, shape (n,): 0 or 1, classes 0..K-1, or finite numbers.

    Raises:
        DataError: A label is none that the task takes, or the column is not numeric.
        TrainingError: Labels are missing, or all are the same.
    """
    labels = _as_floats(table, job)
    n_missing = int(np.isnan(labels).sum())
    if n_missing:
        raise TrainingError(
            f"{n_missing} of {labels.size} labels in {job.target} are missing; train on labelled"
            " rows"
        )
    odd = labels[_is_odd(labels, job)]
    if odd.size:
        raise DataError(
            f"{odd.size} of {labels.size} labels in {job.target} are {_not_expected(job)}, first"
            f" {odd[0]:g}"
        )
    if labels.min() == labels.max():
        needs = (
            "a regression needs labels that differ"
            if job.task == "regression"
            else f"a classifier needs {'both' if job.task == 'binary' else 'at least two'} classes"
        )
        raise TrainingError(
            f"all {labels.size} labels in {job.target} are {labels[0]:g}; {needs}: {REMEDY}"
        )
    return labels


def _as_floats(table: pa.Table, job: Rows) -> FloatArray:
    column, kinds = table[job.target], pa.types
    found = column.type
    if not (kinds.is_integer(found) or kinds.is_floating(found) or kinds.is_boolean(found)):
        raise DataError(f"label column {job.target} is {found}, expected {EXPECTED[job.task]}")
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _is_odd(labels: FloatArray, job: Rows) -> NDArray[np.bool_]:
    """Tell which labels the task does not take, shape (n,)."""
    if job.task == "regression":
        return ~np.isfinite(labels)
    return ~np.isin(labels, np.arange(job.n_classes))


def _not_expected(job: Rows) -> str:
    if job.task == "regression":
        return "not finite"
    if job.task == "binary":
        return "neither 0 nor 1"
    return f"no class from 0 to {job.n_classes - 1}"
