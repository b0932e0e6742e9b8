"""The routes of the pages. Each checks read access and renders a template."""

import logging
from typing import Annotated, Literal

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from evergreen.errors import ExternalError
from evergreen.settings import read_settings
from evergreen.spec.decision_limits import limits_of
from evergreen.web.pages import contexts
from evergreen.web.pages.layout import base_of, render
from evergreen.web.pages.runbooks import BATCH, list_runbooks, read_runbook
from evergreen.web.queries.decision_detail import decision_detail
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
from evergreen.web.server.services import ServicesDep, VisibleDep, open_services

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
    return render(request, "models.html", contexts.of_models(view))


@router.get("/models/{model}")
def show_model(
    request: Request, model: ModelName, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show one model in full."""
    detail = model_for(services, model, user)
    may, csrf = rights(model, user)
    context = contexts.of_model(detail, base=base_of(request), may_edit=may, csrf=csrf)
    return render(request, "model.html", context)


@router.get("/models/{model}/decisions")
def show_decisions(
    request: Request, model: ModelName, services: ServicesDep, user: UserDep, page: PageNumber = 1
) -> HTMLResponse:
    """Show all decisions of a model, page by page."""
    view = decisions_page(services, known_model(services, model, user), page=page)
    return render(request, "decisions.html", {"here": "models", "view": view})


@router.get("/decisions/{decision_id}")
def show_decision(
    request: Request, decision_id: DecisionId, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show one decision in full."""
    decision = decision_for(services, decision_id, user)
    read = services.specs.get(decision.model)
    limits = limits_of(decision.spec_hash, read.loaded if read else None)
    may, csrf = rights(decision.model, user)
    detail = decision_detail(services, decision)
    context = contexts.of_decision(detail, limits=limits, may_edit=may, csrf=csrf)
    return render(request, "decision.html", context)


@router.get("/incidents/{incident_id}")
def show_incident(
    request: Request, incident_id: IncidentId, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show one incident in full."""
    view = incident_for(services, incident_id, user)
    may, csrf = rights(view.incident.model, user)
    context = contexts.of_incident(view, base=base_of(request), may_edit=may, csrf=csrf)
    return render(request, "incident.html", context)


@router.get("/runbooks")
def show_runbooks(request: Request) -> HTMLResponse:
    """Show the titles of all runbooks."""
    found = list(list_runbooks(read_settings().runbooks_dir))
    return render(request, "runbooks.html", {"here": "runbooks", "runbooks": found})


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
    filled = {name: value for name, value in (("model", model), ("batch", batch)) if value}
    folder = read_settings().runbooks_dir
    own = _own_runbook(kind, model, user)
    runbook = read_runbook(folder, own, filled=filled) or read_runbook(folder, kind, filled=filled)
    if runbook is None:
        raise HTTPException(404, "there is no such runbook; the page Runbooks lists all")
    context = {"here": "runbooks", "runbook": runbook, "filled": filled}
    return render(request, "runbook.html", context)


def _own_runbook(kind: str, model: str, user: BaseUser) -> str:
    """Return the runbook that a model's spec names; if that cannot be read now, the usual one."""
    try:
        return (
            open_services().specs.runbook(model, kind) if model and may_read(model, user) else kind
        )
    except ExternalError as err:
        log.warning("the usual runbook is shown: %s", err)
        return kind


def rights(model: str, user: BaseUser) -> tuple[bool, str]:
    """Return whether the user may act on the model, and the token of the forms if so."""
    may = may_edit(model, user)
    return may, issue_token(user) if may else ""
