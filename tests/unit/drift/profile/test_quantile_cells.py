import decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.drift.profile.quantile_cells import count_cells, grid_of_sorted, psi_bins, to_floats

any_floats = st.lists(st.floats(), max_size=200)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(pa.array([1, None, 3], pa.int32()), id="integer"),
        pytest.param(pa.array([1, None, 3], pa.uint64()), id="unsigned"),
        pytest.param(pa.array([1.0, None, 3.0], pa.float32()), id="float"),
        pytest.param(pa.array(np.array([1, np.nan, 3], np.float16)), id="half float"),
        pytest.param(pa.array([decimal.Decimal(1), None, decimal.Decimal(3)]), id="decimal"),
        pytest.param(pa.array([1.0, None, 3.0]).dictionary_encode(), id="dictionary"),
    ],
)
def test_numbers_are_read_as_floats_with_nan_for_null(array: pa.Array) -> None:
    np.testing.assert_array_equal(to_floats(array), [1.0, np.nan, 3.0])


def test_booleans_and_nulls_are_numbers() -> None:
    np.testing.assert_array_equal(to_floats(pa.array([True, False, None])), [1.0, 0.0, np.nan])
    np.testing.assert_array_equal(to_floats(pa.nulls(2)), [np.nan, np.nan])


@pytest.mark.parametrize(
    "array",
    [pa.array(["1"]), pa.array([[1]]), pa.array(["a"]).dictionary_encode(), pa.array([b"1"])],
    ids=["string", "list", "dictionary of strings", "binary"],
)
def test_what_is_no_number_is_refused(array: pa.Array) -> None:
    with pytest.raises(TypeError, match="expected numbers, came"):
        to_floats(array)


@given(any_floats, any_floats)
def test_every_row_is_counted_once(reference: list[float], current: list[float]) -> None:
    finite = np.array(reference, dtype=float)
    grid = grid_of_sorted(np.sort(finite[np.isfinite(finite)]))

    counts = count_cells(np.array(current, dtype=float), grid)

    assert counts.n_null + counts.ordered().sum() == len(current)
    assert counts.cells.size == 2 * grid.size + 1


@given(any_floats, any_floats)
def test_counts_of_parts_add_up_to_the_whole(first: list[float], second: list[float]) -> None:
    grid = np.array([-1.0, 0.0, 2.5])

    parts = count_cells(np.array(first), grid).plus(count_cells(np.array(second), grid))

    whole = count_cells(np.array(first + second), grid)
    np.testing.assert_array_equal(parts.ordered(), whole.ordered())
    assert parts.n_null == whole.n_null


def test_cells_alternate_interval_and_value() -> None:
    values = np.array([-5, 0, 0, 1, 2, 3, np.nan, np.inf, -np.inf, -np.inf])

    counts = count_cells(values, np.array([0.0, 2.0]))

    assert counts.cells.tolist() == [1, 2, 1, 1, 1]
    assert (counts.n_null, counts.n_negative_inf, counts.n_positive_inf) == (1, 2, 1)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=500))
def test_grid_holds_reference_values_with_at_most_a_hundredth_between_two(
    values: list[float],
) -> None:
    reference = np.array(values)

    grid = grid_of_sorted(np.sort(reference))

    between = count_cells(reference, grid).cells[0::2]
    assert set(grid) <= set(values)
    assert (grid[0], grid[-1]) == (min(values), max(values))
    assert between.max() <= len(values) / 100
    assert grid.size <= 101


def test_continuous_values_get_ten_bins_of_equal_share() -> None:
    values = np.random.default_rng(1).normal(size=50_000)
    cells = count_cells(values, grid_of_sorted(np.sort(values))).cells

    shares = np.add.reduceat(cells, psi_bins(cells)) / values.size

    np.testing.assert_allclose(shares, np.full(10, 0.1), atol=0.002)


def test_a_constant_has_a_bin_below_it_and_above_it() -> None:
    values = np.full(100, 7.0)

    cells = count_cells(values, grid_of_sorted(np.sort(values))).cells

    assert psi_bins(cells).tolist() == [0, 1, 2]


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=300))
def test_bins_cover_all_cells_and_single_out_heavy_values(values: list[int]) -> None:
    reference = np.array(values, dtype=float)
    grid = grid_of_sorted(np.sort(reference))
    cells = count_cells(reference, grid).cells

    bins = psi_bins(cells)

    assert bins[0] == 0
    assert (np.diff(bins) > 0).all()
    assert np.add.reduceat(cells, bins).sum() == len(values)
    for place, value in enumerate(grid):
        if values.count(int(value)) * 10 >= len(values):
            assert {2 * place + 1, 2 * place + 2} <= set(bins.tolist())
