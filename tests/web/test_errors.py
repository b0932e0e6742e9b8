"""What breaks is told without what nobody outside needs to know; Airflow goes on."""

from collections.abc import Iterator

import httpx
import pytest

from drivers.postgres_server import STOP_SECONDS, started
from drivers.web_scene import OPEN, Scene
from drivers.web_server import Web
from evergreen.web_addresses import PREFIX

PAGES = (f"{PREFIX}/models", f"{PREFIX}/models/{OPEN}", f"{PREFIX}/api/models")


@pytest.fixture
def without_ledger(scene: Scene) -> Iterator[Web]:
    scene.service.stop(grace_seconds=STOP_SECONDS)
    try:
        yield scene.web
    finally:
        scene.service = started(scene.database)


def test_without_the_ledger_pages_say_so_and_airflow_goes_on(without_ledger: Web) -> None:
    with without_ledger.browser("admin") as browser:
        answers = [browser.get(page) for page in PAGES]
        action = browser.get("/api/v2/dags")

    for answer in answers:
        assert answer.status_code == 503
        assert "ledger does not answer" in answer.text
        assert answer.headers["retry-after"] == "30"
        for secret in ("postgresql", "psycopg2", "Traceback", "127.0.0.1", "password"):
            assert secret not in answer.text
    assert action.status_code == 200


def test_without_the_ledger_the_runbooks_can_be_read(without_ledger: Web) -> None:
    with without_ledger.browser("editor") as browser:
        assert browser.get(f"{PREFIX}/runbooks/no_data?model={OPEN}").status_code == 200


def test_without_the_ledger_nothing_is_started_that_it_could_not_keep(without_ledger: Web) -> None:
    with without_ledger.client("editor") as client:
        runs = f"/api/v2/dags/hold__{OPEN}/dagRuns"
        before = client.get(runs).json()["total_entries"]
        answer = client.post(f"{PREFIX}/actions/models/{OPEN}/hold", json={"reason": "x"})
        after = client.get(runs).json()["total_entries"]

    assert answer.status_code == 503
    assert after == before


def test_the_pages_are_back_with_the_ledger(web: Web) -> None:
    with web.browser("admin") as browser:
        assert browser.get(f"{PREFIX}/models").status_code == 200


def test_a_browser_without_login_is_led_to_it_and_back(web: Web) -> None:
    page = f"{PREFIX}/models?query=a%22b"

    with httpx.Client(base_url=web.url, headers={"Accept": "text/html"}) as browser:
        answer = browser.get(page)
        link = answer.text.partition('<a href="')[2].partition('"')[0]
        login = browser.get(link.replace("&amp;", "&"))

    assert answer.status_code == 401
    assert link.startswith("/api/v2/auth/login?next=%2Fevergreen%2Fmodels")
    assert login.status_code == 307
    assert "/auth/login" in login.headers["location"]
    assert "evergreen" in login.headers["location"]


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
def test_an_error_repeats_nothing_that_could_run(web: Web, accept: str) -> None:
    attack = "<script>alert(1)</script>"

    with web.client("admin") as client:
        answers = [
            client.get(f"{PREFIX}/{attack}", headers={"Accept": accept}),
            client.get(f"{PREFIX}/models", params={"page": attack}, headers={"Accept": accept}),
            client.post(
                f"{PREFIX}/actions/models/{OPEN}/hold",
                json={"reason": "x", attack: "y"},
                headers={"Accept": accept},
            ),
        ]

    for answer in answers:
        assert answer.status_code in (400, 404, 422)
        is_page = answer.headers["content-type"].startswith("text/html")
        assert is_page == (accept == "text/html")
        assert not is_page or attack not in answer.text


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
def test_another_method_is_named_as_such(web: Web, method: str) -> None:
    with web.client("admin") as client:
        answer = client.request(method, f"{PREFIX}/models")

    assert answer.status_code == 405
