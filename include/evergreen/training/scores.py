"""Scores as numbers and as one column of a table: a number per row, or one per row and class.

A classifier of K classes has a column of fixed-size lists of K doubles, so that a prediction log
stays one column whatever the task is.
"""

import numpy as np
import pyarrow as pa

from evergreen.errors import DataError, ModelFileError
from evergreen.training.feature_matrix import FloatArray
from evergreen.training.jobs import ScoreJob

SUM_TOLERANCE = 1e-6
TWO = 2


def to_column(scores: FloatArray) -> pa.Array:
    """Return scores, shape (n,) or (n, K), as a column of n doubles or of n lists of K doubles."""
    if scores.ndim != TWO:
        return pa.array(scores)
    return pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), scores.shape[1])


def to_array(column: pa.Array | pa.ChunkedArray) -> FloatArray:
    """Return the scores of a column, shape (n,) or (n, K); a missing one is NaN.

    Raises:
        DataError: A row of several classes has no prediction.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_fixed_size_list(whole.type):
        return np.asarray(whole.to_numpy(zero_copy_only=False), dtype=np.float64)
    if whole.null_count:
        raise DataError(f"{whole.null_count} of {len(whole)} predictions are missing")
    flat = np.asarray(whole.flatten().to_numpy(zero_copy_only=False), dtype=np.float64)
    return flat.reshape(len(whole), whole.type.list_size)


def check_scores(job: ScoreJob, scores: FloatArray) -> None:
    """Refuse scores that a sound model of the task does not give.

    Raises:
        ModelFileError: They are no probabilities, or for a regression not finite.
    """
    if job.task == "regression":
        is_good, what = np.isfinite(scores), "not finite"
    elif job.task == "multiclass":
        inside = ((scores >= 0) & (scores <= 1)).all(axis=1)
        is_good = inside & (np.abs(scores.sum(axis=1) - 1) <= SUM_TOLERANCE)
        what = "not probabilities that add up to 1"
    else:
        is_good, what = (scores >= 0) & (scores <= 1), "not probabilities"
    n_bad = int((~is_good).sum())
    if n_bad:
        raise ModelFileError(
            f"{n_bad} of {len(scores)} scores of {job.model_file} are {what}; the model is damaged"
        )
