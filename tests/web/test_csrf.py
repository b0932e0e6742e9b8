"""Nothing is changed that was not asked for from a page that we showed to this very user."""

import time

import httpx
import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from drivers.web_scene import HIDDEN, HOLD, IS_JSON, OPEN, REASON, Scene, token_on
from drivers.web_server import API_SECRET
from evergreen.web.server.csrf import MAX_AGE_SECONDS, SALT
from evergreen.web_addresses import PREFIX


class OldSigner(TimestampSigner):
    """Signs as it did when a page was open for longer than its token lasts."""

    def get_timestamp(self) -> int:
        return int(time.time()) - MAX_AGE_SECONDS - 60


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a sister site"),
        pytest.param({"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="a sandboxed page, such as a report"),
    ],
)
def test_a_form_of_another_page_is_refused_though_its_token_is_good(
    scene: Scene, browser: httpx.Client, token: str, headers: dict[str, str]
) -> None:
    before = scene.actions()

    answer = browser.post(HOLD, data={**REASON, "csrf": token}, headers=headers)

    assert answer.status_code == 403
    assert scene.actions() == before


@pytest.mark.parametrize("kind", ["none", "made up", "of another user", "cut"])
def test_a_form_without_our_token_is_refused(
    scene: Scene, browser: httpx.Client, token: str, kind: str
) -> None:
    with scene.web.browser("admin") as other:
        shown = {"none": "", "made up": "abc.def", "cut": token[:-1]}.get(kind, token_on(other))
    before = scene.actions()

    answer = browser.post(HOLD, data={**REASON, "csrf": shown})

    assert answer.status_code == 403
    assert scene.actions() == before


def test_json_with_only_the_cookie_needs_the_token_too(browser: httpx.Client, token: str) -> None:
    without = browser.post(HOLD, json=REASON)
    torn = browser.post(HOLD, content=b'{"reason": "x", "csrf": "\\ud800"}', headers=IS_JSON)
    with_token = browser.post(HOLD, json={**REASON, "csrf": token})

    assert [a.status_code for a in (without, torn, with_token)] == [403, 403, 303]


def test_no_get_changes_anything(scene: Scene, browser: httpx.Client, token: str) -> None:
    before = scene.actions()

    answers = [
        browser.get(f"{PREFIX}/actions/models/{OPEN}/hold", params={**REASON, "csrf": token}),
        browser.head(f"{PREFIX}/actions/models/{OPEN}/hold"),
        browser.options(f"{PREFIX}/actions/models/{OPEN}/hold"),
    ]

    assert [answer.status_code for answer in answers] == [405, 405, 405]
    assert scene.actions() == before


def test_a_bearer_token_goes_before_the_cookie_of_somebody_else(scene: Scene) -> None:
    cookies = {"_token": scene.web.people["admin"]["good"]}

    with scene.web.client("viewer", cookies=cookies) as client:
        refused = client.post(HOLD, json=REASON)
        hidden = client.get(f"{PREFIX}/api/models/{HIDDEN}")
    with scene.web.client("editor", cookies=cookies) as client:
        client.post(HOLD, json=REASON).raise_for_status()

    assert (refused.status_code, hidden.status_code) == (403, 403)
    done = scene.actions()[0]
    assert done.done_by == "editor"
    assert scene.run_of(done)["triggering_user_name"] == "editor"


def test_a_cookie_with_an_empty_bearer_header_is_a_cookie(
    scene: Scene, browser: httpx.Client
) -> None:
    answer = browser.post(HOLD, json=REASON, headers={"Authorization": "Bearer"})

    assert answer.status_code == 403


def test_a_page_that_was_open_for_too_long_is_told_to_be_loaded_again(
    scene: Scene, browser: httpx.Client
) -> None:
    before = scene.actions()
    old = URLSafeTimedSerializer(API_SECRET, salt=SALT, signer=OldSigner)
    shown = old.dumps(scene.web.people["editor"]["id"])

    answer = browser.post(HOLD, data={**REASON, "csrf": shown})

    assert answer.status_code == 403
    assert "reload it" in answer.text
    assert scene.actions() == before
