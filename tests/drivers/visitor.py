"""Somebody who looks at pages: in a theme, in a window, logged in, and watched meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import Browser, Page

from drivers.chromium import Sightings
from drivers.looks import complaints, is_dark
from drivers.loop import PROJECT

ALBUM = PROJECT / "test-artifacts" / "browser"
HEIGHT = 900
LARGEST_HEIGHT = 16_000  # a taller page is photographed from the top only

Cookies = Any  # Playwright's state of a browser: cookies and storage


class Look(NamedTuple):
    """How somebody looks: in light or dark, in a window of some pixels."""

    theme: Literal["light", "dark"]
    width: int

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}"


LOOKS = tuple(Look(theme, width) for theme in ("light", "dark") for width in (1440, 400))
DESK, PHONE = Look("light", 1440), Look("dark", 400)


@dataclass(frozen=True)
class Visitor:
    """One open window.

    Attributes:
        page: Playwright's page.
        url: Address of Airflow.
        look: Theme and width.
        seen: What happened in the window.
    """

    page: Page
    url: str
    look: Look
    seen: Sightings

    def visit(self, path: str) -> int:
        """Open one of our pages by its path below ``/evergreen``; give the HTTP status."""
        reply = self.page.goto(f"{self.url}/evergreen{path}")
        assert reply is not None
        return reply.status

    def dislikes(self, name: str) -> list[str]:
        """Photograph the page that is open, and give what is wrong with it; best nothing.

        Only the dialogs, errors and calls of this page are held against it.
        """
        told = complaints(self.page)
        if is_dark(self.page) != (self.look.theme == "dark"):
            told.append(f"the page is not {self.look.theme}")
        self.photograph(name)
        told += [*self.seen.errors, *(f"dialog {text}" for text in self.seen.dialogs)]
        told += [f"called {call}" for call in self.seen.api_calls]
        self.seen.forget()
        return [f"{name}, {self.look}: {one}" for one in told]

    def photograph(self, name: str, *, is_whole: bool = True) -> Path:
        """Keep a picture of the page."""
        ALBUM.mkdir(parents=True, exist_ok=True)
        file = ALBUM / f"{name}-{self.look}.png"
        height = int(self.page.evaluate("document.scrollingElement.scrollHeight"))
        self.page.screenshot(path=file, full_page=is_whole and height <= LARGEST_HEIGHT)
        return file


@contextmanager
def open_window(
    browser: Browser, url: str, cookies: Cookies = None, look: Look = DESK
) -> Iterator[Visitor]:
    """Open a window of its own, with the cookies of an earlier login if there are any."""
    context = browser.new_context(
        viewport={"width": look.width, "height": HEIGHT},
        color_scheme=look.theme,
        storage_state=cookies,
    )
    seen = Sightings()
    seen.watch(context)
    try:
        yield Visitor(context.new_page(), url, look, seen)
    finally:
        context.close()
