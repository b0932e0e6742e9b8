"""/metrics behind Airflow's login: who may read which models, and in which format."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from drivers.web_scene import HIDDEN, OPEN
from drivers.web_server import Web

PATH = "/evergreen/metrics"


def models_in(page: str) -> set[str]:
    return {
        sample.labels["model"]
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if "model" in sample.labels
    }


@pytest.mark.parametrize(
    ("user", "models"),
    [
        pytest.param("admin", {OPEN, HIDDEN}, id="all"),
        pytest.param("viewer", {OPEN}, id="one"),
        pytest.param("nobody", set(), id="none"),
    ],
)
def test_metrics_are_of_the_models_that_the_user_may_read(
    web: Web, user: str, models: set[str]
) -> None:
    with web.client(user) as client:
        answer = client.get(PATH)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert models_in(answer.text) == models
    assert "evergreen_ledger_up 1.0" in answer.text
    assert (HIDDEN in answer.text) == (HIDDEN in models)


def test_metrics_speak_openmetrics_to_who_asks_for_it(web: Web) -> None:
    with web.client("viewer") as client:
        answer = client.get(PATH, headers={"Accept": "application/openmetrics-text"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
