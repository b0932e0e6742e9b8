"""What a back-test teaches, in sentences."""

import pytest

from builders.streams import make_result, make_run
from evergreen.backtest.engine.results import PolicyRun
from evergreen.backtest.report.conclusions import lesson, verdict
from evergreen.backtest.report.phrases import percent
from evergreen.backtest.report.summary import summarise


def lesson_of(policy: str, **runs: PolicyRun) -> str:
    rows = summarise(make_result(**runs), "auc")
    return lesson(next(row for row in rows if row.policy == policy), rows, "auc")


def test_the_verdict_names_what_there_is_to_gain_and_what_default_keeps() -> None:
    result = make_result(
        default=make_run([0.7, 0.7, 0.8, 0.7], fits=[2]),
        periodic=make_run([0.7, 0.7, 0.8, 0.8], fits=[2]),
    )

    assert verdict(summarise(result, "auc"), "auc", n_batches=4) == (
        "Retraining at every one of 4 batches lifts AUC from 0.650 to 0.750. default keeps 75% of"
        " that gain for 25% of the trainings."
    )


def test_the_verdict_of_quiet_history_is_to_spend_least() -> None:
    result = make_result(every=make_run([0.7, 0.7, 0.6, 0.601], fits=[0, 1, 2, 3]))

    assert "the one that spends least" in verdict(summarise(result, "auc"), "auc", n_batches=4)


def test_the_verdict_without_scores_says_so() -> None:
    result = make_result(never=make_run([None]), every=make_run([None]))
    rows = summarise(result, "auc")

    assert "could be scored" in verdict(rows, "auc", n_batches=1)
    assert lesson(rows[0], rows, "auc") == "No batch could be scored."


@pytest.mark.parametrize(
    ("scores", "fits", "said"),
    [
        pytest.param([0.7, 0.7, 0.8, 0.7], [2], "keeps 75% of the gain", id="some"),
        pytest.param([0.8, 0.8, 0.8, 0.8], [2], "gains more than retraining at every", id="more"),
        pytest.param([0.6, 0.6, 0.6, 0.6], [2], "1 training left it worse", id="harm"),
        pytest.param([0.7, 0.7, 0.6, 0.6], [], "never asked for a retrain", id="idle"),
    ],
)
def test_a_policy_is_told_by_what_it_kept(scores: list[float], fits: list[int], said: str) -> None:
    assert said in lesson_of("default", default=make_run([*scores], fits=fits))


def test_a_beaten_policy_is_told_who_beats_it() -> None:
    better = make_run([0.7, 0.7, 0.8, 0.7], fits=[2])
    worse = make_run([0.7, 0.7, 0.7, 0.7], fits=[1, 2])

    told = lesson_of("thresholds", default=better, thresholds=worse)
    unbeaten = lesson_of("default", default=better, thresholds=worse)

    assert told.endswith("; default keeps 75% for 25%.")
    assert unbeaten.endswith("no other policy here gives as much for as little.")


def test_on_quiet_history_trainings_are_a_waste() -> None:
    quiet = make_run([0.7, 0.7, 0.6, 0.6], fits=[0, 1, 2, 3])

    assert "there was nothing here to keep up with" in lesson_of("every", every=quiet)
    assert "spent 1 training (25%" in lesson_of(
        "default", every=quiet, default=make_run([0.7, 0.7, 0.6, 0.6], fits=[1])
    )
    assert "rightly" in lesson_of("default", every=quiet, default=make_run([0.7, 0.7, 0.6, 0.6]))


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "-"), (0.0, "0%"), (0.004, "less than 1%"), (0.01, "1%"), (1.1, "110%")],
)
def test_percent_never_calls_something_nothing(share: float | None, words: str) -> None:
    assert percent(share) == words
