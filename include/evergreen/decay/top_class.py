"""Several classes seen as one: did the likeliest come true, and how likely was it said to be?"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TWO = 2


def of_likeliest(target: FloatArray, probability: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return 1 where the likeliest class came true, and its probability, shape (n,) each.

    Both are NaN where a probability or the label is missing.

    Args:
        target: Classes from 0, shape (n,).
        probability: Of each class, shape (n, K).

    Raises:
        ValueError: The two do not have these shapes.
    """
    if target.ndim != 1 or probability.ndim != TWO or target.size != len(probability):
        shapes = f"labels {target.shape}, probabilities {probability.shape}"
        raise ValueError(f"{shapes}; expected (n,) and (n, classes) of the same rows")
    known = np.isfinite(target) & np.isfinite(probability).all(axis=1)
    is_right = np.nan_to_num(probability).argmax(axis=1) == target
    return np.where(known, is_right, np.nan), np.where(known, probability.max(axis=1), np.nan)
