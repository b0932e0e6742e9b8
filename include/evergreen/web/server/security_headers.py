"""Security headers of every answer: what a browser may do with it; no cache keeps a copy."""

from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders

from evergreen.web.server.asgi import Receive, Scope, Send

PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'self';"
    " base-uri 'none'"
)
# A report is a page made by another tool from data that others sent. It may only show itself.
# Sandboxed without allow-same-origin, its scripts have an origin of their own: no cookie, no
# storage, no access to the surrounding page; and without connect-src they reach no server.
REPORTS = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline';"
    " style-src 'unsafe-inline'; img-src data: blob:; font-src data:; form-action 'none';"
    " frame-ancestors 'self'; base-uri 'none'"
)
DEFAULTS = {
    "content-security-policy": PAGES,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    # Not "no-referrer": a browser then sends "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class SecureHeaders:
    """Adds missing headers to every answer; the outermost layer, so that it sees every answer."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with all headers."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in DEFAULTS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
