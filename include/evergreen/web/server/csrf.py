"""Checks that a change was requested from our own page, not by another site in the user's name.

A browser sends Airflow's cookie with the forms of any site. A page of another site cannot send two
things: the ``Origin`` and ``Sec-Fetch-Site`` of our own pages, and the token that our page showed
to the same user. A caller with a bearer token needs neither: no browser adds that by itself.
"""

from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.tokens import get_signing_key
from airflow.configuration import conf
from fastapi import HTTPException, Request
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

FIELD = "csrf"
MAX_AGE_SECONDS = 12 * 3600
SALT = "evergreen-csrf"
REFUSED = (
    "expected a request from a page of this Airflow; nothing was changed: open the page and repeat"
)


def issue_token(user: BaseUser) -> str:
    """Return the token that a form shown to this user carries in its field ``csrf``."""
    return _signer().dumps(user.get_id())


def check_origin(request: Request) -> None:
    """Refuse a request that a browser sent from another site.

    Raises:
        HTTPException: 403.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403, REFUSED)
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in _own_hosts(request):
        raise HTTPException(403, REFUSED)


def check_token(user: BaseUser, token: str) -> None:
    """Refuse a form that was not shown to this user, or was shown too long ago.

    Raises:
        HTTPException: 403.
    """
    try:
        shown_to = _signer().loads(token, max_age=MAX_AGE_SECONDS)
    except SignatureExpired as err:
        raise HTTPException(
            403, "the page was open for more than 12 hours; reload it and repeat"
        ) from err
    except (BadSignature, UnicodeError) as err:
        raise HTTPException(403, REFUSED) from err
    if shown_to != user.get_id():
        raise HTTPException(403, REFUSED)


def _own_hosts(request: Request) -> set[str]:
    """Return our own hosts: that of the request, and that of Airflow's base URL."""
    base = urlsplit(conf.get("api", "base_url", fallback="") or "").netloc
    return {host for host in (request.headers.get("host"), base) if host}


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(get_signing_key("api", "secret_key"), salt=SALT)
