"""The JSON API: typed, bounded, and silent about what may not be read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pytest
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from evergreen.ledger.ledger import Ledger
from evergreen.web.app import create_app
from evergreen.web.queries.model_state import ORDER
from evergreen.web.server.services import Services, open_services

USER = SimpleAuthManagerUser(username="ann", role="viewer")
HIDDEN = "drifting"


@dataclass
class Rights:
    """Airflow's answers about a user who may read every DAG but that of one model."""

    hidden: str = ""

    def is_authorized_dag(self, *, details: DagDetails, **_asked: Any) -> bool:
        return not self.hidden or (details.id or "").removeprefix("continual_training__") in {
            *ORDER
        } - {self.hidden}

    def filter_authorized_dag_ids(self, *, dag_ids: set[str], **_asked: Any) -> set[str]:
        return {dag for dag in dag_ids if self.is_authorized_dag(details=DagDetails(id=dag))}


def client_of(services: Services, rights: Rights) -> Iterator[TestClient]:
    app = create_app()
    app.dependency_overrides = {get_user: lambda: USER, open_services: lambda: services}
    with patch("evergreen.web.server.authorization.get_auth_manager", return_value=rights):
        yield TestClient(app, headers={"accept": "application/json"})


@pytest.fixture(scope="module")
def client(services: Services) -> Iterator[TestClient]:
    """Return a client that may read every model."""
    yield from client_of(services, Rights())


@pytest.fixture
def viewer(services: Services) -> Iterator[TestClient]:
    """Return a client that may not read the hidden model."""
    yield from client_of(services, Rights(HIDDEN))


def newest(services: Services, model: str = "fresh") -> str:
    return services.ledger.decisions.history(model)[-1].id


def test_models_are_listed_by_page_search_and_state(client: TestClient) -> None:
    page = client.get("/api/models", params={"page_size": 5, "page": 2}).json()
    search = client.get("/api/models", params={"query": "drift"}).json()
    broken = client.get("/api/models", params={"state": "unreadable"}).json()

    assert (len(page["models"]), page["page"], page["n_pages"]) == (5, 2, 3)
    assert {model["name"] for model in search["models"]} == {"drifting", "drifting_harmless"}
    assert [model["name"] for model in broken["models"]] == ["unreadable"]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param("/api/models?page=0", id="page 0"),
        pytest.param("/api/models?page_size=101", id="page too large"),
        pytest.param("/api/models?state=broken", id="unknown state"),
        pytest.param(f"/api/models?query={'x' * 201}", id="search too long"),
        pytest.param("/api/models/fresh/timeline?newest=1001", id="too many points"),
        pytest.param("/api/models/fresh/decisions?page_size=0", id="no decisions"),
        pytest.param("/api/models/fresh/champion?at=2026-03-02T12:00:00", id="no timezone"),
        pytest.param("/api/models/fresh/champion", id="no moment"),
        pytest.param("/api/incidents?page=-1", id="negative page"),
    ],
)
def test_what_is_out_of_bounds_is_refused(client: TestClient, asked: str) -> None:
    assert client.get(asked).status_code == 422


def test_a_model_is_given_in_full(client: TestClient) -> None:
    detail = client.get("/api/models/waiting_for_approval").json()

    assert detail["summary"]["state"] in ORDER
    assert detail["champion"]["version"]
    assert len(detail["drift"]) == 13


def test_a_timeline_is_oldest_first(client: TestClient, services: Services) -> None:
    points = client.get("/api/models/fresh/timeline", params={"newest": 3}).json()

    decisions = services.ledger.decisions.history("fresh", limit=3)
    assert [point["decision"] for point in points] == [decision.id for decision in decisions]


def test_decisions_are_newest_first(client: TestClient, services: Services) -> None:
    page = client.get("/api/models/fresh/decisions", params={"page_size": 7}).json()

    assert page["n_decisions"] == 24
    assert page["decisions"][0]["point"]["decision"] == newest(services)
    assert page["decisions"][0]["sentence"]


def test_the_champion_of_a_moment_is_given(client: TestClient, services: Services) -> None:
    first = services.ledger.promotions.history("fresh")[0]

    def at(moment: str) -> Any:
        answer = client.get("/api/models/fresh/champion", params={"at": moment})
        return answer.json()["promotion"]

    assert at("2000-01-01T00:00:00Z") is None
    assert at(first.promoted_at.isoformat())["version"] == first.version


def test_a_decision_its_drift_and_its_bins_are_given(
    client: TestClient, services: Services
) -> None:
    address = f"/api/decisions/{newest(services, 'drifting')}"

    detail = client.get(address).json()
    drift = client.get(f"{address}/drift").json()
    bins = client.get(f"{address}/bins", params={"feature": drift[0]["column"]}).json()

    assert detail["run_link"].startswith("/dags/continual_training__drifting/runs/")
    assert [column["column"] for column in detail["drift"]] == [c["column"] for c in drift]
    assert sum(bins["current"]) == pytest.approx(1)
    assert len(bins["labels"]) == len(bins["reference"]) == len(bins["current"])


