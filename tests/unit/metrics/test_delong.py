import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, rankdata
from sklearn.metrics import roc_auc_score

from builders.chance import spread_room
from evergreen.metrics.delong import delong, midranks


def slow_delong(is_positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong by its definition: every positive row against every negative one."""
    kernels = []
    for score in scores:
        difference = score[is_positive][:, None] - score[~is_positive][None, :]
        kernels.append((difference > 0) + 0.5 * (difference == 0))
    of_positive = np.array([kernel.mean(axis=1) for kernel in kernels])
    of_negative = np.array([kernel.mean(axis=0) for kernel in kernels])
    covariance = (
        np.cov(of_positive) / is_positive.sum() + np.cov(of_negative) / (~is_positive).sum()
    )
    return of_positive.mean(axis=1), covariance


def make_scores(n_rows: int, *, seed: int = 7, n_levels: int = 20) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    is_positive = random.random(n_rows) < 0.3
    scores = random.integers(0, n_levels, (2, n_rows)) + is_positive * random.integers(0, 9, n_rows)
    return is_positive, scores.astype(float)


tied_scores = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=2, max_size=60)


@given(tied_scores)
def test_midranks_are_scipys_average_ranks(values: list[float]) -> None:
    np.testing.assert_allclose(midranks(np.array(values)), rankdata(values, method="average"))


@given(positive=tied_scores, negative=tied_scores)
def test_auc_is_the_mann_whitney_share(positive: list[float], negative: list[float]) -> None:
    is_positive = np.array([True] * len(positive) + [False] * len(negative))

    auc = delong(is_positive, np.array([positive + negative]))

    expected = mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative))
    assert auc.values[0] == pytest.approx(expected)
    assert auc.covariance is not None
    assert auc.covariance[0, 0] >= 0


@pytest.mark.parametrize("n_levels", [3, 1000], ids=["many ties", "few ties"])
def test_fast_form_equals_the_definition(n_levels: int) -> None:
    is_positive, scores = make_scores(300, n_levels=n_levels)

    auc = delong(is_positive, scores)

    values, covariance = slow_delong(is_positive, scores)
    np.testing.assert_allclose(auc.values, values)
    assert auc.covariance is not None
    np.testing.assert_allclose(auc.covariance, covariance)
    assert auc.values[1] == pytest.approx(roc_auc_score(is_positive, scores[1]))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_auc_does_not_change_under_a_monotone_map(seed: int) -> None:
    is_positive, scores = make_scores(60, seed=seed)

    plain, mapped = delong(is_positive, scores), delong(is_positive, np.exp(scores / 3) - 5)

    np.testing.assert_allclose(plain.values, mapped.values)
    assert plain.covariance is not None
    assert mapped.covariance is not None
    np.testing.assert_allclose(plain.covariance, mapped.covariance)


def test_standard_error_is_the_spread_over_repeated_samples() -> None:
    random = np.random.default_rng(3)
    is_positive = np.arange(400) < 120

    samples = [
        delong(is_positive, (random.normal(size=400) + is_positive)[np.newaxis, :])
        for _ in range(400)
    ]

    spread = np.std([sample.values[0] for sample in samples])
    claimed = np.mean([np.sqrt(s.covariance[0, 0]) for s in samples if s.covariance is not None])
    assert claimed == pytest.approx(spread, rel=spread_room(400))


def test_one_row_of_a_class_gives_no_covariance() -> None:
    auc = delong(np.array([True, False, False]), np.array([[0.9, 0.1, 0.95]]))

    assert auc.values[0] == 0.5
    assert auc.covariance is None


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="2 positive, 0 negative"):
        delong(np.array([True, True]), np.array([[0.1, 0.2]]))
