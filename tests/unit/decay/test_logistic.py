import numpy as np
import pytest

from evergreen.decay.logistic import fit_logistic, log_odds, logistic


def test_coefficients_and_errors_are_those_of_scikit_learn_and_fisher() -> None:
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    x = random.normal(size=2_000)
    truth = (random.random(2_000) < logistic(1.5 * x - 0.5)).astype(float)

    fitted = fit_logistic(truth, np.column_stack([x, np.ones(2_000)]), np.zeros(2_000))

    peer = LogisticRegression(C=np.inf, tol=1e-10).fit(x[:, np.newaxis], truth)
    assert fitted is not None
    assert fitted.coefficients == pytest.approx([peer.coef_[0, 0], peer.intercept_[0]], abs=1e-4)
    assert fitted.errors[0] == pytest.approx(0.077, abs=0.01)


@pytest.mark.parametrize(
    ("truth", "x"),
    [
        pytest.param([], [], id="no rows"),
        pytest.param([1, 1, 1], [0, 1, 2], id="one class"),
        pytest.param([0, 0, 1, 1], [-2, -1, 1, 2], id="separated"),
        pytest.param([0, 1, 0, 1], [3, 3, 3, 3], id="constant"),
    ],
)
def test_no_finite_solution_is_none(truth: list[float], x: list[float]) -> None:
    design = np.column_stack([np.array(x, dtype=float), np.ones(len(x))])

    assert fit_logistic(np.array(truth, dtype=float), design, np.zeros(len(x))) is None


def test_log_odds_and_logistic_undo_each_other() -> None:
    probability = np.array([0.001, 0.3, 0.5, 0.999])

    assert logistic(log_odds(probability)) == pytest.approx(probability)
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
    assert logistic(np.array([-1e6, 1e6])) == pytest.approx([0, 1])
