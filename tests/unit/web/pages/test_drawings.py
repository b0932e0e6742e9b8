from datetime import timedelta

import pytest

from builders.views import make_point, make_points
from builders.web_records import make_promotion
from builders.web_signals import make_evaluation, make_metric
from evergreen.web.pages.charts import make_timeline
from evergreen.web.pages.interval_plot import compare_estimates, gain_interval, make_intervals
from evergreen.web.pages.sparkline import make_sparkline


def test_sparkline_holds_the_figures_and_says_them() -> None:
    line = make_sparkline([1.0, 3.0, 2.0], what="AUC")

    assert line.values == (1.0, 3.0, 2.0)
    assert not line.is_share
    assert line.text == "AUC, 3 newest values: 1.0000 to 3.0000, newest 2.0000"


def test_sparkline_breaks_where_nothing_was_measured() -> None:
    line = make_sparkline([0.1, 0.2, None, 0.3, 0.2, None, 0.1], what="x")

    assert line.values == (0.1, 0.2, None, 0.3, 0.2, None, 0.1)
    assert line.text.startswith("x, 5 newest values")


@pytest.mark.parametrize("values", [[], [None, None]], ids=["no history", "never measured"])
def test_sparkline_says_that_nothing_was_measured(values: list[float | None]) -> None:
    line = make_sparkline(values, what="AUC")

    assert (line.values, line.text) == ((), "AUC: not measured yet")


def test_sparkline_of_a_share_stays_within_its_scale() -> None:
    line = make_sparkline([0.0, None, 1.5], what="drifted share", is_share=True)

    assert line.is_share
    assert line.values == (0.0, None, 1.0)


def test_intervals_lie_around_their_values() -> None:
    picture = compare_estimates(make_evaluation())

    assert picture is not None
    assert [row.name for row in picture.rows] == ["champion v7", "challenger v8"]
    assert picture.rows[0].value > picture.rows[1].value
    for row in picture.rows:
        assert row.low is not None
        assert row.high is not None
        assert row.value - row.low == pytest.approx(row.high - row.value)
        assert f"{row.name} {row.value:.4f}, 95 % interval {row.low:.4f} to" in picture.text


def test_intervals_of_a_first_model_show_it_alone() -> None:
    first = make_evaluation(champion=None, champion_version=None, gain=None)

    picture = compare_estimates(first)

    assert picture is not None
    assert [row.name for row in picture.rows] == ["challenger v8"]
    assert gain_interval(first) is None


def test_a_value_without_an_error_has_no_ends() -> None:
    known = make_evaluation(challenger=make_metric(0.4, se=None), champion=make_metric(None))

    picture = compare_estimates(known)

    assert picture is not None
    assert [(row.low, row.high) for row in picture.rows] == [(None, None)]


def test_gain_is_drawn_beside_zero() -> None:
    picture = gain_interval(make_evaluation(gain=0.0112, gain_low=-0.001, gain_high=0.02))

    assert picture is not None
    assert picture.drawn() == {
        "has_zero": True,
        "rows": [
            {"name": "gain", "tone": "chart-1", "value": 0.0112, "low": -0.001, "high": 0.02},
        ],
    }
    assert picture.text == "gain +0.0112, 95 % interval -0.0010 to +0.0200"


def test_nothing_is_drawn_of_nothing() -> None:
    nothing = make_metric(None)

    assert make_intervals([]) is None
    assert compare_estimates(None) is None
    assert compare_estimates(make_evaluation(champion=nothing, challenger=nothing)) is None


def test_timeline_holds_what_was_measured_and_nothing_for_what_was_not() -> None:
    told = make_timeline(make_points(), (), base="/evergreen").drawn()

    assert (told["metric"], told["unit"]) == ("log loss", "nats per row, lower is better")
    assert told["points"][0]["metric"] is None
    assert told["points"][5] == {
        "batch": make_point(5).batch,
        "decided": f"{make_point(5).decided_at:%Y-%m-%d %H:%M} UTC",
        "outcome": "stood down",
        "tone": "calm",
        "metric": make_point(5).metric,
        "low": make_point(5).metric_low,
        "high": make_point(5).metric_high,
        "reference": 0.415,
        "coverage": 0.97,
        "drifted": make_point(5).drifted_share,
        "rows": 6565,
        "href": "/evergreen/decisions/0000000000000005",
    }


def test_timeline_puts_moves_on_their_decision_and_others_behind_the_one_before() -> None:
    points = make_points()
    late = points[22].decided_at + timedelta(days=2)

    told = make_timeline(
        points,
        (
            make_promotion(kind="rollback", decision_id="f" * 16, promoted_at=late),
            make_promotion(decision_id=points[15].decision),
        ),
        base="",
    ).drawn()

    assert [(move["at"], move["kind"]) for move in told["moves"]] == [
        (15, "promotion"),
        (22.5, "rollback"),
    ]


def test_timeline_of_nothing_is_empty() -> None:
    told = make_timeline((), (make_promotion(),), base="").drawn()

    assert (told["points"], told["metric"]) == ([], "metric")
