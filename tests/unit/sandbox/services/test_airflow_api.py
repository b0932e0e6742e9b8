import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from evergreen.errors import ServiceError
from evergreen.sandbox.services.airflow_api import AirflowApi, TaskInstance

RUN = {
    "dag_id": "ingest__flights",
    "dag_run_id": "manual__1",
    "state": "success",
    "run_type": "manual",
    "partition_key": "2013-01-08",
    "conf": {},
    "start_date": "2026-01-01T00:00:00Z",
    "end_date": "2026-01-01T00:00:12Z",
    "triggered_by": "rest_api",
}
TASK = {
    "dag_id": "ingest__flights",
    "dag_run_id": "manual__1",
    "task_id": "take_snapshot",
    "map_index": -1,
    "state": "running",
    "try_number": 2,
    "start_date": "2026-01-01T00:00:00Z",
    "end_date": None,
}

Answer = Callable[[httpx.Request], httpx.Response]


class FakeAirflow:
    """An API server that asks for its token and answers one way."""

    def __init__(self, answer: Answer, *, password: str) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer
        self._password = password

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            if json.loads(request.content)["password"] != self._password:
                return httpx.Response(401, json={"detail": "Invalid credentials"})
            return httpx.Response(201, json={"access_token": "good"})
        if request.url.path != "/api/v2/monitor/health":
            self.requests.append(request)
            if request.headers.get("Authorization") != "Bearer good":
                return httpx.Response(401, json={"detail": "Not authenticated"})
        return self._answer(request)


def make_api(fake: Answer) -> AirflowApi:
    transport = httpx.MockTransport(fake)
    return AirflowApi("http://airflow", username="admin", password="right", transport=transport)


def answering(payload: Any, status: int = 200) -> FakeAirflow:
    return FakeAirflow(lambda _request: httpx.Response(status, json=payload), password="right")


def refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def test_the_first_call_logs_in_and_later_ones_keep_the_token() -> None:
    fake = answering(RUN)

    with make_api(fake) as api:
        api.run("ingest__flights", "manual__1")
        api.run("ingest__flights", "manual__1")

    tokens = [request.headers.get("Authorization") for request in fake.requests]
    assert tokens == [None, "Bearer good", "Bearer good"]


def test_a_refused_login_says_so() -> None:
    fake = FakeAirflow(lambda _r: httpx.Response(200, json=RUN), password="other")

    with make_api(fake) as api, pytest.raises(ServiceError, match="refuses the login of 'admin'"):
        api.run("ingest__flights", "manual__1")


def test_an_unreachable_airflow_says_so() -> None:
    with make_api(refuse_connection) as api, pytest.raises(ServiceError, match="api-server up"):
        api.run("ingest__flights", "manual__1")


def test_a_refusal_carries_airflow_s_own_words() -> None:
    fake = answering({"detail": "Invalid input for param force"}, status=400)

    with make_api(fake) as api, pytest.raises(ServiceError, match="Invalid input for param force"):
        api.trigger("continual_training__flights", {"force": "yes"})


def test_trigger_sends_conf_and_no_logical_date() -> None:
    fake = answering(RUN)

    with make_api(fake) as api:
        run = api.trigger("ingest__flights", {"batch": "2013-01-08"}, partition_key="2013-01-08")

    assert json.loads(fake.requests[-1].content) == {
        "logical_date": None,
        "conf": {"batch": "2013-01-08"},
        "partition_key": "2013-01-08",
    }
    assert run.run_id == "manual__1"
    assert run.partition_key == "2013-01-08"
    assert run.seconds == 12
    assert run.has_ended


def test_lists_are_read_page_by_page() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json={"dag_runs": [RUN] * max(0, min(100, 130 - offset))})

    with make_api(FakeAirflow(pages, password="right")) as api:
        runs = api.runs("ingest__flights")

    assert len(runs) == 130


def test_a_running_task_has_no_seconds() -> None:
    with make_api(answering({"task_instances": [TASK]})) as api:
        (task,) = api.task_instances("ingest__flights", "manual__1")

    assert task.seconds is None
    assert task.try_number == 2


def test_clear_names_run_and_tasks() -> None:
    fake = answering({"task_instances": []})

    with make_api(fake) as api:
        api.clear("ingest__flights", "manual__1", ["take_snapshot"])

    body = json.loads(fake.requests[-1].content)
    assert body["dag_run_id"] == "manual__1"
    assert body["task_ids"] == ["take_snapshot"]
    assert body["dry_run"] is False
    assert body["include_downstream"] is True


def test_an_answer_names_option_and_comment() -> None:
    fake = FakeAirflow(
        lambda _: httpx.Response(200, json={"response_received": True}), password="right"
    )
    task = TaskInstance.model_validate({**TASK, "task_id": "approve"})

    with make_api(fake) as api:
        api.answer(task, "Approve", comment="seen it")
        is_answered = api.is_answered(task)

    sent = fake.requests[-2]
    assert is_answered
    assert (sent.method, sent.url.path) == (
        "PATCH",
        "/api/v2/dags/ingest__flights/dagRuns/manual__1/taskInstances/approve/-1/hitlDetails",
    )
    assert json.loads(sent.content) == {
        "chosen_options": ["Approve"],
        "params_input": {"comment": "seen it"},
    }


def test_a_log_is_its_events() -> None:
    content = {"content": [{"event": "first", "level": "info"}, {"event": "second"}]}

    with make_api(answering(content)) as api:
        text = api.log(TaskInstance.model_validate(TASK))

    assert text == "first\nsecond"


def test_a_pool_that_exists_is_left_as_it_is() -> None:
    with make_api(answering({"detail": "exists"}, status=409)) as api:
        api.make_pool("gpu", 1)


@pytest.mark.parametrize(
    ("scheduler", "healthy"),
    [pytest.param("healthy", True, id="all"), pytest.param("unhealthy", False, id="one not")],
)
def test_health_needs_every_component(scheduler: str, healthy: bool) -> None:
    states = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": scheduler}}

    with make_api(answering(states)) as api:
        assert api.is_healthy() is healthy
        assert api.is_healthy("metadatabase")


def test_health_of_an_unreachable_airflow_is_bad() -> None:
    with make_api(refuse_connection) as api:
        assert not api.is_healthy()


def test_waiting_for_a_run_names_its_tasks_when_it_takes_too_long() -> None:
    def running(request: httpx.Request) -> httpx.Response:
        tasks = request.url.path.endswith("taskInstances")
        return httpx.Response(
            200, json={"task_instances": [TASK]} if tasks else RUN | {"state": "running"}
        )

    with (
        make_api(FakeAirflow(running, password="right")) as api,
        pytest.raises(ServiceError) as caught,
    ):
        api.wait_for_run("ingest__flights", "manual__1", timeout_seconds=0)

    assert "take_snapshot" in str(caught.value)
