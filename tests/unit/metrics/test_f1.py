import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from evergreen.metrics.f1 import Counts, macro_f1, resample_rows


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_macro_f1_is_that_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, chosen = np.array(rows).T

    found = macro_f1(Counts(truth, chosen[np.newaxis], n_classes=6))

    assert found[0] == pytest.approx(f1_score(truth, chosen, average="macro"))


def test_resamples_are_the_same_at_every_run_and_differ_by_seed() -> None:
    random = np.random.default_rng(0)
    counts = Counts(random.integers(0, 3, 200), random.integers(0, 3, (2, 200)), n_classes=3)

    first, again, other = (resample_rows(counts, seed=seed) for seed in (1, 1, 2))

    assert first.shape == (1000, 2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
