from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from builders.chance import least, spread_room
from builders.paired_models import IDS, METRICS, Pair, make_pair
from evergreen.metrics import drop, estimate
from evergreen.metrics.paired import PairedGain, paired_difference
from evergreen.spec.model import MetricName

N_RESAMPLES = 400
COVERED = 0.95  # what an interval promises
LARGER_OF_TWO = 1.06  # docs/evaluation.md: the error over rows and blocks, against rows only


def compare(metric: MetricName, pair: Pair, *, in_time: bool = True) -> PairedGain:
    times = np.arange(len(pair.target)) if in_time else None
    return paired_difference(metric, pair.target, pair.weak, pair.good, times=times)


def value_of(metric: MetricName, target: Any, score: Any) -> float:
    if metric == "f1_macro":  # its estimate resamples too, which takes a while
        return float(f1_score(target, score.argmax(axis=1), average="macro"))
    return estimate(metric, target, score).value or 0.0


def spread_of_resamples(
    pair: Pair, metric: MetricName, draw: Callable[[np.random.Generator], NDArray[np.intp]]
) -> float:
    """Bootstrap the difference by its definition: draw rows, estimate anew."""
    random = np.random.default_rng(5)
    gains = []
    for _ in range(N_RESAMPLES):
        rows = draw(random)
        old, new = (
            value_of(metric, pair.target[rows], score[rows]) for score in (pair.weak, pair.good)
        )
        gains.append(drop(metric, new, old))
    return float(np.std(gains))


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_the_gain_is_the_difference_of_the_estimates(task: str, metric: MetricName) -> None:
    pair = make_pair(task, 2000)

    found = compare(metric, pair)

    old, new = (estimate(metric, pair.target, s).value for s in (pair.weak, pair.good))
    assert old is not None
    assert new is not None
    assert found.gain == pytest.approx(drop(metric, new, old))
    assert found.gain is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.gain < found.high


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_exchanged_models_turn_every_sign_and_change_nothing_else(
    task: str, metric: MetricName
) -> None:
    pair = make_pair(task, 1000, hourly=0.2)

    ahead, behind = compare(metric, pair), compare(metric, Pair(pair.target, pair.good, pair.weak))

    assert ahead.gain is not None
    assert ahead.gain > 0
    assert behind.gain == pytest.approx(-ahead.gain)
    assert behind.se == pytest.approx(ahead.se)
    assert behind.low == pytest.approx(-(ahead.high or 0))
    assert behind.high == pytest.approx(-(ahead.low or 0))
    assert behind.method == ahead.method


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_the_error_is_that_of_a_bootstrap_of_rows(task: str, metric: MetricName) -> None:
    pair = make_pair(task, 600)

    found = compare(metric, pair, in_time=False)

    resampled = spread_of_resamples(pair, metric, lambda random: random.integers(0, 600, 600))
    assert found.se == pytest.approx(resampled, rel=spread_room(N_RESAMPLES))
    assert "independent" in found.method


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_the_error_is_that_of_a_bootstrap_of_blocks_where_rows_go_together(
    task: str, metric: MetricName
) -> None:
    pair = make_pair(task, 2000, hourly=0.9)

    found = compare(metric, pair)

    blocks = np.arange(2000).reshape(20, 100)
    resampled = spread_of_resamples(
        pair, metric, lambda random: blocks[random.integers(0, 20, 20)].ravel()
    )
    # Of 20 blocks a bootstrap sees 19/20 of the variance.
    seen = np.sqrt(19 / 20)
    assert found.se * seen == pytest.approx(resampled, rel=spread_room(N_RESAMPLES))
    assert "error over blocks" in found.method


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_intervals_cover_the_truth_in_95_of_100_samples(task: str, metric: MetricName) -> None:
    """And errors are not too large: misses in units of them spread as the promised errors do.

    The larger one of two errors is taken, which makes it up to 6 % too large where both are right.
    """
    truth = compare(metric, make_pair(task, 200_000), in_time=False).gain or 0.0

    found = [compare(metric, make_pair(task, 500, seed=seed)) for seed in range(2, 402)]

    covered = sum((one.low or 0) <= truth <= (one.high or 0) for one in found)
    misses = [((one.gain or 0.0) - truth) / (one.se or 1.0) for one in found]
    assert covered >= least(400, COVERED)
    assert np.std(misses) > (1 - spread_room(400)) / LARGER_OF_TWO


