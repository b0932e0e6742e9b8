"""Chromium under Playwright, and what it is watched for while pages are open in it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Response,
    expect,
    sync_playwright,
)

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "chromium.sh"
FIND_SECONDS = 700.0
PATIENCE_MS = 90_000.0  # on two busy cores Airflow's pages take their time
REPORTER = """
document.addEventListener("securitypolicyviolation", event => console.error(
    `securitypolicyviolation: ${event.violatedDirective} refuses ${event.blockedURI}`
    + ` on ${document.location.pathname}`));
"""


class NoChromiumError(Exception):
    """There is none and none could be installed; the message says what to do."""


def find_chromium() -> str:
    """Return the path of a Chromium; the set-up script installs one where it may.

    Raises:
        NoChromiumError: In the script's own words.
    """
    found = subprocess.run(
        [SCRIPT], capture_output=True, text=True, check=False, timeout=FIND_SECONDS
    )
    if found.returncode:
        raise NoChromiumError(found.stderr.strip().splitlines()[-1])
    return found.stdout.strip()


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """Run a headless browser for the length of the block.

    Containers run as root, where Chromium's own sandbox does not start: pages come from this
    machine only.
    """
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Sightings:
    """What happened in a browser that no page of ours may cause, and what our pages asked for.

    Attributes:
        dialogs: Messages of alert, confirm and prompt.
        errors: What the console reports as an error, refused by a content policy among it.
        api_calls: Calls of Airflow's API that our pages made and that it answered.
    """

    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    api_calls: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Note from now on what happens in any page or frame of a browser context."""
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(REPORTER)
        context.on("dialog", self._see_dialog)
        context.on("console", self._see_message)
        context.on("response", self._see_response)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def forget(self) -> None:
        """Forget what was seen so far."""
        for noted in (self.dialogs, self.errors, self.api_calls):
            noted.clear()

    def _see_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _see_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self.errors.append(f"{message.text} ({place})")

    def _see_response(self, response: Response) -> None:
        request = response.request
        by_us = not request.is_navigation_request() and "/evergreen/" in request.frame.url
        if by_us and "/api/v2" in request.url:
            self.api_calls.append(f"{request.method} {request.url}")