def test_bins_that_cannot_be_counted_say_why(client: TestClient, services: Services) -> None:
    answer = client.get(
        f"/api/decisions/{newest(services)}/bins", params={"feature": "<script>alert(1)</script>"}
    )

    assert answer.status_code == 404
    assert "has no feature of that name" in answer.json()["detail"]


def test_incidents_come_in_pages_open_ones_first(client: TestClient) -> None:
    everything = client.get("/api/incidents", params={"page_size": 100}).json()
    first = client.get("/api/incidents", params={"page_size": 2}).json()
    only_open = client.get("/api/incidents", params={"only_open": True}).json()
    of_one = client.get("/api/incidents", params={"model": "drifting"}).json()

    is_closed = [incident["closed_at"] is not None for incident in everything["incidents"]]
    assert is_closed == sorted(is_closed)
    assert first["incidents"] == everything["incidents"][:2]
    assert (first["has_more"], everything["has_more"]) == (True, False)
    assert all(incident["closed_at"] is None for incident in only_open["incidents"])
    assert {incident["model"] for incident in of_one["incidents"]} == {"drifting"}


def test_an_incident_is_given_with_its_messages(client: TestClient, services: Services) -> None:
    incident = services.ledger.details.incidents(("fresh",), limit=1)[0]

    detail = client.get(f"/api/incidents/{incident.id}").json()

    assert detail["incident"]["model"] == "fresh"
    assert detail["messages"][0]["role"] == "opening"


def test_lists_hold_nothing_of_what_may_not_be_read(viewer: TestClient) -> None:
    models = viewer.get("/api/models", params={"query": HIDDEN}).json()
    incidents = viewer.get("/api/incidents", params={"page_size": 100}).json()["incidents"]

    assert [model["name"] for model in models["models"]] == ["drifting_harmless"]
    assert (models["n_models"], sum(models["counts"].values())) == (1, 1)
    assert HIDDEN not in {incident["model"] for incident in incidents}
    assert viewer.get("/api/incidents", params={"model": HIDDEN}).json()["incidents"] == []


def test_what_may_not_be_read_is_answered_like_what_is_not_there(
    viewer: TestClient, services: Services
) -> None:
    incident = services.ledger.details.incidents((HIDDEN,), limit=1)[0].id
    pairs = [
        (f"/api/models/{HIDDEN}", "/api/models/none"),
        (f"/api/models/{HIDDEN}/timeline", "/api/models/none/timeline"),
        (f"/api/models/{HIDDEN}/decisions", "/api/models/none/decisions"),
        *(
            (f"/api/decisions/{newest(services, HIDDEN)}{part}", f"/api/decisions/{'0' * 16}{part}")
            for part in ("", "/drift", "/bins?feature=temp")
        ),
        (f"/api/incidents/{incident}", "/api/incidents/999999"),
    ]

    for hidden, missing in pairs:
        answers = viewer.get(hidden), viewer.get(missing)
        assert {answer.status_code for answer in answers} == {403}
        assert answers[0].text == answers[1].text


@pytest.mark.parametrize(
    "address",
    [
        "/api/models/none",
        f"/api/decisions/{'0' * 16}",
        "/api/incidents/999999",
        "/api/models/none/timeline",
    ],
)
def test_who_may_read_everything_learns_that_a_thing_is_not_there(
    client: TestClient, address: str
) -> None:
    assert client.get(address).status_code == 404


def test_a_ledger_that_does_not_answer_is_503(services: Services) -> None:
    url = "postgresql+psycopg2://eve:hunter2@127.0.0.1:1/ledger"
    with Ledger(url) as ledger:
        broken = Services(replace(services.settings, ledger_url=url), ledger)
        for client in client_of(broken, Rights()):
            answer = client.get("/api/models")

    assert answer.status_code == 503
    assert "hunter2" not in answer.text


def test_every_operation_says_what_it_answers(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()

    paths = {path for path in schema["paths"] if path.startswith("/api/")}
    assert len(paths) == 10
    for path in paths:
        operation = schema["paths"][path]["get"]
        assert operation["description"]
        assert "application/json" in operation["responses"]["200"]["content"]
        assert operation["responses"]["200"]["content"]["application/json"]["schema"]


def test_the_docs_show_every_operation_and_run_nothing(client: TestClient) -> None:
    page = client.get("/docs", headers={"accept": "text/html"})
    paths = client.get("/openapi.json").json()["paths"]

    assert page.status_code == 200
    for path in paths:
        assert f"{path}</code>" in page.text
    assert "ModelsPage" in page.text
    assert "<script>" not in page.text
    assert "https://" not in page.text
    assert " onclick" not in page.text