@pytest.mark.parametrize("metric", ["auc", "log_loss", "brier"])
def test_blocks_keep_the_coverage_where_neighbours_err_together(metric: MetricName) -> None:
    truth = compare(metric, make_pair("binary", 200_000, hourly=0.9), in_time=False).gain or 0.0
    samples = [make_pair("binary", 2000, seed=seed, hourly=0.9) for seed in range(2, 152)]

    covered = {
        in_time: sum(
            [
                (one.low or 0) <= truth <= (one.high or 0)
                for one in (compare(metric, sample, in_time=in_time) for sample in samples)
            ]
        )
        for in_time in (True, False)
    }

    assert covered[True] >= least(150, COVERED)
    assert covered[False] < least(150, COVERED)


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_rows_are_put_in_order_of_time_first(task: str, metric: MetricName) -> None:
    pair = make_pair(task, 1000, hourly=0.9)
    times = np.datetime64("2013-01-01", "s") + np.arange(1000) * np.timedelta64(60, "s")
    shuffled = np.random.default_rng(0).permutation(1000)

    mixed = paired_difference(
        metric,
        pair.target[shuffled],
        pair.weak[shuffled],
        pair.good[shuffled],
        times=times[shuffled],
    )

    assert mixed.se == pytest.approx(compare(metric, pair).se)


@pytest.mark.parametrize("n_rows", [99, 100])
def test_few_rows_are_taken_as_independent(n_rows: int) -> None:
    found = compare("log_loss", make_pair("binary", n_rows))

    assert ("independent" in found.method) == (n_rows < 100)


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_a_model_against_itself_gains_nothing_surely(task: str, metric: MetricName) -> None:
    pair = make_pair(task, 300)

    found = compare(metric, Pair(pair.target, pair.good, pair.good))

    assert (found.gain, found.se, found.low, found.high) == (0, 0, 0, 0)


@pytest.mark.parametrize("who", ["challenger", "champion"])
@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_a_score_that_is_missing_leaves_no_gain(task: str, metric: MetricName, who: str) -> None:
    target, weak, good = make_pair(task, 300)
    broken = good.copy()
    broken[7] = np.nan

    pair = Pair(target, weak, broken) if who == "challenger" else Pair(target, broken, weak)
    found = compare(metric, pair)

    assert found[:5] == (None, None, None, None, "")
    assert found.problem == f"{who}: 1 of 300 rows have a missing or infinite score"


@pytest.mark.parametrize(
    ("champion", "challenger", "times", "says"),
    [
        pytest.param([0.1], [0.1, 0.2], None, "length", id="other rows"),
        pytest.param([0.1, 0.2], [[0.1, 0.9]] * 2, None, "shapes", id="other classes"),
        pytest.param([0.1, 0.2], [0.1, 0.2], [1], "times have shape", id="a time is missing"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    champion: Any, challenger: Any, times: Any, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        paired_difference("log_loss", [0, 1], champion, challenger, times=times)


@pytest.mark.parametrize(
    ("task", "metric"), [METRICS[2], METRICS[6], METRICS[7]], ids=["log loss", "F1", "RMSE"]
)
def test_one_row_has_a_gain_and_no_error(task: str, metric: MetricName) -> None:
    found = compare(metric, make_pair(task, 1))

    assert found.gain is not None
    assert (found.se, found.low, found.high) == (None, None, None)
