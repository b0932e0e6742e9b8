"""One browser and one Airflow for all tests here; somebody logs in once, by Airflow's form."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser

from drivers.airflow_ui import is_logged_in, log_in
from drivers.chromium import NoChromiumError, find_chromium, running_chromium
from drivers.site import Site, running_site
from drivers.visitor import Cookies, open_window


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    try:
        path = find_chromium()
    except NoChromiumError as err:
        pytest.skip(str(err))
    with running_chromium(path) as browser:
        yield browser


@pytest.fixture(scope="module")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(autouse=True)
def _environment(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test that visits the site work in its environment, and give it back afterwards."""
    if "site" not in request.fixturenames:
        yield
        return
    site: Site = request.getfixturevalue("site")
    with patch.dict(os.environ, site.stack.environment):
        yield


@pytest.fixture(scope="module")
def cookies(chromium: Browser, site: Site) -> Cookies:
    with open_window(chromium, site.url) as visitor:
        log_in(visitor.page, site.url, username=site.stack.username, password=site.stack.password)
        assert is_logged_in(visitor.page.context)
        return visitor.page.context.storage_state()
