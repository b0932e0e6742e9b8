import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from evergreen.drift.ks import ks_distance, ks_error
from evergreen.drift.profile.quantile_cells import FloatArray, count_cells, grid_of_sorted
from evergreen.errors import EmptyWindowError

floats = st.floats(allow_nan=False, allow_infinity=False)
samples = st.lists(st.one_of(floats, st.integers(-3, 3).map(float)), min_size=1, max_size=400)


def true_distance(reference: FloatArray, current: FloatArray) -> float:
    at = np.concatenate([reference, current])
    before = np.searchsorted(np.sort(reference), at, side="right") / reference.size
    after = np.searchsorted(np.sort(current), at, side="right") / current.size
    return float(np.abs(before - after).max())


def sketch_distance(reference: FloatArray, current: FloatArray) -> tuple[float, float]:
    grid = grid_of_sorted(np.sort(reference))
    before = count_cells(reference, grid).cells
    return ks_distance(before, count_cells(current, grid).cells), ks_error(before)


@settings(deadline=None)
@given(samples, samples)
def test_sketch_misses_at_most_its_stated_error(before: list[float], after: list[float]) -> None:
    reference, current = np.array(before), np.array(after)

    distance, error = sketch_distance(reference, current)

    true = true_distance(reference, current)
    assert distance <= true + 1e-9
    assert true <= distance + error + 1e-9
    assert error <= 0.01


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.floats(-2, 2), st.floats(0.2, 3))
def test_sketch_is_close_on_large_samples(seed: int, shift: float, scale: float) -> None:
    random = np.random.default_rng(seed)
    reference, current = random.normal(size=20_000), random.normal(shift, scale, 7_000)

    distance, error = sketch_distance(reference, current)

    true = ks_2samp(reference, current, method="asymp").statistic
    assert 0 <= true - distance <= error <= 0.01


def test_few_distinct_values_are_exact() -> None:
    reference, current = np.array([0.0, 0, 0, 1, 2]), np.array([0.0, 2, 2, 2, 1.5])

    distance, error = sketch_distance(reference, current)

    assert distance == pytest.approx(ks_2samp(reference, current).statistic)
    assert error == 0


def test_no_values_are_refused() -> None:
    with pytest.raises(EmptyWindowError, match="reference holds 3, current 0"):
        ks_distance([1, 2], [0, 0])


def test_different_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="pass the same"):
        ks_distance([1, 2], [1, 2, 3])
