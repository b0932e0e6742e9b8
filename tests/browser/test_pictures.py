"""The pictures of docs/ui.md: copied from here to docs/images when the pages have changed."""

import pytest
from playwright.sync_api import Browser, ViewportSize

from drivers.looks import complaints
from drivers.site import Site
from drivers.visitor import Cookies, Look, open_window

pytestmark = [pytest.mark.integration, pytest.mark.browser_full, pytest.mark.timeout(1800)]

SIZE: ViewportSize = {"width": 1280, "height": 1130}


@pytest.mark.parametrize("name", ["ui_models", "ui_model", "ui_decision"])
def test_the_pictures_of_the_docs(
    chromium: Browser, site: Site, cookies: Cookies, name: str
) -> None:
    with open_window(chromium, site.url, cookies, Look("light", SIZE["width"])) as visitor:
        visitor.page.set_viewport_size(SIZE)
        status = visitor.visit(_shown(site)[name])
        dislikes = complaints(visitor.page)
        picture = visitor.photograph(f"docs-{name}", is_whole=False)

    assert status == 200
    assert dislikes == []
    assert picture.stat().st_size > 0


def _shown(site: Site) -> dict[str, str]:
    """Return the pages that the docs show."""
    decided = site.ledger.decisions.history("delivery_time")
    promoted = [decision for decision in decided if decision.outcome == "promoted"]
    return {
        "ui_models": "/models?query=team",
        "ui_model": "/models/returns",
        "ui_decision": f"/decisions/{promoted[-1].id}",
    }
