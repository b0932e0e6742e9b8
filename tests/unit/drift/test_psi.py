import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.drift.psi import psi
from evergreen.errors import EmptyWindowError

counts = st.lists(st.integers(0, 10_000), min_size=4, max_size=4).filter(any)


def test_psi_is_the_textbook_sum() -> None:
    expected = (0.5 - 0.25) * np.log(0.5 / 0.25) + (0.5 - 0.75) * np.log(0.5 / 0.75)

    assert psi([25, 75], [500, 500]) == pytest.approx(expected)


def test_an_empty_bin_counts_as_one_in_a_thousand() -> None:
    expected = (0.5 - 0.001) * np.log(500) + (0.5 - 1.0) * np.log(0.5)

    assert psi([0, 80], [40, 40]) == pytest.approx(expected)


def test_an_empty_bin_costs_the_same_however_many_rows_there_are() -> None:
    assert psi([0, 100], [5, 95]) == pytest.approx(psi([0, 1_000_000], [50_000, 950_000]))


def test_a_bin_that_is_empty_on_both_sides_costs_nothing() -> None:
    assert psi([30, 70, 0], [60, 40, 0]) == pytest.approx(psi([30, 70], [60, 40]))


@given(counts, st.integers(1, 50))
def test_equal_shares_have_psi_zero(reference: list[int], times: int) -> None:
    assert psi(reference, [n * times for n in reference]) == pytest.approx(0, abs=1e-12)


@given(counts, counts)
def test_psi_is_symmetric_finite_and_never_negative(
    reference: list[int], current: list[int]
) -> None:
    value = psi(reference, current)

    assert 0 <= value <= 2 * np.log(1000)
    assert value == pytest.approx(psi(current, reference))


@given(counts, counts, st.permutations(range(4)))
def test_psi_does_not_know_the_order_of_bins(
    reference: list[int], current: list[int], order: list[int]
) -> None:
    shuffled = psi([reference[i] for i in order], [current[i] for i in order])

    assert shuffled == pytest.approx(psi(reference, current))


def test_no_rows_are_refused() -> None:
    with pytest.raises(EmptyWindowError, match="current bins hold 0 rows"):
        psi([1, 2], [0, 0])


def test_different_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="pass the same"):
        psi([1, 2], [1, 2, 3])
