"""A small client of Airflow's REST API: what demo and tests need of it, as typed records."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field

from evergreen.errors import ServiceError

ENDED = frozenset({"success", "failed"})
PAGE = 100
TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.5
CONFLICT = 409
UNAUTHORIZED = 401

Query = Mapping[str, str | Sequence[str]]


class Reply(BaseModel):
    """Base of what the API answers; keys that we do not need are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class DagRun(Reply):
    """One DAG run."""

    dag_id: str
    run_id: str = Field(alias="dag_run_id")
    state: str
    run_type: str
    partition_key: str | None = None
    conf: dict[str, Any] | None = None
    start: datetime | None = Field(None, alias="start_date")
    end: datetime | None = Field(None, alias="end_date")

    @property
    def has_ended(self) -> bool:
        """Whether it is over, one way or the other."""
        return self.state in ENDED

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it has not ended."""
        return _seconds(self.start, self.end)


class TaskInstance(Reply):
    """One task of one DAG run, as of its newest try."""

    dag_id: str
    run_id: str = Field(alias="dag_run_id")
    task_id: str
    map_index: int = -1
    state: str | None
    try_number: int
    pid: int | None = None
    start: datetime | None = Field(None, alias="start_date")
    end: datetime | None = Field(None, alias="end_date")

    @property
    def seconds(self) -> float | None:
        """How long its newest try took, or None while it has not ended."""
        return _seconds(self.start, self.end)


class AirflowApi:
    """The REST API of one Airflow, logged in as one user.

    Args:
        url: Address of the API server.
        username: User of the simple auth manager.
        password: The user's password.
        transport: How requests travel; None for the network.

    Raises:
        ServiceError: From every method: Airflow cannot be reached or refuses; with its own words.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str,
        password: str,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url
        self._login = {"username": username, "password": password}
        self._client = httpx.Client(
            base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def is_healthy(self, *components: str) -> bool:
        """Whether the API server answers and the components report healthy (default: all)."""
        try:
            reply = self._client.get("/api/v2/monitor/health")
        except httpx.HTTPError:
            return False
        if not reply.is_success:
            return False
        states = {name: part.get("status") for name, part in reply.json().items() if part}
        wanted = components or tuple(states)
        return all(states.get(name) == "healthy" for name in wanted)

    def dag_ids(self) -> set[str]:
        """Return the ids of the DAGs that Airflow has parsed."""
        return {dag["dag_id"] for dag in self._pages("/dags", "dags")}

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files that cannot be imported, with their stack traces."""
        found = self._pages("/importErrors", "import_errors")
        return {error["filename"]: error["stack_trace"] for error in found}

    def pause(self, dag_id: str, *, is_paused: bool = True) -> None:
        """Pause or unpause a DAG."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": is_paused})

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self.pause(dag_id, is_paused=False)

    def make_pool(self, name: str, slots: int) -> None:
        """Make a pool, or leave the one of that name as it is."""
        self._call("POST", "/pools", json={"name": name, "slots": slots}, accept=(CONFLICT,))

    def trigger(
        self,
        dag_id: str,
        conf: Mapping[str, Any] | None = None,
        *,
        run_id: str | None = None,
        partition_key: str | None = None,
    ) -> DagRun:
        """Start a manual run; its logical date is null."""
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf or {})}
        if run_id is not None:
            body["dag_run_id"] = run_id
        if partition_key is not None:
            body["partition_key"] = partition_key
        return DagRun.model_validate(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body))

    def runs(self, dag_id: str = "~", *, state: str | None = None) -> list[DagRun]:
        """Return the runs of a DAG (``~``: of all), oldest first."""
        params: dict[str, str | Sequence[str]] = {"order_by": "id"}
        if state is not None:
            params["state"] = state
        found = self._pages(f"/dags/{dag_id}/dagRuns", "dag_runs", params)
        return [DagRun.model_validate(run) for run in found]

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """Return one run."""
        return DagRun.model_validate(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return the tasks of one run."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return [TaskInstance.model_validate(one) for one in self._pages(path, "task_instances")]

    def active_tasks(self) -> list[TaskInstance]:
        """Return the tasks of all runs that run, wait for a slot, or wait to be tried again."""
        params: Query = {"state": ["running", "queued", "up_for_retry"], "order_by": "id"}
        found = self._pages("/dags/~/dagRuns/~/taskInstances", "task_instances", params)
        return [TaskInstance.model_validate(one) for one in found]

    def clear(
        self,
        dag_id: str,
        run_id: str,
        task_ids: Sequence[str],
        *,
        include_downstream: bool = True,
    ) -> None:
        """Clear tasks of one run, so that they run again; downstream ones too unless told."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "only_failed": False,
            "include_downstream": include_downstream,
        }
        self._call("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)

    def is_answered(self, task: TaskInstance) -> bool:
        """Return whether somebody has answered a task that asks a person."""
        return bool(self._call("GET", _question(task))["response_received"])

    def answer(self, task: TaskInstance, option: str, **comment: str) -> None:
        """Answer a task that asks a person, as the user that is logged in."""
        body = {"chosen_options": [option], "params_input": comment}
        self._call("PATCH", _question(task), json=body)

    def log(self, task: TaskInstance, *, try_number: int | None = None) -> str:
        """Return the log of one try of a task (default: the newest), one event a line."""
        path = f"{_task(task)}/logs/{try_number or task.try_number}"
        reply = self._call("GET", path, params={"map_index": str(task.map_index)})
        return "\n".join(_log_line(event) for event in reply["content"])

    def links(self, task: TaskInstance) -> dict[str, str]:
        """Return the buttons of a task's page that lead somewhere, by name."""
        found = self._call("GET", f"{_task(task)}/links", params={"map_index": task.map_index})
        return {name: url for name, url in found["extra_links"].items() if url}

    def wait_for_run(self, dag_id: str, run_id: str, *, timeout_seconds: float) -> DagRun:
        """Wait until a run has ended, well or not.

        Raises:
            ServiceError: It did not end in time; names the states of its tasks.
        """
        deadline = time.monotonic() + timeout_seconds
        while not (run := self.run(dag_id, run_id)).has_ended:
            if time.monotonic() > deadline:
                states = {t.task_id: t.state for t in self.task_instances(dag_id, run_id)}
                raise ServiceError(
                    f"run {run_id} of {dag_id} is {run.state} after {timeout_seconds:.0f} s;"
                    f" its tasks: {states}"
                )
            time.sleep(POLL_SECONDS)
        return run

    def _pages(self, path: str, key: str, params: Query | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            window = {"limit": str(PAGE), "offset": str(len(found))}
            page = self._call("GET", path, params={**(params or {}), **window})[key]
            found += page
            if len(page) < PAGE:
                return found

    def _call(self, method: str, path: str, *, accept: tuple[int, ...] = (), **what: Any) -> Any:
        reply = self._send(method, path, **what)
        if reply.status_code == UNAUTHORIZED:
            self._log_in()
            reply = self._send(method, path, **what)
        if reply.is_success or reply.status_code in accept:
            return reply.json()
        raise ServiceError(
            f"Airflow answered {reply.status_code} to {method} {path}: {_why(reply)}"
        )

    def _log_in(self) -> None:
        reply = self._translated(lambda: self._client.post("/auth/token", json=self._login))
        if not reply.is_success:
            raise ServiceError(
                f"Airflow at {self.url} refuses the login of {self._login['username']!r}"
                f" ({reply.status_code}): {_why(reply)}"
            )
        self._client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"

    def _send(self, method: str, path: str, **what: Any) -> httpx.Response:
        return self._translated(lambda: self._client.request(method, f"/api/v2{path}", **what))

    def _translated(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            return send()
        except httpx.HTTPError as err:
            raise ServiceError(
                f"Airflow at {self.url} does not answer ({type(err).__name__}: {err});"
                " is its api-server up?"
            ) from err


def _task(task: TaskInstance) -> str:
    return f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}"


def _question(task: TaskInstance) -> str:
    return f"{_task(task)}/{task.map_index}/hitlDetails"


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


def _log_line(event: Any) -> str:
    return str(event.get("event", event)) if isinstance(event, dict) else str(event)


def _why(reply: httpx.Response) -> str:
    try:
        detail = reply.json().get("detail", reply.text)
    except ValueError:
        detail = reply.text
    return str(detail)[:1000]
