"""Buckets are a quicker way to the same counts: sorting is the standard that they are held to."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.drift.profile.fast_counting import CellCounter
from evergreen.drift.profile.quantile_cells import FloatArray, count_cells, grid_of_sorted

N_ROWS = 20_000

finite = st.floats(allow_nan=False, allow_infinity=False)
small = st.floats(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2**-52, 5e-324])


def assert_same(values: FloatArray, grid: FloatArray) -> None:
    counted = CellCounter(grid, min_rows=0).count(values)
    expected = count_cells(values, grid)

    np.testing.assert_array_equal(counted.cells, expected.cells)
    assert counted._replace(cells=expected.cells) == expected


@given(st.lists(finite | small, max_size=150), st.lists(st.floats() | small, max_size=150))
def test_any_values_are_counted_as_sorting_counts_them(
    reference: list[float], current: list[float]
) -> None:
    grid = grid_of_sorted(np.sort(np.array(reference, dtype=float)))

    assert_same(np.array([*current, *reference, *np.nextafter(grid, np.inf)], dtype=float), grid)


@given(st.lists(small, min_size=2, max_size=150), st.sampled_from([1e-320, 1e-12, 1.0, 1e300]))
def test_any_scale_is_counted_as_sorting_counts_it(values: list[float], scale: float) -> None:
    reference = np.array(values) * scale

    assert_same(
        np.concatenate((reference, -reference, reference * 1.5)), grid_of_sorted(np.sort(reference))
    )


SHAPES: dict[str, Callable[[np.random.Generator], FloatArray]] = {
    "normal": lambda rng: rng.normal(size=N_ROWS),
    "exponential": lambda rng: rng.exponential(size=N_ROWS),
    "log-normal": lambda rng: np.exp(2 * rng.normal(size=N_ROWS)),
    "Cauchy": lambda rng: rng.standard_cauchy(N_ROWS),
    "whole numbers": lambda rng: rng.integers(0, 50, N_ROWS).astype(float),
    "mostly zero": lambda rng: np.where(rng.random(N_ROWS) < 0.9, 0, rng.exponential(size=N_ROWS)),
    "a third missing": lambda rng: np.where(
        rng.random(N_ROWS) < 0.3, np.nan, rng.normal(size=N_ROWS)
    ),
    "infinities": lambda rng: rng.choice([np.inf, -np.inf, 0.5, 2.0], N_ROWS),
    "one value": lambda rng: np.full(N_ROWS, 7.0),
    "around a large number": lambda rng: 1e15 + rng.integers(0, 9, N_ROWS).astype(float),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("shift", [0.0, 0.4, 50.0])
def test_features_of_every_shape_are_counted_exactly(
    shape: Callable[[np.random.Generator], FloatArray], shift: float
) -> None:
    rng = np.random.default_rng(3)
    reference = shape(rng)

    assert_same(shape(rng) + shift, grid_of_sorted(np.sort(reference[np.isfinite(reference)])))


def test_of_a_quiet_feature_hardly_a_row_is_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    n_sorted = []

    def count(values: FloatArray, grid: FloatArray) -> object:
        n_sorted.append(values.size)
        return count_cells(values, grid)

    rng = np.random.default_rng(3)
    counter = CellCounter(grid_of_sorted(np.sort(rng.normal(size=N_ROWS))))
    monkeypatch.setattr("evergreen.drift.profile.fast_counting.count_cells", count)

    counter.count(rng.normal(size=N_ROWS))
    counter.count(rng.normal(size=100))

    assert n_sorted[0] < N_ROWS / 50
    assert n_sorted[1] == 100
