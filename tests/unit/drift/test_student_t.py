import pytest
from scipy import stats

from evergreen.drift.student_t import student_quantile, student_tail


@pytest.mark.parametrize("alpha", [0.077, 0.01, 2.5e-4, 1e-6])
@pytest.mark.parametrize("n_free", [1, 2, 3, 4, 7, 8, 55, 200])
def test_student_quantile_is_that_of_scipy(alpha: float, n_free: int) -> None:
    value = student_quantile(alpha, n_free)

    assert value == pytest.approx(stats.t.isf(alpha, n_free), rel=1e-4)
    assert student_tail(value, n_free) == pytest.approx(alpha, rel=1e-4)
    assert student_tail(-value, n_free) == pytest.approx(1 - alpha)
