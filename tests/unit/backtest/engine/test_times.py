"""The time column: how often a batch comes."""

import numpy as np
import pyarrow as pa
import pytest

from evergreen.backtest.engine.times import batches_per_year, moments_of


def days(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.datetime64("2024-01-01", "us") + np.array(
        [np.timedelta64(round(n * 86_400), "s") for n in numbers]
    )


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param(days(0, 7, 14), 365.25 / 7, id="weekly"),
        pytest.param(days(0, 1000), 1, id="at least one a year"),
        pytest.param(days(0, 0.001), 366 * 24, id="at most hourly"),
        pytest.param(days(3, 3), 52, id="all at once"),
        pytest.param(None, 52, id="unknown"),
    ],
)
def test_cadence_of_batches(
    moments: np.ndarray[tuple[int], np.dtype[np.datetime64]] | None, expected: float
) -> None:
    assert batches_per_year(moments) == pytest.approx(expected)


def test_the_last_edge_lies_at_the_last_row_when_it_is_the_end() -> None:
    column = pa.chunked_array([days(0, 1, 2)])

    moments = moments_of(column, np.array([1, 3]))

    assert moments is not None
    assert moments.tolist() == days(1, 2).tolist()


def test_numbers_have_no_moments() -> None:
    assert moments_of(pa.chunked_array([[1, 2, 3]]), np.array([1, 3])) is None
