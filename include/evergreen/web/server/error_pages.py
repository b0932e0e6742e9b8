"""The answers to failed requests: a page for browsers, JSON for programs.

No text of an outside system and no stack trace leaves the server; the log has them.
"""

import logging
from html import escape
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from evergreen.errors import ExternalError, LedgerError, RequestError, StorageError

log = logging.getLogger(__name__)

UNAUTHORIZED = 401
TITLES = {
    400: "Invalid request",
    UNAUTHORIZED: "Please log in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible now",
    413: "Too large",
    415: "Invalid request",
    422: "Invalid request",
    500: "Internal error",
    503: "Not available now",
}
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title} · Evergreen</title>
<link rel="stylesheet" href="{static}/evergreen.css">
<script src="{static}/theme.js"></script></head>
<body class="error"><main><h1>{title}</h1><p>{text}</p>{link}</main></body>
</html>
"""


def add_error_handlers(app: FastAPI) -> None:
    """Register the handlers of all errors."""
    app.add_exception_handler(HTTPException, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_malformed)
    app.add_exception_handler(RequestError, _on_bad_request)
    app.add_exception_handler(ExternalError, _on_outage)
    app.add_exception_handler(Exception, _on_defect)


def error_response(
    request: Request, status: int, text: str, headers: dict[str, str] | None = None
) -> Response:
    """Return the answer for an error: HTML if the request asks for a page, else JSON.

    Args:
        request: The request.
        status: HTTP status.
        text: Text for people; escaped here.
        headers: More headers.
    """
    if not wants_page(request):
        return JSONResponse({"detail": text}, status_code=status, headers=headers)
    page = PAGE.format(
        title=escape(TITLES.get(status, "Not possible")),
        text=escape(text),
        static=escape(f"{request.scope.get('root_path', '')}/static"),
        link=_login_link(request) if status == UNAUTHORIZED else _models_link(request),
    )
    return HTMLResponse(page, status_code=status, headers=headers)


def wants_page(request: Request) -> bool:
    """Return whether the request comes from a browser, not from a program."""
    return "text/html" in request.headers.get("accept", "")


def _models_link(request: Request) -> str:
    """Return the link back to all models; a frame has no other."""
    href = escape(f"{request.scope.get('root_path', '')}/models")
    return f'<p><a href="{href}">All models</a></p>'


def _login_link(request: Request) -> str:
    """Return the link to Airflow's login, which then leads back to the requested page."""
    root = request.scope.get("app_root_path", "")
    here = quote(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    href = escape(f"{root}/api/v2/auth/login?{urlencode({'next': here})}")
    return f'<p><a href="{href}">Log in to Airflow</a></p>'


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it was registered for
    headers = dict(error.headers or {})
    return error_response(request, error.status_code, str(error.detail), headers)


async def _on_malformed(request: Request, error: Exception) -> Response:
    """Answer invalid parameters, without their values; one in the path means: no such page."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it was registered for
    problems = error.errors()
    if any(problem["loc"][:1] == ("path",) for problem in problems):
        return error_response(request, 404, "there is no such page")
    named = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'][1:])}: {problem['msg']}"
        for problem in problems
    )
    return error_response(request, 422, named)


async def _on_bad_request(request: Request, error: Exception) -> Response:
    return error_response(request, 400, str(error))


async def _on_outage(request: Request, error: Exception) -> Response:
    log.error("%s %s: %s", request.method, request.url.path, error)
    what = "An outside system"
    if isinstance(error, LedgerError):
        what = "Evergreen's ledger"
    elif isinstance(error, StorageError):
        what = "Evergreen's store"
    text = f"{what} does not answer as expected. Airflow itself still works; its API server's log"
    return error_response(request, 503, f"{text} says why.", {"Retry-After": "30"})


async def _on_defect(request: Request, _error: Exception) -> Response:
    text = "An error in Evergreen stopped this page. The log of Airflow's API server says where."
    return error_response(request, 500, text)
