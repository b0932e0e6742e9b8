import pytest

from evergreen.web.pages import formatting


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
