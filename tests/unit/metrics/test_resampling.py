import numpy as np
import pytest
from scipy.stats import t

from evergreen.metrics import resampling
from evergreen.metrics.resampling import block_starts, error_of_blocks, half_width, resample


@pytest.mark.parametrize(
    ("n_rows", "n_blocks"), [(0, 0), (99, 0), (100, 20), (150, 30), (200, 40), (20_011, 40)]
)
def test_blocks_are_at_most_40_and_of_nearly_the_same_size(n_rows: int, n_blocks: int) -> None:
    starts = block_starts(n_rows)

    sizes = np.diff(np.append(starts, n_rows))
    assert starts.size == n_blocks
    if n_blocks:
        assert sizes.sum() == n_rows
        assert sizes.max() - sizes.min() <= 1
        assert sizes.min() >= 5


def test_error_of_blocks_is_that_of_their_means() -> None:
    values = np.random.default_rng(0).normal(size=400)
    values -= values.mean()

    found = error_of_blocks(values, block_starts(400))

    means = values.reshape(40, 10).mean(axis=1)
    assert found == pytest.approx(means.std(ddof=1) / np.sqrt(40))


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
