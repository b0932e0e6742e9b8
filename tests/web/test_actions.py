"""What changes something is done for who may, with a reason, from our own page, and is kept."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from drivers.web_scene import HIDDEN, HOLD, IS_JSON, OPEN, REASON, Scene
from drivers.web_server import Web
from evergreen.web_addresses import PREFIX

RUNS = {
    "force_retrain": (f"continual_training__{OPEN}", {"force_retrain": True, **REASON}),
    "hold": (f"hold__{OPEN}", {"action": "hold", **REASON}),
    "release": (f"hold__{OPEN}", {"action": "release", **REASON}),
}


@pytest.mark.parametrize("action", list(RUNS))
def test_an_action_starts_the_run_in_the_name_of_who_asked(
    scene: Scene, browser: httpx.Client, token: str, action: str
) -> None:
    answer = browser.post(
        f"{PREFIX}/actions/models/{OPEN}/{action}", data={**REASON, "csrf": token}
    )

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{PREFIX}/models/{OPEN}")
    done = scene.actions()[0]
    assert (done.action, done.done_by, done.reason) == (action, "editor", REASON["reason"])
    run = scene.run_of(done)
    assert (run["dag_id"], run["conf"]) == RUNS[action]
    assert run["triggering_user_name"] == "editor"


def test_airflow_writes_its_audit_log(scene: Scene) -> None:
    with scene.web.client("editor") as client:
        client.post(HOLD, json=REASON).raise_for_status()

    with scene.web.client("admin") as client:
        logs = client.get(f"/api/v2/eventLogs?dag_id=hold__{OPEN}&event=trigger_dag_run").json()
    assert {log["owner"] for log in logs["event_logs"]} == {"editor"}


def test_a_script_gets_the_record_as_json(web: Web) -> None:
    with web.client("editor") as client:
        answer = client.post(HOLD, json=REASON)

    assert answer.status_code == 200
    assert answer.json()["done_by"] == "editor"
    assert answer.json()["outcome"].startswith("started run manual__")


@pytest.mark.parametrize("user", ["nobody", "viewer"])
def test_without_edit_access_nothing_is_started_or_kept(scene: Scene, user: str) -> None:
    before = scene.actions()

    with scene.web.client(user) as client:
        answer = client.post(HOLD, json=REASON)

    assert answer.status_code == 403
    assert scene.actions() == before


def test_what_airflow_refuses_is_kept_with_its_words(scene: Scene) -> None:
    with scene.web.client("watcher") as client:
        answer = client.post(HOLD, json=REASON)

    assert answer.status_code == 403
    done = scene.actions()[0]
    assert (done.done_by, done.outcome) == ("watcher", "Airflow refused: Forbidden")


def test_a_paused_dag_is_told_instead_of_waited_for(web: Web) -> None:
    with web.client("admin") as client:
        answer = client.post(f"{PREFIX}/actions/models/{HIDDEN}/hold", json=REASON)

    assert answer.status_code == 409
    assert "unpause it first" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param({}, "expected a reason", id="no reason"),
        pytest.param({"reason": " \n "}, "expected a reason", id="blank reason"),
        pytest.param({"reason": "x" * 501}, "at most 500", id="long reason"),
        pytest.param({"reason": "a\x00b"}, "cannot be shown", id="NUL"),
        pytest.param({"reason": "a\ud800b"}, "cannot be shown", id="half a character"),
        pytest.param({"reason": "a\u202eb"}, "cannot be shown", id="turned around"),
        pytest.param({"reason": "x", "reasn": "y"}, "'reasn'", id="unknown field"),
        pytest.param(["reason"], "JSON object", id="no object"),
        pytest.param({"reason": {"a": 1}}, "JSON object", id="no text"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_was_expected(
    web: Web, body: object, said: str
) -> None:
    with web.client("editor") as client:
        answer = client.post(HOLD, content=json.dumps(body), headers=IS_JSON)

    assert answer.status_code == 400
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        pytest.param(b"x" * 20_000, "application/json", 413, id="large"),
        pytest.param(b"[" * 10_000, "application/json", 400, id="deep"),
        pytest.param(b"{", "application/json", 400, id="broken"),
        pytest.param(b"\xff=\xff", "application/x-www-form-urlencoded", 400, id="no UTF-8"),
        pytest.param(b"a=1&" * 99, "application/x-www-form-urlencoded", 400, id="many fields"),
        pytest.param(b"reason=x", "text/plain", 415, id="another type"),
    ],
)
def test_a_body_that_is_no_small_form_is_refused(
    web: Web, content: bytes, kind: str, status: int
) -> None:
    with web.client("editor") as client:
        answer = client.post(HOLD, content=content, headers={"Content-Type": kind})

    assert answer.status_code == status


def test_a_large_body_without_login_is_not_read(web: Web) -> None:
    with httpx.Client(base_url=web.url, trust_env=False) as client:
        answer = client.post(HOLD, content=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 401


def test_an_incident_is_acknowledged_and_snoozed_with_name_and_reason(
    scene: Scene, browser: httpx.Client, token: str
) -> None:
    number = scene.known[OPEN].incident
    start = datetime.now(UTC)

    for act in ("acknowledge", "snooze"):
        answer = browser.post(
            f"{PREFIX}/actions/incidents/{number}/{act}",
            data={**REASON, "csrf": token} | ({"hours": "4"} if act == "snooze" else {}),
        )
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"{PREFIX}/incidents/{number}",
        )

    incident = scene.ledger.incidents.get(number)
    assert incident.acknowledged_by == incident.snoozed_by == "editor"
    assert incident.acknowledge_reason == incident.snooze_reason == REASON["reason"]
    assert incident.snoozed_until is not None
    assert timedelta(hours=3, minutes=59) < incident.snoozed_until - start < timedelta(hours=5)
    assert [done.action for done in scene.actions()[:2]] == ["snooze", "acknowledge"]


@pytest.mark.parametrize("hours", ["", "0", "-1", "337", "1e3", "²", "9" * 5000])
def test_a_snooze_has_an_end(scene: Scene, web: Web, hours: str) -> None:
    number = scene.known[OPEN].incident

    with web.client("editor") as client:
        answer = client.post(
            f"{PREFIX}/actions/incidents/{number}/snooze", json={**REASON, "hours": hours}
        )

    assert answer.status_code == 400
    assert "from 1 to 336" in answer.json()["detail"]


def test_an_incident_that_is_over_cannot_be_acknowledged(scene: Scene, web: Web) -> None:
    number = scene.known[HIDDEN].incident
    scene.ledger.incidents.close(number, resolution="recovered")

    with web.client("admin") as client:
        answer = client.post(f"{PREFIX}/actions/incidents/{number}/acknowledge", json=REASON)

    assert answer.status_code == 400
    assert "is over" in answer.json()["detail"]
