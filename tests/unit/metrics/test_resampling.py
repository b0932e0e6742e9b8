import numpy as np
import pytest
from scipy.stats import t

from evergreen.metrics import resampling
from evergreen.metrics.resampling import block_starts, error_of_blocks, half_width, resample


@pytest.mark.parametrize("n_rows", [100, 101, 20_011])
def test_blocks_are_twenty_of_nearly_the_same_size(n_rows: int) -> None:
    starts = block_starts(n_rows)

    sizes = np.diff(np.append(starts, n_rows))
    assert starts.size == 20
    assert sizes.sum() == n_rows
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("n_rows", [0, 99])
def test_few_rows_make_no_blocks(n_rows: int) -> None:
    assert block_starts(n_rows).size == 0


def test_error_of_blocks_is_that_of_their_means() -> None:
    values = np.random.default_rng(0).normal(size=400)
    values -= values.mean()

    found = error_of_blocks(values, block_starts(400))

    means = values.reshape(20, 20).mean(axis=1)
    assert found == pytest.approx(means.std(ddof=1) / np.sqrt(20))


@pytest.mark.parametrize("n_independent", [20, 40, 5000])
def test_half_width_is_that_of_students_t(n_independent: int) -> None:
    assert half_width(2.0, n_independent) == pytest.approx(
        2 * t.ppf(0.975, n_independent - 1), rel=0.005
    )


def test_resamples_do_not_depend_on_how_many_fit_into_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sums, shares = np.arange(30.0).reshape(10, 3), np.full(10, 0.1)

    at_once = resample(sums, shares, 10, seed=3)
    monkeypatch.setattr(resampling, "CELLS_AT_ONCE", 70)
    in_parts = resample(sums, shares, 10, seed=3)

    assert at_once.shape == (1000, 3)
    np.testing.assert_array_equal(at_once, in_parts)
