"""A person in a real browser: what plain runs look at, on one Airflow.

A story is played once: a run is started by Airflow's form, the incident of its question is looked
after, the promotion is approved on Airflow's page, promotions are held and released on ours.
"""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from builders import hostile
from builders.hostile import planted_report
from drivers.airflow_ui import answer, open_tab, question_of, trigger
from drivers.site import TRAINING, Site
from drivers.tiny import NAME
from drivers.tour import COMMON, incidents_of, newest_decision, pages_of
from drivers.visitor import DESK, PHONE, Cookies, Look, Visitor, open_window
from evergreen.ledger.records import Decision, Incident

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

WHY = "the world has turned"
FRAME = "src => { document.body.append(Object.assign(document.createElement('iframe'), {src})) }"


@dataclass(frozen=True)
class Story:
    """What came of what the person did.

    Attributes:
        run_id: Run that Airflow's form has started.
        asked: What Airflow's page asked.
        answer_link: Where the model's page led to for the answer.
        incident: The incident of the question after it was acknowledged on our pages.
        decision: What became of the run.
        dislikes: What was wrong with the pages on the way.
    """

    run_id: str
    asked: str
    answer_link: str
    incident: Incident
    decision: Decision
    dislikes: list[str]


@pytest.fixture(scope="module")
def story(chromium: Browser, site: Site, cookies: Cookies) -> Story:
    with open_window(chromium, site.url, cookies) as visitor:
        run_id = trigger(visitor.page, site.url, TRAINING, {"force_retrain": True, "reason": WHY})
        site.wait_for_question(run_id)
        visitor.seen.forget()
        visitor.visit(f"/models/{NAME}")
        link = visitor.page.get_by_role("link", name="Answer in Airflow").get_attribute("href")
        dislikes = visitor.dislikes("story-waiting")
        incident = look_after(visitor, site)
        dislikes += visitor.dislikes("story-looked-after")
        question = question_of(site.url, TRAINING, run_id, "approve")
        asked = answer(visitor.page, question, "Approve", "seen the guards")
        visitor.photograph("story-airflow-answered", is_whole=False)
    decision = site.decided(run_id)
    return Story(run_id, asked, str(link), incident, decision, dislikes)


def look_after(visitor: Visitor, site: Site) -> Incident:
    """Acknowledge and snooze the newest incident from the model's page; give it as it is then."""
    for what, reason in (("Acknowledge", "I look at it"), ("Snooze", "busy until Monday")):
        visitor.visit(f"/models/{NAME}")
        card = visitor.page.locator("article.incident").first
        card.locator("summary", has_text=what).click()
        form = card.locator(f"form[action$={what.lower()}]")
        form.locator("[name=reason]").fill(reason)
        form.get_by_role("button", name=what).click()
        visitor.page.wait_for_url("**/incidents/*")
    return incidents_of(site, NAME)[-1]


def test_airflows_form_starts_a_run_that_is_recorded_with_name_and_reason(story: Story) -> None:
    decision = story.decision

    assert decision.run_id == story.run_id
    assert (decision.trigger, decision.requested_by, decision.reason) == ("forced", "admin", WHY)


def test_the_answer_on_airflows_page_moves_the_champion(site: Site, story: Story) -> None:
    approval = site.ledger.approvals.get(story.decision.id)

    assert "may version 2 become champion?" in story.asked
    assert story.answer_link.endswith("/tasks/approve/required_actions")
    assert story.decision.outcome == "promoted", story.decision.outcome_sentence
    assert approval is not None
    assert (approval.answered_by, approval.comment) == ("admin", "seen the guards")


def test_an_incident_is_acknowledged_and_snoozed_on_the_models_page(story: Story) -> None:
    incident = story.incident

    assert (incident.acknowledged_by, incident.acknowledge_reason) == ("admin", "I look at it")
    assert (incident.snoozed_by, incident.snooze_reason) == ("admin", "busy until Monday")
    assert incident.snoozed_until is not None
    assert story.dislikes == []


