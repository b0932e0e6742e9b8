"""Protection against cross-site requests: a change must come from our own page.

A browser sends Airflow's cookie with every form, also with one that another site wrote. Such a site
cannot send the ``Origin`` and ``Sec-Fetch-Site`` of our pages, nor the token that our page showed
to this user. A caller with a bearer token needs neither: no browser adds that token by itself.
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
REFUSED = "the request did not come from a page of this Airflow; nothing was changed"


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
    """Refuse a form that we did not show to this user, or too long ago.

    Raises:
        HTTPException: 403.
    """
    try:
        shown_to = _signer().loads(token, max_age=MAX_AGE_SECONDS)
    except SignatureExpired as err:
        raise HTTPException(403, "the page was open for too long; load it again") from err
    except (BadSignature, UnicodeError) as err:
        raise HTTPException(403, REFUSED) from err
    if shown_to != user.get_id():
        raise HTTPException(403, REFUSED)


def _own_hosts(request: Request) -> set[str]:
    """Return the hosts that are ours: the one that was asked, and the one people are told of."""
    told = urlsplit(conf.get("api", "base_url", fallback="") or "").netloc
    return {host for host in (request.headers.get("host"), told) if host}


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(get_signing_key("api", "secret_key"), salt=SALT)
