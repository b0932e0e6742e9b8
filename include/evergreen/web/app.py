"""The FastAPI application that Airflow mounts under ``/evergreen``."""

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException, Request
from starlette.routing import Match

from evergreen.web.actions import routes as actions
from evergreen.web.api import openapi_page
from evergreen.web.api import routes as api
from evergreen.web.metrics import routes as metrics
from evergreen.web.pages import airflow_tabs, files
from evergreen.web.pages import routes as pages
from evergreen.web.server.error_pages import add_error_handlers

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


def create_app() -> FastAPI:
    """Return the application; every route requires Airflow's login, also the unknown ones."""
    app = FastAPI(
        title="Evergreen",
        description="The state of the models: decisions, drift, incidents.",
        dependencies=[Depends(get_user)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for room in (api, openapi_page, metrics, pages, airflow_tabs, actions, files):
        app.include_router(room.router)
    app.add_api_route("/{path:path}", nowhere, methods=METHODS, include_in_schema=False)
    add_error_handlers(app)
    return app


def nowhere(request: Request) -> None:
    """Refuse a request without a route, after the login, so that strangers learn no addresses.

    Raises:
        HTTPException: 405 if the address exists with another method, else 404.
    """
    found = {
        method
        for route in request.app.routes
        if route.matches(request.scope)[0] is Match.PARTIAL
        for method in route.methods
    }
    if found:
        allow = ", ".join(sorted(found))
        raise HTTPException(405, f"expected {allow}, got {request.method}", {"Allow": allow})
    raise HTTPException(404, "there is no such page")
