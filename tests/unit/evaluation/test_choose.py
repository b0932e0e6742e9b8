from datetime import UTC, datetime

import pytest

from evergreen.evaluation.choose import choose
from evergreen.records import Evaluation, MetricEstimate, Window

HOLDOUT = Window.ending(datetime(2013, 3, 8, tzinfo=UTC), days=7)


def make_evaluation(
    gain: float | None,
    *,
    value: float | None = 0.7,
    version: str = "4",
    metric: str = "auc",
    n_rows: int = 500,
) -> Evaluation:
    return Evaluation(
        challenger_version=version,
        champion_version="3",
        challenger=MetricEstimate(name=metric, value=value, se=0.01, n_rows=n_rows),
        champion=None,
        gain=gain,
        gain_se=None if gain is None else 0.01,
        n_rows=n_rows,
        holdout=HOLDOUT,
        sentence=f"v{version} gains {gain}",
    )


def test_the_largest_gain_is_chosen_and_all_are_listed() -> None:
    full, recent, archived = (
        make_evaluation(gain, version=version)
        for gain, version in ((0.01, "4"), (0.03, "5"), (-0.02, "2"))
    )

    name, chosen = choose([("full", full), ("recent", recent), ("archived v2", archived)])

    assert name == "recent"
    assert chosen.model_copy(update={"candidates": ()}) == recent
    assert chosen.n_looks == 3
    assert [(one.candidate, one.version, one.gain, one.gain_se) for one in chosen.candidates] == [
        ("full", "4", 0.01, 0.01),
        ("recent", "5", 0.03, 0.01),
        ("archived v2", "2", -0.02, 0.01),
    ]
    assert [one.sentence for one in chosen.candidates] == [
        "v4 gains 0.01",
        "v5 gains 0.03",
        "v2 gains -0.02",
    ]


def test_of_equal_gains_the_first_is_chosen() -> None:
    name, _ = choose([("full", make_evaluation(0.01)), ("recent", make_evaluation(0.01))])

    assert name == "full"


def test_what_could_not_be_evaluated_is_listed_and_not_chosen() -> None:
    name, chosen = choose([("full", make_evaluation(None)), ("recent", make_evaluation(-0.2))])

    assert name == "recent"
    assert [one.gain for one in chosen.candidates] == [None, -0.2]


@pytest.mark.parametrize(("metric", "best"), [("auc", "high"), ("log_loss", "low")])
def test_without_a_gain_the_best_metric_is_chosen(metric: str, best: str) -> None:
    high, low = (make_evaluation(None, value=value, metric=metric) for value in (0.7, 0.6))
    unknown = make_evaluation(None, value=None, metric=metric)

    name, _ = choose([("unknown", unknown), ("high", high), ("low", low)])

    assert name == best


def test_one_candidate_is_listed_too() -> None:
    _, chosen = choose([("full", make_evaluation(None, value=None))])

    assert [one.candidate for one in chosen.candidates] == ["full"]


def test_no_candidate_is_refused() -> None:
    with pytest.raises(ValueError, match="no candidate"):
        choose([])


def test_candidates_on_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="2 different holdouts"):
        choose([("full", make_evaluation(0.01)), ("recent", make_evaluation(0.02, n_rows=499))])