def test_promotions_are_held_and_released_on_the_models_page(
    chromium: Browser, site: Site, cookies: Cookies, story: Story
) -> None:
    with open_window(chromium, site.url, cookies) as visitor:
        for what in ("hold", "release"):
            visitor.visit(f"/models/{NAME}")
            form = visitor.page.locator(f"form[action$={what}]")
            form.locator("[name=reason]").fill(f"{what} it, please")
            form.get_by_role("button").click()
            visitor.page.wait_for_url("**/models/*")
            site.wait_for_last_run(f"hold__{NAME}")
            visitor.visit(f"/models/{NAME}")
            visitor.photograph(f"story-after-{what}")

    (held,) = site.ledger.holds.history(NAME)
    assert (held.held_by, held.reason) == ("admin", "hold it, please")
    assert (held.released_by, held.release_reason) == ("admin", "release it, please")
    done = [(one.action, one.done_by) for one in site.ledger.actions.newest(NAME, limit=9)]
    assert sorted(done) == [
        ("acknowledge", "admin"),
        ("hold", "admin"),
        ("release", "admin"),
        ("snooze", "admin"),
    ]


@pytest.mark.parametrize("look", [DESK, PHONE], ids=str)
def test_every_page_looks_well_and_runs_nothing_foreign(
    chromium: Browser, site: Site, cookies: Cookies, story: Story, look: Look
) -> None:
    pages = COMMON | pages_of(site, NAME) | pages_of(site, hostile.NAME)

    with open_window(chromium, site.url, cookies, look) as visitor:
        told = [(visitor.visit(path), visitor.dislikes(name)) for name, path in pages.items()]

    assert [status for status, _ in told] == [200] * len(pages)
    assert [one for _, dislikes in told for one in dislikes] == []


@pytest.mark.parametrize("place", ["alone", "framed"])
def test_a_planted_report_reaches_neither_the_page_around_it_nor_the_api(
    chromium: Browser, site: Site, cookies: Cookies, place: str
) -> None:
    decision = newest_decision(site, hostile.NAME)
    address = f"{site.url}/evergreen/reports/{decision.id}"

    with (
        planted_report(site.stack.home, decision),
        open_window(chromium, site.url, cookies) as visitor,
    ):
        if place == "framed":
            visitor.page.goto(f"{site.url}/api/v2/version")
            visitor.page.evaluate(FRAME, address)
        else:
            visitor.page.goto(address)
        report = visitor.page.frame_locator("iframe") if place == "framed" else visitor.page
        tries = report.locator("#tries li")
        expect(tries).to_have_count(hostile.N_TRIES)
        told = dict(text.split(": ", 1) for text in tries.all_inner_texts())

    assert set(told.values()) == {"refused"}, told
    assert visitor.seen.api_calls == []
    assert visitor.seen.dialogs == []


def test_airflows_own_pages_show_the_model_the_decision_and_the_task(
    chromium: Browser, site: Site, cookies: Cookies, story: Story
) -> None:
    run = f"{site.url}/dags/{TRAINING}/runs/{story.run_id}"
    places = {
        "dag": (f"{site.url}/dags/{TRAINING}", NAME),
        "run": (run, story.decision.sentence),
        "task": (f"{site.url}/dags/{TRAINING}/tasks/decide", story.decision.sentence),
        "try": (f"{run}/tasks/decide", story.decision.sentence),
    }

    with open_window(chromium, site.url, cookies) as visitor:
        for name, (address, text) in places.items():
            frame = open_tab(visitor.page, address)
            expect(frame.get_by_text(text).first).to_be_visible()
            visitor.photograph(f"airflow-{name}", is_whole=False)

    assert visitor.seen.dialogs == []


def test_buttons_of_a_task_lead_to_its_decision_and_its_runbook(
    chromium: Browser, site: Site, cookies: Cookies, story: Story
) -> None:
    task = f"{site.url}/dags/{TRAINING}/runs/{story.run_id}/tasks/decide"
    places = {"decisions": story.decision.sentence, "runbooks": "retrain started"}

    with open_window(chromium, site.url, cookies) as visitor:
        for place, text in places.items():
            visitor.page.goto(task)
            with visitor.page.context.expect_page() as opened:
                visitor.page.locator(f"a[href*='/evergreen/{place}/']").click()
            expect(opened.value.get_by_text(text).first).to_be_visible()
            opened.value.close()
