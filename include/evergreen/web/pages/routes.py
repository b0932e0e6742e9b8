"""The routes of the pages. Each checks read access and renders a template."""

import logging
from typing import Annotated, Literal

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from evergreen.errors import ExternalError
from evergreen.ledger.records import Decision
from evergreen.settings import read_settings
from evergreen.web.pages import contexts
from evergreen.web.pages.layout import base_of, render
from evergreen.web.pages.runbooks import (
    BATCH,
    Filled,
    RunbooksValues,
    RunbookValues,
    list_runbooks,
    read_runbook,
)
from evergreen.web.queries.decision_detail import read_decision
from evergreen.web.queries.lookups import decision_for, incident_for, known_model, model_for
from evergreen.web.queries.model_detail import decisions_page
from evergreen.web.queries.models_list import models_page
from evergreen.web.queries.view_models import State
from evergreen.web.server.authorization import (
    DecisionId,
    IncidentId,
    ModelName,
    UserDep,
    may_edit,
    may_read,
)
from evergreen.web.server.csrf import issue_token
from evergreen.web.server.services import Services, ServicesDep, VisibleDep, open_services

log = logging.getLogger(__name__)

MAX_PAGE = 100_000

router = APIRouter(include_in_schema=False)

PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE)]
RunbookName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,49}$")]


@router.get("/")
def show_start(request: Request) -> RedirectResponse:
    """Redirect to the list of models."""
    return RedirectResponse(f"{base_of(request)}/models")


@router.get("/models")
def show_models(
    *,
    request: Request,
    services: ServicesDep,
    visible: VisibleDep,
    query: Annotated[str, Query(max_length=200)] = "",
    state: State | Literal[""] = "",
    page: PageNumber = 1,
) -> HTMLResponse:
    """Show the models, those needing attention first."""
    view = models_page(services, visible, query=query, state=state, page=page)
    return render(request, contexts.of_models(view))


@router.get("/models/{model}")
def show_model(
    request: Request, model: ModelName, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show one model in full."""
    return render(request, model_values(request, services, user, model))


@router.get("/models/{model}/decisions")
def show_decisions(
    request: Request, model: ModelName, services: ServicesDep, user: UserDep, page: PageNumber = 1
) -> HTMLResponse:
    """Show all decisions of a model, page by page."""
    view = decisions_page(services, known_model(services, model, user), page=page)
    return render(request, contexts.DecisionsValues(view=view))


@router.get("/decisions/{decision_id}")
def show_decision(
    request: Request, decision_id: DecisionId, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show one decision in full."""
    decision = decision_for(services, decision_id, user)
    return render(request, decision_values(services, user, decision))


@router.get("/incidents/{incident_id}")
def show_incident(
    request: Request, incident_id: IncidentId, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show one incident in full."""
    view = incident_for(services, incident_id, user)
    rights = rights_of(view.incident.model, user)
    return render(request, contexts.of_incident(view, base=base_of(request), rights=rights))


@router.get("/runbooks")
def show_runbooks(request: Request) -> HTMLResponse:
    """Show the titles of all runbooks."""
    found = tuple(list_runbooks(read_settings().runbooks_dir))
    return render(request, RunbooksValues(runbooks=found))


@router.get("/runbooks/{kind}")
def show_runbook(
    *,
    request: Request,
    kind: RunbookName,
    user: UserDep,
    model: Annotated[str, Query(pattern=r"^([a-z][a-z0-9_]{0,49})?$")] = "",
    batch: Annotated[str, Query(pattern=rf"^$|{BATCH}")] = "",
) -> HTMLResponse:
    """Show one runbook, or the model's own; its commands are filled in with model and batch."""
    filled = Filled(model=model, batch=batch)
    folder = read_settings().runbooks_dir
    own = _own_runbook(kind, model, user)
    known = filled.known()
    runbook = read_runbook(folder, own, filled=known) or read_runbook(folder, kind, filled=known)
    if runbook is None:
        raise HTTPException(404, "there is no such runbook; the page Runbooks lists all")
    return render(request, RunbookValues(runbook=runbook, filled=filled))


def _own_runbook(kind: str, model: str, user: BaseUser) -> str:
    """Return the runbook that a model's spec names; if that cannot be read now, the usual one."""
    try:
        return (
            open_services().specs.runbook(model, kind) if model and may_read(model, user) else kind
        )
    except ExternalError as err:
        log.warning("the usual runbook is shown: %s", err)
        return kind


def model_values(
    request: Request, services: Services, user: BaseUser, model: str
) -> contexts.ModelValues:
    """Return the values of a model's page, after a check of read access.

    Raises:
        HTTPException: 403 without read access, 404 if there is no such model.
    """
    detail = model_for(services, model, user)
    return contexts.of_model(detail, base=base_of(request), rights=rights_of(model, user))


def decision_values(
    services: Services, user: BaseUser, decision: Decision
) -> contexts.DecisionValues:
    """Return the values of a decision's page; the caller has checked read access."""
    read = read_decision(services, decision)
    rights = rights_of(decision.model, user)
    return contexts.of_decision(read.detail, limits=read.limits, rights=rights)


def rights_of(model: str, user: BaseUser) -> contexts.FormRights:
    """Return whether the user may act on the model, and the token of the forms if so."""
    may = may_edit(model, user)
    return contexts.FormRights(may, issue_token(user) if may else "")
