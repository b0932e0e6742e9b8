from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from builders.paired_models import IDS, METRICS, make_pair
from evergreen.evaluation.compare import compare
from evergreen.metrics.paired import paired_difference
from evergreen.records import Evaluation, Window
from evergreen.spec.model import MetricName

HOLDOUT = Window.ending(datetime(2013, 3, 8, tzinfo=UTC), days=7)


def make_scores(n_rows: int, strength: float, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, n_rows)
    noise = rng.normal(size=n_rows)
    return target, 1 / (1 + np.exp(-(strength * (target - 0.5) + noise)))


def run(
    target: Any, challenger: Any, champion: Any, metric: MetricName = "auc", times: Any = None
) -> Evaluation:
    return compare(
        target,
        challenger,
        champion,
        metric=metric,
        challenger_version="4",
        champion_version=None if champion is None else "3",
        holdout=HOLDOUT,
        times=times,
    )


@pytest.mark.parametrize("metric", ["auc", "accuracy", "log_loss"])
def test_the_better_model_has_the_gain_whichever_side_it_is_on(metric: MetricName) -> None:
    target, good = make_scores(2000, strength=2.0)
    _, weak = make_scores(2000, strength=0.0, seed=2)

    better, worse = run(target, good, weak, metric), run(target, weak, good, metric)

    assert better.gain is not None
    assert worse.gain is not None
    assert better.gain > 0.05
    assert worse.gain == pytest.approx(-better.gain)
    assert worse.gain_se == pytest.approx(better.gain_se)
    assert (better.challenger, better.champion) == (worse.champion, worse.challenger)


@pytest.mark.parametrize(("task", "metric"), METRICS, ids=IDS)
def test_the_gain_has_an_interval_and_a_method(task: str, metric: MetricName) -> None:
    target, weak, good = make_pair(task, 1000)

    got = run(target, good, weak, metric, times=np.arange(1000))

    paired = paired_difference(metric, target, weak, good, times=np.arange(1000))
    assert (got.gain, got.gain_se) == (paired.gain, paired.se)
    assert (got.gain_low, got.gain_high) == (paired.low, paired.high)
    assert "20 blocks in time" in got.method
    assert f"95 % interval {got.gain_low:+.4f} to {got.gain_high:+.4f}" in got.sentence


def test_one_row_has_a_gain_without_an_interval() -> None:
    got = run([1], [0.9], [0.8], "brier")

    assert got.gain == pytest.approx(0.03)
    assert (got.gain_se, got.gain_low, got.gain_high) == (None, None, None)
    assert "gain +0.0300 without error (too few rows)" in got.sentence


def test_without_times_rows_are_taken_as_independent() -> None:
    target, weak, good = make_pair("binary", 1000)

    assert "independent" in run(target, good, weak).method


def test_a_champion_that_could_not_be_scored_leaves_no_gain_and_keeps_its_version() -> None:
    target, score = make_scores(500, strength=1.0)

    got = compare(
        target,
        score,
        None,
        metric="auc",
        challenger_version="4",
        champion_version="3",
        holdout=HOLDOUT,
        champion_problem="model.lgb is truncated",
    )

    assert not got.is_champion_scored
    assert (got.champion_version, got.champion, got.gain, got.gain_se) == ("3", None, None, None)
    assert got.challenger.value is not None
    assert got.sentence.startswith(
        "the champion v3 could not be scored: model.lgb is truncated; challenger: AUC"
    )


@pytest.mark.parametrize(
    ("broken", "is_scored"),
    [
        pytest.param("champion", False, id="champion"),
        pytest.param("challenger", True, id="challenger"),
        pytest.param("both", True, id="both, as with one class"),
    ],
)
def test_only_the_champions_own_missing_scores_count_as_not_scored(
    broken: str, *, is_scored: bool
) -> None:
    target, weak, good = make_pair("binary", 500)
    nothing = np.full(500, np.nan)

    got = run(
        target,
        good if broken == "champion" else nothing,
        weak if broken == "challenger" else nothing,
    )

    assert got.is_champion_scored is is_scored
    assert got.gain is None


@pytest.mark.parametrize(
    "champion",
    [
        pytest.param(np.full(300, 0.5), id="two classes"),
        pytest.param(np.full((300, 4), 0.25), id="four classes"),
    ],
)
@pytest.mark.parametrize("metric", ["accuracy", "f1_macro"])
def test_a_champion_of_other_classes_could_not_be_scored(metric: MetricName, champion: Any) -> None:
    target, _, good = make_pair("multiclass", 300)

    got = run(target, good, champion, metric)

    assert not got.is_champion_scored
    assert (got.champion, got.champion_version, got.gain) == (None, "3", None)
    assert "the challenger 3 scores a row" in got.sentence


def test_the_same_scores_have_no_gain() -> None:
    target, score = make_scores(500, strength=1.0)

    assert run(target, score, score).gain == 0


def test_the_first_model_has_no_champion_and_no_gain() -> None:
    target, score = make_scores(500, strength=1.0)

    first = run(target, score, None)

    assert (first.champion, first.champion_version, first.gain, first.gain_se) == (None,) * 4
    assert first.challenger.value is not None
    assert first.n_rows == 500
    assert "no champion yet" in first.sentence


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["challenger", "champion"])
def test_a_score_that_is_not_finite_gives_none_and_a_sentence(bad: float, side: str) -> None:
    target, score = make_scores(500, strength=1.0)
    broken = score.copy()
    broken[3] = bad

    got = run(target, broken, score) if side == "challenger" else run(target, score, broken)

    estimate = got.challenger if side == "challenger" else got.champion
    assert estimate is not None
    assert (estimate.value, got.gain, got.gain_se) == (None, None, None)
    assert got.sentence.startswith(f"{side}: ")
    assert "1 of 500 rows" in got.sentence


def test_one_class_gives_none_and_a_sentence() -> None:
    got = run(np.zeros(100), np.full(100, 0.2), np.full(100, 0.3))

    assert got.gain is None
    assert "class" in got.sentence


def test_no_rows_give_none() -> None:
    got = run(np.zeros(0), np.zeros(0), np.zeros(0))

    assert (got.n_rows, got.gain) == (0, None)


def test_the_record_survives_json() -> None:
    target, score = make_scores(500, strength=1.0)

    got = run(target, score, score[::-1])

    assert Evaluation.from_json(got.to_json()) == got


@pytest.mark.parametrize(
    ("champion", "version", "problem", "says"),
    [
        pytest.param(None, "3", "", "both or neither", id="a version without scores"),
        pytest.param([0.5] * 50, None, "", "both or neither", id="scores without a version"),
        pytest.param([0.5] * 50, "3", "lost", "a version and no scores", id="a problem and scores"),
        pytest.param(None, None, "lost", "a version and no scores", id="a problem of nobody"),
    ],
)
def test_half_a_champion_is_refused(
    champion: Any, version: str | None, problem: str, says: str
) -> None:
    target, score = make_scores(50, strength=1.0)

    with pytest.raises(ValueError, match=says):
        compare(
            target,
            score,
            champion,
            metric="auc",
            challenger_version="4",
            champion_version=version,
            holdout=HOLDOUT,
            champion_problem=problem,
        )


def test_other_rows_are_refused() -> None:
    target, score = make_scores(50, strength=1.0)

    with pytest.raises(ValueError, match="length"):
        run(target, score, score[:-1])
