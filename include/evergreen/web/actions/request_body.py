"""The body of an action: a small form or JSON object with a reason, read after the login."""

import json
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from airflow.api_fastapi.core_api.security import bearer_scheme
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials

from evergreen.errors import RequestError
from evergreen.web.server.authorization import UserDep
from evergreen.web.server.csrf import FIELD, check_origin, check_token
from evergreen.workflows.run_config import MAX_REASON, text_of

MAX_BODY_BYTES = 16 * 2**10
FIELDS = frozenset({"reason", "hours", FIELD})
FORM = "application/x-www-form-urlencoded"
# For the OpenAPI schema only: FastAPI would read a declared body before it checks the login.
SCHEMA = {
    "type": "object",
    "required": ["reason"],
    "properties": {
        "reason": {"type": "string", "maxLength": MAX_REASON, "description": "Why; recorded."},
        "hours": {
            "type": "string",
            "description": "Only to snooze: how many hours, a whole number.",
        },
        FIELD: {
            "type": "string",
            "description": "Token of our forms; not needed with a bearer token.",
        },
    },
}
BODY = {
    "required": True,
    "content": {kind: {"schema": SCHEMA} for kind in (FORM, "application/json")},
}

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)]


class Asked(dict[str, str]):
    """The fields of an action's body."""

    @property
    def reason(self) -> str:
        """The reason that the user gave.

        Raises:
            RequestError: It is missing or too long, or has a character that cannot be shown.
        """
        reason = text_of(self, "reason", longest=MAX_REASON)
        if not reason:
            raise RequestError("expected a reason, got none; it is recorded with your name")
        if not reason.isprintable():
            raise RequestError(
                "the reason has a character that cannot be shown; type it again without it"
            )
        return reason


async def read_asked(request: Request, user: UserDep, bearer: Bearer) -> Asked:
    """Return the fields of the body, once it is clear that this user sent it.

    Raises:
        HTTPException: 403 if another site may have sent it, 413 if it is too large, 415 if it is
            neither a form nor JSON.
        RequestError: It cannot be read, or has other fields.
    """
    if bearer is None:
        check_origin(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(request)
    if kind == FORM:
        given = _read_form(body)
    elif kind == "application/json":
        given = _read_json(body)
    else:
        raise HTTPException(415, f"expected {FORM} or application/json, got {kind or 'nothing'}")
    if bearer is None:
        check_token(user, given.get(FIELD, ""))
    if unknown := sorted(set(given) - FIELDS):
        raise RequestError(f"unknown field {unknown[0]!r}; allowed: {', '.join(sorted(FIELDS))}")
    return Asked(given)


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"expected a body of at most {MAX_BODY_BYTES} bytes, got more")
    return body


def _read_form(body: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=len(FIELDS))
    except ValueError as err:
        raise RequestError(
            f"expected a form in UTF-8 with at most {len(FIELDS)} fields; this one cannot be read"
        ) from err
    return dict(pairs)


def _read_json(body: bytes) -> Mapping[str, str]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise RequestError(
            'expected a JSON object such as {"reason": "why"}; the body is not JSON'
        ) from err
    if not isinstance(given, dict) or not all(isinstance(v, str | int) for v in given.values()):
        raise RequestError('expected a JSON object of texts, such as {"reason": "why"}')
    return {
        str(key): value if isinstance(value, str) else str(value) for key, value in given.items()
    }
