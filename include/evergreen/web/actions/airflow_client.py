"""Calls of Airflow's own API, with the credential of the user who sent the request.

The request goes through Airflow's whole application in this process, with the caller's own
credential: Airflow checks its permissions, writes its audit log and names the person in the run, as
if its trigger form had been used. This code has no access rights of its own.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from fastapi import HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials

from evergreen.web.server.asgi import AIRFLOW

LONGEST_ANSWER = 500


async def start_run(
    request: Request,
    bearer: HTTPAuthorizationCredentials | None,
    dag_id: str,
    conf: Mapping[str, Any],
) -> str:
    """Start a run of a DAG and return its id.

    Args:
        request: The request; it holds the credential and Airflow's application.
        bearer: The bearer token of the request; it takes precedence over the cookie.
        dag_id: The DAG.
        conf: Its conf.

    Raises:
        HTTPException: Airflow refused, with its status and text; 409 if the DAG is paused.
    """
    path = f"/api/v2/dags/{quote(dag_id, safe='')}"
    async with _client(request, bearer) as client:
        dag = _answered(await client.get(path))
        if dag["is_paused"]:
            raise HTTPException(
                409, f"{dag_id} is paused, so a run would not start; unpause it first"
            )
        body = {"logical_date": None, "conf": dict(conf)}
        return str(_answered(await client.post(f"{path}/dagRuns", json=body))["dag_run_id"])


def _client(request: Request, bearer: HTTPAuthorizationCredentials | None) -> httpx.AsyncClient:
    headers = {"Accept": "application/json", "Referer": str(request.url)}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer.credentials}"
    else:
        token = request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
        headers["Cookie"] = f"{COOKIE_NAME_JWT_TOKEN}={token}"
    transport = httpx.ASGITransport(app=request.scope[AIRFLOW], raise_app_exceptions=False)
    here = f"{request.url.scheme}://{request.url.netloc}"
    return httpx.AsyncClient(transport=transport, base_url=here, headers=headers)


def _answered(reply: httpx.Response) -> dict[str, Any]:
    """Return Airflow's answer.

    Raises:
        HTTPException: Airflow refused.
    """
    body = reply.json() if "json" in reply.headers.get("content-type", "") else {}
    if reply.is_success and isinstance(body, dict):
        return body
    detail = str(body.get("detail", "it gave no reason"))[:LONGEST_ANSWER]
    raise HTTPException(reply.status_code, f"Airflow refused: {detail}")
