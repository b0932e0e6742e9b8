"""The pages by their addresses, on a real ledger, with Airflow's own simple auth manager."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.api_fastapi.app import init_auth_manager, purge_cached_app
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from builders.ledger_rows import SPEC, add_decision, add_delivery, close_as_promoted
from drivers import rendered
from evergreen.ledger.ledger import Ledger
from evergreen.web.app import create_app

RUN = "asset__2013-01-08/1"


@pytest.fixture(scope="module")
def decision_id(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One model whose first decision was promoted, in a home of its own."""
    home = tmp_path_factory.mktemp("home")
    (home / "models" / "flights").mkdir(parents=True)
    (home / "models" / "flights" / "model.yaml").write_text(SPEC)
    with pytest.MonkeyPatch.context() as patch, Ledger(f"sqlite:///{home}/ledger.db") as ledger:
        patch.setenv("EVERGREEN_HOME", str(home))
        patch.setenv("EVERGREEN_MODELS_DIR", str(home / "models"))
        patch.delenv("EVERGREEN_LEDGER_URL", raising=False)
        ledger.migrate()
        add_delivery(ledger, "2013-01-08")
        decision = add_decision(ledger, "2013-01-08", run_id=RUN)
        close_as_promoted(ledger, decision)
        yield decision.id


@pytest.fixture(scope="module")
def client(decision_id: str) -> Iterator[TestClient]:
    init_auth_manager()
    app = create_app()
    user = SimpleAuthManagerUser(username="ada", role="admin")
    app.dependency_overrides[get_user] = lambda: user
    with TestClient(app, headers={"Accept": "text/html"}) as opened:
        yield opened
    purge_cached_app()


def get(client: TestClient, path: str) -> BeautifulSoup:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


def test_start_leads_to_the_models(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (307, "/models")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param("/models", 1, id="all"),
        pytest.param("/models?query=FLI", 1, id="by name"),
        pytest.param("/models?query=ops", 1, id="by owner"),
        pytest.param("/models?query=zebra", 0, id="none of that name"),
        pytest.param("/models?state=unreadable", 0, id="none in that state"),
        pytest.param("/models?page=99", 1, id="beyond the end"),
    ],
)
def test_models_can_be_searched(client: TestClient, path: str, found: int) -> None:
    assert len(get(client, path).select("tbody tr")) == found


@pytest.mark.parametrize(
    "path",
    [
        "/models?state=bad",
        "/models?page=0",
        "/models?query=" + "x" * 201,
        "/runbooks/drift?model=../x",
        "/runbooks/drift?batch=1",
    ],
)
def test_page_refuses_what_cannot_be_asked(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 422


@pytest.mark.parametrize(
    "path",
    ["/models/zebra", "/decisions/0000000000000000", "/incidents/99", "/runbooks/none"],
)
def test_what_is_not_there_is_a_page_that_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert "there is no such" in answer.text


def test_model_and_decision_lead_to_each_other(client: TestClient, decision_id: str) -> None:
    model = get(client, "/models/flights")

    assert model.select_one(f'#decisions a[href="/decisions/{decision_id}"]') is not None
    decision = get(client, f"/decisions/{decision_id}")
    assert decision.select_one('.links a[href="/models/flights"]') is not None
    assert get(client, "/models/flights/decisions").select_one("tbody tr") is not None


def test_forms_carry_a_token_of_the_user(client: TestClient) -> None:
    page = get(client, "/models/flights")

    tokens = {str(field["value"]) for field in page.select('input[name="csrf"]')}
    assert len(tokens) == 1
    assert len(tokens.pop()) > 20


@pytest.mark.parametrize(
    ("path", "told"),
    [
        pytest.param("dag/continual_training__flights", "Timeline", id="DAG"),
        pytest.param("dag/ingest__flights", "Timeline", id="other DAG of the model"),
        pytest.param("dag/watchdog", "works for all models", id="DAG of all models"),
        pytest.param("dag/their_etl", "not managed by Evergreen", id="DAG of others"),
        pytest.param(f"run/continual_training__flights/{RUN}", "Signals", id="run"),
        pytest.param(
            "run/continual_training__flights/manual__1", "made no decision", id="quiet run"
        ),
        pytest.param("run/ingest__flights/x", "ingests the batches", id="run of another DAG"),
        pytest.param("run/their_etl/x", "not managed by Evergreen", id="run of others"),
        pytest.param("task/continual_training__flights/decide", "task decide", id="task"),
        pytest.param("task/score__flights/score_batch", "scores the batches", id="other task"),
    ],
)
def test_airflow_shows_of_us_what_belongs_to_its_page(
    client: TestClient, path: str, told: str
) -> None:
    page = get(client, f"/embed/{path}")

    assert told in rendered.text_of(page.body)
    assert page.select_one(".bar") is None


def test_run_with_a_decision_shows_that_one(client: TestClient, decision_id: str) -> None:
    page = get(client, f"/embed/run/continual_training__flights/{RUN}")

    assert f"evergreen reproduce {decision_id}" in page.get_text()
    assert "made no decision" not in page.get_text()


def test_each_runbook_of_the_project_is_a_page(client: TestClient) -> None:
    project = Path(__file__).resolve().parents[4]
    names = sorted(path.stem for path in (project / "include" / "runbooks").glob("*.md"))

    listed = [str(a["href"]) for a in get(client, "/runbooks").select(".shelf a")]

    assert listed == [f"/runbooks/{name}" for name in names]
    for name in names:
        assert get(client, f"/runbooks/{name}").select_one("#act") is not None
