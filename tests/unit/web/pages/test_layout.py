"""What holds for every page: nothing inline, labels for everything, numbers with their unit."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from drivers import rendered
from evergreen.presentation.chart_files import FOLDER
from evergreen.web.pages.airflow_tabs import ElsewhereValues

PROJECT = Path(__file__).resolve().parents[4]
FOLDERS = (files("evergreen.web") / "static", FOLDER)
RUNBOOKS = PROJECT / "include" / "runbooks"
DRAWN: dict[str, Callable[[], BeautifulSoup]] = {
    **{name: partial(draw, make()) for name, (draw, make) in rendered.PAGES.items()},
    "embedded model": lambda: rendered.model(is_embedded=True),
    "embedded decision": lambda: rendered.decision(is_embedded=True),
    "runbooks": lambda: rendered.runbooks(RUNBOOKS),
    "runbook": lambda: rendered.runbook(RUNBOOKS, "drift", model="flights"),
    "elsewhere": lambda: rendered.page(ElsewhereValues(text="none", is_embedded=True)),
}


@pytest.fixture(scope="module")
def drawn() -> dict[str, BeautifulSoup]:
    return {name: draw() for name, draw in DRAWN.items()}


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_page_holds_no_script_and_no_style_of_its_own(
    name: str, drawn: dict[str, BeautifulSoup]
) -> None:
    tags = drawn[name].find_all(True)

    inline = [tag.name for tag in tags if tag.name == "style" or tag.has_attr("style")]
    scripts = [
        tag
        for tag in tags
        if tag.name == "script"
        and not tag.has_attr("src")
        and tag.get("type") != "application/json"
    ]
    handlers = [key for tag in tags for key in tag.attrs if key.startswith("on")]

    assert (inline, scripts, handlers) == ([], [], [])


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_page_asks_only_for_files_that_exist(name: str, drawn: dict[str, BeautifulSoup]) -> None:
    prefix = f"{rendered.BASE}/static/"

    asked = [
        str(tag.get("src") or tag.get("href"))
        for tag in drawn[name].find_all(["script", "link", "img"])
        if tag.get("src") or tag.get("href")
    ]

    assert all(address.startswith(prefix) for address in asked)
    missing = [
        address
        for address in asked
        if not any((one / address.removeprefix(prefix).split("?")[0]).is_file() for one in FOLDERS)
    ]
    assert missing == []


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_page_can_be_used_without_seeing_it(name: str, drawn: dict[str, BeautifulSoup]) -> None:
    page = drawn[name]
    labelled = {tag.get("for") for tag in page.find_all("label")}

    fields = page.find_all(["input", "select", "textarea"])
    unlabelled = [f for f in fields if f.get("type") != "hidden" and f.get("id") not in labelled]
    unnamed = [t for t in page.select('[role="img"]') if not t.get("aria-label")]
    headless = [th for th in page.select("thead th") if not th.get("scope")]
    boxes = [box for box in page.select(".scroll") if not box.get("aria-label")]

    assert (unlabelled, unnamed, headless, boxes) == ([], [], [], [])
    assert page.html is not None
    assert page.html.get("lang") == "en"


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_ids_are_unique(name: str, drawn: dict[str, BeautifulSoup]) -> None:
    ids = [str(tag["id"]) for tag in drawn[name].find_all(id=True)]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_places_that_are_linked_on_the_page_are_there(
    name: str, drawn: dict[str, BeautifulSoup]
) -> None:
    page = drawn[name]

    links = [str(a["href"]) for a in page.find_all("a", href=re.compile("^#"))]

    assert [link for link in links if page.find(id=link[1:]) is None] == []


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_columns_of_numbers_name_their_unit(name: str, drawn: dict[str, BeautifulSoup]) -> None:
    """A head says its unit, counts rows, is an interval, or stands beside a column of units."""
    telling = ("rows", "95 % interval", "at promotion")

    silent = [
        head.get_text()
        for row in drawn[name].select("thead tr")
        if "Unit" not in [head.get_text() for head in row.select("th")]
        for head in row.select("th.num")
        if head.find("small") is None and head.get_text().strip().lower() not in telling
    ]

    assert silent == []


@pytest.mark.parametrize("name", ["model", "decision", "incident"])
def test_forms_carry_the_token_and_ask_for_a_reason(
    name: str, drawn: dict[str, BeautifulSoup]
) -> None:
    forms = drawn[name].find_all("form", method="post")

    for form in forms:
        token, reason = form.find("input", {"name": "csrf"}), form.find("input", {"name": "reason"})
        assert isinstance(token, Tag)
        assert isinstance(reason, Tag)
        assert token["value"] == "token"
        assert reason.has_attr("required")
    assert (len(forms) > 0) is (name != "decision")


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: rendered.model(may_edit=False), id="model"),
        pytest.param(lambda: rendered.incident(may_edit=False), id="incident"),
    ],
)
def test_who_may_only_read_gets_no_form(draw: Callable[[], Any]) -> None:
    assert draw().find("form", method="post") is None


def test_chart_library_is_the_one_that_was_published() -> None:
    told = (FOLDER / "vendor" / "README.md").read_text()

    for file in (FOLDER / "vendor").iterdir():
        if file.name.endswith(".js"):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            assert f"`{file.name}`: sha256 `{digest}`" in told
            assert len(file.read_bytes()) < 500_000


def test_scripts_and_styles_name_no_other_server() -> None:
    found = [file for folder in FOLDERS for file in folder.iterdir()]
    ours = [file for file in found if file.name.endswith((".js", ".css"))]

    assert [
        file.name for file in ours if "//" in re.sub(r"(?m)//\s.*$", "", file.read_text())
    ] == []
    assert len(ours) > 5
