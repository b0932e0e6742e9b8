"""No route answers without Airflow's login, nor tells of a model that the asker may not read."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import airflow
import httpx
import jwt
import pytest
from packaging.version import Version

from builders.web_routes import ROUTES, Route
from drivers.web_scene import HIDDEN, OPEN, Known, Scene
from drivers.web_server import JWT_SECRET, Web
from evergreen.web_addresses import PREFIX

BAD_TOKENS = ("expired", "wrong_signature", "no_algorithm", "other_audience", "made_up", "tampered")
REFUSED = (401, 403)


def address(scene: Scene, route: Route, model: str) -> str:
    known = scene.known[model]
    filled = route.url.format(model=model, decision=known.decision, incident=known.incident)
    return f"{PREFIX}{filled}"


def ask(client: httpx.Client, scene: Scene, route: Route, model: str) -> httpx.Response:
    body = {"reason": "a test", "hours": "1"} if route.audience == "edit" else None
    return client.request(route.method, address(scene, route, model), json=body)


def name_of(route: Route) -> str:
    return f"{route.method} {route.url}"


@pytest.fixture(params=ROUTES, ids=name_of)
def route(request: pytest.FixtureRequest) -> Route:
    found: Route = request.param
    return found


@pytest.fixture(scope="module")
def stranger(web: Web) -> Iterator[httpx.Client]:
    with web.client() as client:
        yield client


@pytest.fixture(scope="module")
def viewer(web: Web) -> Iterator[httpx.Client]:
    with web.client("viewer") as client:
        yield client


@pytest.fixture(scope="module")
def nobody(web: Web) -> Iterator[httpx.Client]:
    with web.client("nobody") as client:
        yield client


def bad_token(web: Web, kind: str) -> str:
    good = web.people["admin"]["good"]
    claims: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
    algorithm = jwt.get_unverified_header(good)["alg"]
    header, body, signature = good.split(".")
    if kind == "tampered":
        changed = json.dumps({**claims, "sub": web.people["admin"]["id"], "exp": 2**40}).encode()
        return f"{header}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{signature}"
    if kind == "no_algorithm":
        return jwt.encode(claims, "", algorithm="none")
    return {
        "expired": web.people["admin"]["expired"],
        "wrong_signature": jwt.encode(claims, "x" * 64, algorithm=algorithm),
        "other_audience": jwt.encode(
            {**claims, "aud": "somebody else"}, JWT_SECRET, algorithm=algorithm
        ),
        "made_up": f"{header}.{body}",
    }[kind]


def test_airflow_lets_the_bearer_token_win() -> None:
    assert Version(airflow.__version__) >= Version("3.3.2")


def test_every_route_is_listed(web: Web) -> None:
    listed = {(route.method, f"{PREFIX}{route.path}") for route in ROUTES}

    assert web.routes == listed


def test_a_token_that_the_tests_sign_is_good(web: Web) -> None:
    good = web.people["admin"]["good"]
    claims = jwt.decode(good, options={"verify_signature": False})
    token = jwt.encode(
        {**claims, "exp": time.time() + 60}, JWT_SECRET, jwt.get_unverified_header(good)["alg"]
    )

    answer = httpx.get(
        f"{web.url}{PREFIX}/static/icon.svg", headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 200  # so that a refusal below is for what is bad about a token


def test_without_login_nothing_is_answered(
    scene: Scene, stranger: httpx.Client, route: Route
) -> None:
    answers = [ask(stranger, scene, route, model) for model in (OPEN, HIDDEN)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_opens_nothing(scene: Scene, web: Web, kind: str) -> None:
    token = bad_token(web, kind)

    for header in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"_token={token}"}):
        with httpx.Client(base_url=web.url, trust_env=False, headers=header) as client:
            codes = {route: ask(client, scene, route, OPEN).status_code for route in ROUTES}
        assert {route for route, code in codes.items() if code not in REFUSED} == set()


def test_who_may_not_read_a_model_learns_nothing_of_it(
    scene: Scene, viewer: httpx.Client, nobody: httpx.Client, route: Route
) -> None:
    answers = [ask(client, scene, route, HIDDEN) for client in (viewer, nobody)]

    for answer in answers:
        told = answer.text.replace(f"/{HIDDEN}", "")  # a form's own address is no news
        assert HIDDEN not in told
        assert scene.known[HIDDEN].decision not in told
    if route.audience != "all":
        assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("route", [r for r in ROUTES if r.audience != "all"], ids=name_of)
def test_what_is_hidden_and_what_is_not_there_are_answered_alike(
    scene: Scene, viewer: httpx.Client, route: Route
) -> None:
    nowhere = {"yak": Known(decision="0123456789abcdef", incident=4711)}

    hidden = ask(viewer, scene, route, HIDDEN)
    missing = ask(viewer, replace(scene, known=nowhere), route, "yak")

    assert (hidden.status_code, hidden.text) == (missing.status_code, missing.text)


def test_who_may_read_a_model_sees_it(scene: Scene, viewer: httpx.Client, route: Route) -> None:
    answer = ask(viewer, scene, route, OPEN)

    assert answer.status_code == (403 if route.audience == "edit" else route.status), answer.text
