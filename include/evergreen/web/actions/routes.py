"""The actions of the pages: each needs edit access and a reason, and is recorded with a name."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from evergreen import dag_ids
from evergreen.errors import RequestError
from evergreen.ledger.records import Action, Incident
from evergreen.web.actions.airflow_client import start_run
from evergreen.web.actions.request_body import BODY, Asked, Bearer, read_asked
from evergreen.web.server.authorization import IncidentId, ModelName, UserDep, check_edit, dag_of
from evergreen.web.server.error_pages import wants_page
from evergreen.web.server.services import open_ledger

MAX_SNOOZE_HOURS = 14 * 24
AskedDep = Annotated[Asked, Depends(read_asked)]

IS_FORM: dict[str, Any] = {"status_code": 303, "openapi_extra": {"requestBody": BODY}}

router = APIRouter(prefix="/actions", tags=["actions"])


@router.post("/models/{model}/{action}", **IS_FORM)
async def act_on_model(
    *,
    model: ModelName,
    action: Literal["force_retrain", "hold", "release"],
    asked: AskedDep,
    user: UserDep,
    bearer: Bearer,
    request: Request,
) -> Response:
    """Force a retrain, hold promotions or release them, by a run of the DAG that does it.

    The caller needs edit access to ``continual_training__<model>`` and, in Airflow, the right to
    start runs of the DAG.
    """
    await run_in_threadpool(_check_edit, model, user)
    dag_id, conf = run_of(model, action, asked.reason)

    def record(outcome: str, **run: str) -> Action:
        return _record(model, action, user, asked, outcome, dag_id=dag_id, **run)

    try:
        run_id = await start_run(request, bearer, dag_id, conf)
    except HTTPException as err:
        await run_in_threadpool(record, str(err.detail))
        raise
    done = await run_in_threadpool(record, f"started run {run_id} of {dag_id}", run_id=run_id)
    return _answer(request, done, f"/models/{model}#actions")


@router.post("/incidents/{incident_id}/acknowledge", **IS_FORM)
def acknowledge(
    incident_id: IncidentId, asked: AskedDep, user: UserDep, request: Request
) -> Response:
    """Acknowledge an incident: its thread shows who works on it."""
    incident, by = _editable(incident_id, user), user.get_name()
    open_ledger().incidents.acknowledge(incident_id, by=by, reason=asked.reason)
    outcome = f"incident {incident_id} is acknowledged by {by}"
    done = _record(incident.model, "acknowledge", user, asked, outcome, incident_id=incident_id)
    return _answer(request, done, f"/incidents/{incident_id}")


@router.post("/incidents/{incident_id}/snooze", **IS_FORM)
def snooze(incident_id: IncidentId, asked: AskedDep, user: UserDep, request: Request) -> Response:
    """Snooze an incident: for some hours only its end is sent."""
    incident, by = _editable(incident_id, user), user.get_name()
    until = datetime.now(UTC) + timedelta(hours=hours_of(asked))
    open_ledger().incidents.snooze(incident_id, until=until, by=by, reason=asked.reason)
    outcome = f"incident {incident_id} is snoozed until {until:%Y-%m-%d %H:%M} UTC"
    done = _record(incident.model, "snooze", user, asked, outcome, incident_id=incident_id)
    return _answer(request, done, f"/incidents/{incident_id}")


def run_of(model: str, action: str, reason: str) -> tuple[str, dict[str, Any]]:
    """Return the DAG that does an action, and its conf."""
    if action == "force_retrain":
        return dag_of(model), {"force_retrain": True, "reason": reason}
    return dag_ids.dag_id(dag_ids.HOLD, model), {"action": action, "reason": reason}


def hours_of(asked: Asked) -> float:
    """Return for how many hours to snooze.

    Raises:
        RequestError: It is no whole number in the allowed range.
    """
    given = asked.get("hours", "")
    if not given.isdecimal() or not 1 <= int(given[:5]) <= MAX_SNOOZE_HOURS:
        raise RequestError(
            f"hours must be a whole number from 1 to {MAX_SNOOZE_HOURS}, got {given[:20]!r}"
        )
    return int(given)


def _check_edit(model: str, user: BaseUser) -> None:
    """Refuse a user without edit access, and everybody while the ledger cannot record the action.

    Raises:
        HTTPException: 403.
        LedgerError: The ledger does not answer; nothing was started.
    """
    check_edit(model, user)
    open_ledger().actions.newest(model, limit=1)


def _editable(incident_id: int, user: BaseUser) -> Incident:
    """Return an incident that the user may act on.

    Raises:
        HTTPException: 403, the same for one that does not exist; 404 for a user who may read all.
    """
    incident = open_ledger().incidents.find(incident_id)
    check_edit(incident.model if incident else "", user)
    if incident is None:
        raise HTTPException(404, "there is no such incident")
    return incident


def _record(
    model: str, action: str, user: BaseUser, asked: Asked, outcome: str, **detail: Any
) -> Action:
    return open_ledger().actions.record(
        model,
        action,
        done_by=user.get_name(),
        reason=asked.reason,
        outcome=outcome,
        detail=detail,
    )


def _answer(request: Request, done: Action, page: str) -> Response:
    """Redirect a browser to the page, so that a reload repeats nothing; others get the record."""
    if wants_page(request):
        return RedirectResponse(f"{request.scope.get('root_path', '')}{page}", 303)
    return JSONResponse(done.model_dump(mode="json"))
