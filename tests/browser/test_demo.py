"""The pages after the demo: its real history. Looked at by `make test-browser` only."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from drivers.airflow_ui import log_in
from drivers.visitor import LOOKS, Look, open_window

pytestmark = [pytest.mark.integration, pytest.mark.browser_full, pytest.mark.timeout(2400)]

STOP_SECONDS = 120.0


@dataclass(frozen=True)
class Demo:
    """A demo that has played its weeks and is left up.

    Attributes:
        shown: What it printed.
        report: What it reported.
    """

    shown: str
    report: dict[str, Any]

    def said(self, pattern: str) -> str:
        """Return the first group of a pattern in what was printed."""
        found = re.search(pattern, self.shown, re.MULTILINE)
        assert found is not None, self.shown
        return found[1]


@pytest.fixture(scope="module")
def demo(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(
        [Path(sys.executable).parent / "evergreen", "demo", "--report", folder / "report.json"],
        env={**os.environ, "EVERGREEN_HOME": str(folder / "home"), "DEMO_WEEKS": "4"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    shown = ""
    try:
        for line in process.stdout:
            shown += line
            if "Ctrl-C stops everything" in line:
                break
        yield Demo(shown, json.loads((folder / "report.json").read_text()))
    finally:
        process.send_signal(signal.SIGTERM)  # a shell may have told us to ignore SIGINT
        process.communicate(timeout=STOP_SECONDS)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_pages_show_what_the_demo_has_played(chromium: Browser, demo: Demo, look: Look) -> None:
    decided = [batch for batch in demo.report["batches"] if batch["gate"] == "accepted"]
    address = demo.said(r"^Models   (\S+)/evergreen/models$")

    with open_window(chromium, address, look=look) as visitor:
        page = visitor.page
        log_in(page, address, username="admin", password=demo.said(r"password (\S+)$"))
        visitor.seen.forget()
        visitor.visit("/models")
        dislikes = visitor.dislikes("demo-models")
        page.get_by_role("link", name="flights", exact=True).click()
        expect(page.get_by_role("heading", name="flights", exact=True)).to_be_visible()
        rows = page.locator("#decisions tbody tr")
        expect(rows).to_have_count(len(decided))
        dislikes += visitor.dislikes("demo-model")
        rows.first.get_by_role("link").first.click()
        expect(page.get_by_text(decided[-1]["sentence"]).first).to_be_visible()
        dislikes += visitor.dislikes("demo-decision")

    assert dislikes == []
