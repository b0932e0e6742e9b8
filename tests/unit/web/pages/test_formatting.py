from datetime import timedelta

import pytest

from builders.web_signals import NOW, make_metric
from evergreen.web.pages import formatting
from evergreen.web.pages.formatting import NOTHING

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
    "link",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "http:evil",
        "https://",
        " https://a.example",
        "https://[",
        "mlflow",
    ],
)
def test_web_address_refuses_what_a_browser_might_run_or_leave_to(link: str) -> None:
    assert formatting.web_address(link) == ""


@pytest.mark.parametrize(
    "link", ["/dags/x/runs/a%2Fb", "http://mlflow:5000/#/models/x", "https://a"]
)
def test_web_address_gives_pages_back_as_they_are(link: str) -> None:
    assert formatting.web_address(link) == link


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        pytest.param("batch x was rejected", "Batch x was rejected", id="a sentence"),
        pytest.param("dep_delay drifted", "dep_delay drifted", id="a column stays"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_told_begins_with_a_capital(sentence: str, told: str) -> None:
    assert formatting.told(sentence) == told
