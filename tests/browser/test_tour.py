"""Every page of every kind of model in every look, and Airflow's own pages around ours.

Looked at by `make test-browser` only; plain runs take the sample of ``test_site``.
"""

import pytest
from playwright.sync_api import Browser, expect

from builders import hostile
from builders.histories import seed_model
from drivers.airflow_ui import FRAME, open_tab
from drivers.looks import complaints
from drivers.site import SEEDED, Site
from drivers.tour import COMMON, newest_decision, pages_of
from drivers.visitor import DESK, LOOKS, Cookies, Look, open_window

pytestmark = [pytest.mark.integration, pytest.mark.browser_full, pytest.mark.timeout(1800)]

N_MODELS = 30  # more than stand on one page of the list
SECONDS_TO_BE_SEEN = 60  # the folder of the specs is looked at in intervals


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("model", [name for name in SEEDED if name not in ("tickets", "torn")])
def test_the_pages_of_a_model_look_well_in_any_state(
    chromium: Browser, site: Site, cookies: Cookies, model: str, look: Look
) -> None:
    with open_window(chromium, site.url, cookies, look) as visitor:
        told = [
            (visitor.visit(path), visitor.dislikes(name))
            for name, path in pages_of(site, model).items()
        ]

    assert {status for status, _ in told} == {200}
    assert [one for _, dislikes in told for one in dislikes] == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_pages_about_no_decision_and_pages_that_are_not_there_look_well(
    chromium: Browser, site: Site, cookies: Cookies, look: Look
) -> None:
    pages = COMMON | {"new": "/models/tickets", "torn": "/models/torn"}
    missing = {"nowhere": "/nowhere", "no-model": "/models/nobody", "bad": "/models?page=0"}

    with open_window(chromium, site.url, cookies, look) as visitor:
        told = [(visitor.visit(path), visitor.dislikes(name)) for name, path in pages.items()]
        lost = []
        for name, path in missing.items():
            visitor.visit(path)
            lost += complaints(visitor.page)
            visitor.photograph(name)

    assert {status for status, _ in told} == {200}
    assert [one for _, dislikes in told for one in dislikes] == []
    assert lost == []


def test_a_long_list_is_paged_searched_and_filtered(
    chromium: Browser, site: Site, cookies: Cookies
) -> None:
    models = site.stack.plan.models_dir
    for place in range(N_MODELS):
        name = f"shop_{place:02d}"
        seed_model(site.stack.home, models, site.stack.ledger_url, name, n_weeks=5, seed=place)

    with open_window(chromium, site.url, cookies) as visitor:
        page = visitor.page
        for _ in range(SECONDS_TO_BE_SEEN):
            visitor.visit("/models?query=shop_")
            if page.get_by_text(f"{N_MODELS} models").count():
                break
            page.wait_for_timeout(1000)
        visitor.visit("/models")
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text("Page 2 of")).to_be_visible()
        page.get_by_role("searchbox").fill("shop_07")
        page.get_by_role("button", name="Search").click()
        expect(page.locator("table.models tbody tr")).to_have_count(1)
        visitor.visit("/models")
        page.get_by_role("navigation", name="Models by state").get_by_text("Decaying").click()
        expect(page.locator("table.models tbody tr")).to_have_count(1)
        expect(page.get_by_role("link", name="churn", exact=True)).to_be_visible()
        dislikes = visitor.dislikes("models-many")

    assert dislikes == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_airflows_side_bar_leads_to_the_models_in_its_own_theme(
    chromium: Browser, site: Site, cookies: Cookies, look: Look
) -> None:
    with open_window(chromium, site.url, cookies, look) as visitor:
        visitor.page.goto(f"{site.url}/plugin/evergreen")
        frame = visitor.page.frame_locator(FRAME)
        frame.get_by_role("link", name="churn", exact=True).click()
        expect(frame.get_by_role("heading", name="churn")).to_be_visible()
        visitor.photograph("airflow-models", is_whole=False)
        inner = visitor.page.locator(FRAME).element_handle().content_frame()
        assert inner is not None
        dislikes = complaints(inner)

    assert dislikes == []


def test_a_promotion_is_held_from_the_tab_of_a_dag(
    chromium: Browser, site: Site, cookies: Cookies
) -> None:
    dag = f"continual_training__{hostile.NAME}"
    site.stack.api.unpause(f"hold__{hostile.NAME}")

    with open_window(chromium, site.url, cookies) as visitor:
        frame = open_tab(visitor.page, f"{site.url}/dags/{dag}")
        form = frame.locator("form[action$=hold]")
        form.locator("[name=reason]").fill(hostile.IMAGE)
        form.get_by_role("button").click()
        expect(frame.get_by_text("started run").first).to_be_visible()

    site.wait_for_last_run(f"hold__{hostile.NAME}")
    (held,) = site.ledger.holds.history(hostile.NAME)
    assert (held.held_by, held.reason) == ("admin", hostile.IMAGE)
    assert visitor.seen.dialogs == []


def test_evidentlys_report_of_hostile_columns_draws_and_reaches_nothing(
    chromium: Browser, site: Site, cookies: Cookies
) -> None:
    decision = newest_decision(site, hostile.NAME)

    with open_window(chromium, site.url, cookies, DESK) as visitor:
        status = visitor.visit(f"/reports/{decision.id}")
        visitor.page.wait_for_timeout(3000)
        visitor.photograph("report", is_whole=False)

    assert status == 200
    assert visitor.seen.dialogs == []
    assert visitor.seen.api_calls == []
