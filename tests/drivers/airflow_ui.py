"""What a person does in Airflow's own pages: log in, start a run by its form, answer a question.

Airflow's pages ask for news all the time, so nothing here waits for a silent network; and they may
come up before their words are there, so nothing here looks for a word of theirs.
"""

from collections.abc import Mapping
from urllib.parse import quote, unquote

from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

FRAME = "iframe[src*='/evergreen/']"


def log_in(page: Page, url: str, *, username: str, password: str) -> None:
    """Log in by Airflow's form, and wait for its first page."""
    page.goto(url)
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(password)
    page.locator("button[type=submit]").click()
    expect(page.locator("a[href$='/dags']").first).to_be_visible()


def is_logged_in(context: BrowserContext) -> bool:
    """Return whether the browser holds Airflow's cookie."""
    return any(cookie["name"] == "_token" and cookie["value"] for cookie in context.cookies())


def trigger(page: Page, url: str, dag_id: str, fields: Mapping[str, str | bool]) -> str:
    """Fill in Airflow's form of a DAG and start a run; give the run's id.

    Args:
        fields: Parameters by name: a text to type, or True for a switch to turn on.
    """
    page.goto(f"{url}/dags/{dag_id}")
    page.get_by_test_id("trigger-dag-button").click()
    form = page.get_by_role("dialog")
    for name, value in fields.items():
        field = form.locator(f"[name=element_{name}]")
        if isinstance(value, str):
            field.fill(value)
            field.blur()
        else:
            form.locator(f"label:has([name=element_{name}])").click()
            expect(field).to_be_checked(checked=value)
    form.get_by_test_id("trigger-dag-submit").click()
    page.wait_for_url("**/runs/**")
    return unquote(page.url.split("/runs/")[1].partition("?")[0])


def answer(page: Page, question: str, option: str, comment: str) -> str:
    """Answer a task that asks a person, on Airflow's page of required actions.

    Args:
        question: Address of the page.

    Returns:
        What the page asked.
    """
    page.goto(question)
    button = page.get_by_test_id(f"hitl-option-{option}")
    expect(button).to_be_visible()
    asked = page.locator("form, main, body").last.inner_text()
    page.locator("[name=element_comment]").fill(comment)
    button.click()
    expect(button).to_be_disabled()
    return asked


def question_of(url: str, dag_id: str, run_id: str, task_id: str) -> str:
    """Return the address of the page on which a task asks."""
    return f"{url}/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}/required_actions"


def open_tab(page: Page, address: str) -> FrameLocator:
    """Open a DAG, run or task in Airflow, then its tab of ours; give what stands in the frame."""
    page.goto(address)
    page.get_by_role("link", name="Evergreen", exact=True).click()
    frame = page.frame_locator(FRAME)
    expect(frame.locator("main")).to_be_visible()
    return frame
