from datetime import timedelta

import pytest

from builders.web_signals import NOW, make_metric
from evergreen.presentation import formatting
from evergreen.presentation.formatting import NOTHING, Z_95

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, NOTHING, id="not measured"),
        pytest.param(0.0, "0.0000", id="zero is a value"),
        pytest.param(0.41234, "0.4123", id="four decimals"),
        pytest.param(-0.5, "-0.5000", id="negative"),
        pytest.param(12345.678, "1.23e+04", id="large"),
        pytest.param(0.0000123, "1.23e-05", id="small"),
    ],
)
def test_number_tells_what_was_measured(value: float | None, text: str) -> None:
    assert formatting.number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        pytest.param(None, NOTHING, id="not measured"),
        pytest.param(0.0, f"0{NBSP}%", id="none"),
        pytest.param(0.021, f"2.1{NBSP}%", id="few"),
        pytest.param(0.278, f"28{NBSP}%", id="some"),
        pytest.param(1.0, f"100{NBSP}%", id="all"),
    ],
)
def test_percent_carries_its_sign(share: float | None, text: str) -> None:
    assert formatting.percent(share) == text


@pytest.mark.parametrize(
    ("before", "text"),
    [
        pytest.param(timedelta(seconds=20), "just now", id="seconds"),
        pytest.param(timedelta(minutes=5), f"5{NBSP}min ago", id="minutes"),
        pytest.param(timedelta(hours=30), f"1{NBSP}d ago", id="a day"),
        pytest.param(timedelta(hours=-4), f"in 4{NBSP}h", id="to come"),
    ],
)
def test_age_is_said_in_the_largest_unit(before: timedelta, text: str) -> None:
    assert formatting.age(NOW - before, NOW) == text


def test_interval_is_95_percent_of_a_normal() -> None:
    assert formatting.interval(make_metric(0.5, se=0.1)) == "0.3040 to 0.6960"
    assert formatting.interval(make_metric(0.5, se=None)) == NOTHING


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        pytest.param(4 / 3600, "4 seconds", id="seconds"),
        pytest.param(1 / 60, "1 minute", id="a minute"),
        pytest.param(0.5, "30 minutes", id="minutes"),
        pytest.param(1, "1 hour", id="an hour"),
        pytest.param(47.9, "47.9 hours", id="just short of two days"),
        pytest.param(48, "2 days", id="two days"),
    ],
)
def test_a_duration_is_said_in_its_usual_unit(hours: float, text: str) -> None:
    assert formatting.duration(hours) == text


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "batch", "0 batches"),
        (1, "batch", "1 batch"),
        (2, "labelled batch", "2 labelled batches"),
        (1200, "row", "1,200 rows"),
        (2, "loss", "2 losses"),
        (3, "day", "3 days"),
    ],
)
def test_one_is_one_and_more_are_many(count: int, noun: str, said: str) -> None:
    assert formatting.plural(count, noun) == said


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param("auc", "AUC", id="known"),
        pytest.param("my_metric", "my metric", id="of a newer version"),
        pytest.param(None, "metric", id="none"),
    ],
)
def test_a_metric_has_one_name_everywhere(name: str | None, label: str) -> None:
    assert formatting.metric_label(name) == label


def test_a_standard_error_stands_behind_its_value_where_it_is_known() -> None:
    assert formatting.with_error(0.71, 0.01) == "0.7100 ± 0.0100"
    assert formatting.with_error(0.71, None) == "0.7100"
    assert formatting.gain_with_error(0.01, 0.002) == "+0.0100 ± 0.0020"
    assert formatting.gain_with_error(0.01, None) == "+0.0100"


def test_interval_has_both_ends_or_none() -> None:
    assert formatting.interval_ends(0.5, 0.1) == (0.5 - Z_95 * 0.1, 0.5 + Z_95 * 0.1)
    assert formatting.interval_ends(0.5, None) == (None, None)
    assert formatting.interval_ends(None, 0.1) == (None, None)
