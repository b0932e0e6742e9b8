"""L06: the same rows and seed give the same trees, whatever the number of threads."""

from typing import Any

import numpy as np
import pytest

from evergreen.spec.lightgbm_params import BoosterParams
from evergreen.training.fit import fit

N_ROWS = 20_000


def trees(workshop: Any, n_threads: int, **changes: Any) -> str:
    """Fit with so many threads; give the model without the line that names their number."""
    params = BoosterParams(
        bagging_fraction=0.6, bagging_freq=1, feature_fraction=0.7, num_threads=n_threads
    )
    got = fit(workshop.fit_job(workshop.rows, params=params, n_rounds=20, **changes))
    lines = got.path.read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("[num_threads:"))


@pytest.mark.parametrize(
    ("task", "n_classes"), [("binary", 2), ("multiclass", 3), ("regression", 2)]
)
def test_another_number_of_threads_gives_the_same_trees(
    workshop: Any, task: str, n_classes: int
) -> None:
    rows = workshop.table(N_ROWS)
    if task != "binary":
        distance = rows["distance"].to_numpy()
        classes = np.digitize(distance, [-0.5, 0.5])
        column = classes if task == "multiclass" else distance * 1e6 + np.arange(N_ROWS)
        rows = workshop.table(N_ROWS, late=column)
    workshop.rows = rows

    one, two, seven, other = (
        trees(workshop, n_threads, task=task, n_classes=n_classes, seed=seed)
        for n_threads, seed in ((1, 7), (2, 7), (7, 7), (1, 8))
    )

    assert one == two == seven
    assert one != other
