"""What a person asks for: a small form or JSON object with a reason, read after the login."""

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
# What the OpenAPI schema says of it: FastAPI would read a body that it knew of before the login.
SCHEMA = {
    "type": "object",
    "required": ["reason"],
    "properties": {
        "reason": {"type": "string", "maxLength": MAX_REASON, "description": "Kept with the name."},
        "hours": {"type": "string", "description": "Of a snooze: for how long."},
        FIELD: {"type": "string", "description": "Of our forms; not with a bearer token."},
    },
}
BODY = {
    "required": True,
    "content": {kind: {"schema": SCHEMA} for kind in (FORM, "application/json")},
}

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)]


class Asked(dict[str, str]):
    """The fields of a request that changes something."""

    @property
    def reason(self) -> str:
        """Why, in the person's words.

        Raises:
            RequestError: There is none, it is too long, or it holds what cannot be shown.
        """
        reason = text_of(self, "reason", longest=MAX_REASON)
        if not reason:
            raise RequestError("a reason is needed; it is kept with your name")
        if not reason.isprintable():
            raise RequestError("the reason holds a character that cannot be shown; write it anew")
        return reason


async def read_asked(request: Request, user: UserDep, bearer: Bearer) -> Asked:
    """Return what was asked for, once it is clear that this user asked for it.

    Raises:
        HTTPException: 403 when another site may have sent it, 413 when it is too large, 415 when it
            is neither a form nor JSON.
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
            raise HTTPException(413, f"expected at most {MAX_BODY_BYTES} bytes")
    return body


def _read_form(body: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=len(FIELDS))
    except ValueError as err:
        raise RequestError("the form cannot be read; expected UTF-8 and few fields") from err
    return dict(pairs)


def _read_json(body: bytes) -> Mapping[str, str]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise RequestError("the body is not JSON") from err
    if not isinstance(given, dict) or not all(isinstance(v, str | int) for v in given.values()):
        raise RequestError('expected a JSON object of texts, such as {"reason": "why"}')
    return {
        str(key): value if isinstance(value, str) else str(value) for key, value in given.items()
    }
