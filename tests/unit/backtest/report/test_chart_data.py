"""What the charts are drawn from: scores, marks, names of batches, and the frontier."""

from typing import Any

import numpy as np
import pytest

from builders.streams import make_result, make_run, make_stream
from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.report.chart_data import chart_data, colours_of, smooth
from evergreen.backtest.report.summary import summarise


def data_of(result: BacktestResult, stream: Stream | None = None) -> dict[str, Any]:
    stream = stream or make_stream(result.n_batches)
    return chart_data(result, stream, summarise(result, stream.metric))


def test_each_policy_has_its_scores_and_marks() -> None:
    own = make_run(
        [0.7, 1 / 3, None, 0.8], fits=[2], fraction=0.5, promotions=[2], alarms=[1], quarantined=[3]
    )

    data = data_of(make_result(default=own))

    assert data["policies"][-1] == {
        "name": "default",
        "colour": "default",
        "scores": [0.7, 0.333333, None, 0.8],
        "measured": [0.7, 0.333333, None, 0.8],
        "marks": [
            {"row": "retrained", "batch": 2, "share": 0.5},
            {"row": "promoted", "batch": 2, "share": 1.0},
            {"row": "alarm", "batch": 1, "share": 1.0},
            {"row": "quarantine", "batch": 3, "share": 1.0},
        ],
    }


@pytest.mark.parametrize("name", ["every", "periodic"])
def test_what_happens_everywhere_or_differs_by_phase_is_not_marked(name: str) -> None:
    data = data_of(make_result(periodic=make_run([0.7] * 4, fits=[1])))

    (found,) = [one for one in data["policies"] if one["name"] == name]
    assert found["marks"] == []


def test_all_charts_have_one_range_with_a_little_room() -> None:
    data = data_of(make_result(default=make_run([0.5, 0.7, 0.7, 0.9])))

    assert data["range"] == pytest.approx([0.5 - 0.024, 0.9 + 0.024])


def test_the_frontier_holds_kept_against_cost() -> None:
    frontier = data_of(make_result(thresholds=make_run([0.7, 0.7, 0.6, 0.8], fits=[2])))["frontier"]

    assert frontier["is_share"]
    assert frontier["title"] == "kept: share of the gain of every, %"
    assert frontier["points"][2] == {
        "name": "thresholds",
        "colour": "thresholds",
        "cost": 0.25,
        "value": pytest.approx(0.5),
        "note": "50% for 25%",
        "score": "0.700",
        "is_best": True,
    }


def test_a_loss_says_that_lower_is_better() -> None:
    flat = make_run([0.5] * 4)

    data = data_of(make_result(never=flat, every=flat), make_stream(metric="log_loss"))

    assert data["metric"] == "log loss (lower is better)"
    assert data["frontier"]["title"] == "score: mean log loss (lower is better)"


def test_batches_are_dated_where_dates_are_known() -> None:
    dated, bare = data_of(make_result()), data_of(make_result(), make_stream(has_moments=False))

    assert dated["batches"][1] == "batch of 02 Jan 2024"
    assert (dated["ticks"][1], dated["axis"]) == ("02 Jan 2024", "first day of the batch")
    assert bare["batches"][1] == "1 batch after the first"
    assert (bare["ticks"][1], bare["axis"]) == ("1", "batches after the first")


def test_batches_of_hours_are_told_apart() -> None:
    stream = make_stream()
    hours = np.datetime64("2024-01-01", "us") + np.arange(5) * np.timedelta64(6, "h")
    stream = Stream(**{**vars(stream), "moments": hours})

    data = data_of(make_result(), stream)

    assert data["ticks"] == ["01 Jan 00:00", "01 Jan 06:00", "01 Jan 12:00", "01 Jan 18:00"]
    assert data["axis"] == "start of the batch"


def test_other_policies_share_three_colours() -> None:
    assert colours_of(["never", "a", "b", "c", "d"]) == {
        "never": "never", "a": "other0", "b": "other1", "c": "other2", "d": "other0",
    }  # fmt: skip


def test_smoothing_leaves_gaps_where_no_score_is() -> None:
    assert smooth([1.0, None, 3.0], 3) == [1.0, None, 3.0]
    assert smooth([0.0, 3.0, 6.0], 3) == [1.5, 3.0, 4.5]
    assert smooth([0.5, None], 1) == [0.5, None]
