"""One API server with FAB's logins for all of these tests."""

from collections.abc import Iterator

import httpx
import pytest

from drivers.web_scene import Scene, running_scene, token_on
from drivers.web_server import Web


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running_scene(tmp_path_factory.mktemp("web")) as scene:
        yield scene


@pytest.fixture(scope="session")
def web(scene: Scene) -> Web:
    return scene.web


@pytest.fixture
def browser(web: Web) -> Iterator[httpx.Client]:
    """The browser of somebody who may edit the model: only a cookie, and what browsers send."""
    with web.browser("editor") as client:
        client.headers.update({"Origin": web.url, "Sec-Fetch-Site": "same-origin"})
        yield client


@pytest.fixture
def token(browser: httpx.Client) -> str:
    return token_on(browser)
