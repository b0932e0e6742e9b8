from datetime import timedelta

import pytest

from builders.views import make_point, make_points
from builders.web_records import make_promotion
from builders.web_signals import make_evaluation, make_metric
from evergreen.web.pages.charts import timeline
from evergreen.web.pages.interval_plot import compare_estimates, draw_gain, draw_whiskers
from evergreen.web.pages.sparkline import HEIGHT, MARGIN, WIDTH, draw_sparkline


def test_sparkline_runs_over_its_whole_box() -> None:
    line = draw_sparkline([1.0, 3.0, 2.0], what="AUC")

    ends = [tuple(map(float, point.split(","))) for point in line.lines[0].split()]
    assert ends[0] == (MARGIN, HEIGHT - MARGIN)
    assert ends[1][1] == MARGIN
    assert line.last == ends[2] == (WIDTH - MARGIN, HEIGHT / 2)
    assert line.text == "AUC, 3 newest values: 1.0000 to 3.0000, newest 2.0000"


def test_sparkline_breaks_where_nothing_was_measured() -> None:
    line = draw_sparkline([0.1, 0.2, None, 0.3, 0.2, None, 0.1], what="x")

    assert [len(points.split()) for points in line.lines] == [2, 2]
    assert line.last is not None


@pytest.mark.parametrize("values", [[], [None, None]], ids=["no history", "never measured"])
def test_sparkline_says_that_nothing_was_measured(values: list[float | None]) -> None:
    line = draw_sparkline(values, what="AUC")

    assert (line.lines, line.last, line.text) == ((), None, "AUC: not measured yet")


def test_sparkline_of_a_share_shows_its_height() -> None:
    """A share that never moves lies where it is, not in the middle; above 1 it stays in the box."""
    line = draw_sparkline([0.0, 0.0, 1.5], what="drifted share", is_share=True)

    heights = [float(point.split(",")[1]) for point in line.lines[0].split()]
    assert heights == [HEIGHT - MARGIN, HEIGHT - MARGIN, MARGIN]


def test_whiskers_keep_all_ends_inside_the_axis() -> None:
    picture = compare_estimates(make_evaluation())

    assert picture is not None
    ends = [end for row in picture.rows for end in (row.low, row.dot, row.high)]
    assert all(end is not None and picture.left < end < picture.right for end in ends)
    assert [row.name for row in picture.rows] == ["champion v7", "challenger v8"]
    assert picture.rows[0].dot > picture.rows[1].dot


def test_whiskers_of_a_first_model_show_it_alone() -> None:
    first = make_evaluation(champion=None, champion_version=None, gain=None)

    picture = compare_estimates(first)

    assert picture is not None
    assert [row.name for row in picture.rows] == ["challenger v8"]
    assert draw_gain(first) is None


def test_whiskers_without_an_error_are_a_dot() -> None:
    known = make_evaluation(challenger=make_metric(0.4, se=None), champion=make_metric(None))

    picture = compare_estimates(known)

    assert picture is not None
    assert [(row.low, row.high) for row in picture.rows] == [(None, None)]


def test_gain_is_drawn_beside_zero() -> None:
    picture = draw_gain(make_evaluation(gain=0.0112, gain_low=-0.001, gain_high=0.02))

    assert picture is not None
    assert picture.zero is not None
    row = picture.rows[0]
    assert row.low is not None
    assert row.low < picture.zero < row.dot
    assert row.text == "+0.0112"


def test_nothing_is_drawn_of_nothing() -> None:
    nothing = make_metric(None)

    assert draw_whiskers([]) is None
    assert compare_estimates(None) is None
    assert compare_estimates(make_evaluation(champion=nothing, challenger=nothing)) is None


def test_timeline_holds_what_was_measured_and_nothing_for_what_was_not() -> None:
    told = timeline(make_points(), (), base="/evergreen")

    assert (told["metric"], told["unit"]) == ("log loss", "nats a row, lower is better")
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

    told = timeline(
        points,
        (
            make_promotion(kind="rollback", decision_id="f" * 16, promoted_at=late),
            make_promotion(decision_id=points[15].decision),
        ),
        base="",
    )

    assert [(move["at"], move["kind"]) for move in told["moves"]] == [
        (15, "promotion"),
        (22.5, "rollback"),
    ]


def test_timeline_of_nothing_is_empty() -> None:
    told = timeline((), (make_promotion(),), base="")

    assert (told["points"], told["metric"]) == ([], "metric")
