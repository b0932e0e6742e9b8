"""What other people wrote is shown, and never becomes an element, an attribute or a script."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from drivers import rendered

HARMLESS = "words"
PAYLOADS = [
    pytest.param("</script><script>alert(1)</script>", id="ends the block of data"),
    pytest.param("<img src=x onerror=alert(1)>", id="an image"),
    pytest.param('" onmouseover="alert(1)" x=\'', id="leaves an attribute"),
    pytest.param("' autofocus onfocus='alert(1)", id="leaves a quoted attribute"),
    pytest.param("javascript:alert(1)", id="a link that runs"),
    pytest.param("//evil.example/x", id="a link to elsewhere"),
    pytest.param("{{ 7 * 7 }}{% include 'base.html' %}", id="a template"),
    pytest.param("</title></style></textarea><svg onload=alert(1)>", id="ends raw text"),
    pytest.param("<!--", id="a comment"),
    pytest.param("a\x00b\u202ec\u200b", id="unseen characters"),
]
NAMES = sorted(rendered.PAGES)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", NAMES)
def test_page_keeps_its_elements_whatever_the_texts_are(name: str, payload: str) -> None:
    draw, make = rendered.PAGES[name]
    harmless = draw(rendered.poisoned(make(), HARMLESS))

    hostile = draw(rendered.poisoned(make(), payload))

    assert rendered.outline(hostile) == rendered.outline(harmless)


@pytest.mark.parametrize("name", NAMES)
def test_page_shows_the_text_as_it_was_written(name: str) -> None:
    payload = "<img src=x onerror=alert(1)>"
    draw, make = rendered.PAGES[name]

    page = draw(rendered.poisoned(make(), payload))

    assert payload in page.get_text()


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", NAMES)
def test_links_lead_only_where_a_browser_runs_nothing(name: str, payload: str) -> None:
    draw, make = rendered.PAGES[name]

    page = draw(rendered.poisoned(make(), payload))

    assert [link for link in _addresses(page) if not _is_ours(link)] == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_data_of_the_charts_are_what_was_measured(payload: str) -> None:
    draw, make = rendered.PAGES["model"]

    page = draw(rendered.poisoned(make(), payload))

    told = rendered.data_of(page, "timeline-data")
    assert {point["batch"] for point in told["points"]} == {payload}


def test_unseen_characters_are_shown_as_such() -> None:
    draw, make = rendered.PAGES["decision"]

    page = draw(rendered.poisoned(make(), "a\u202eb"))

    assert "\u202e" not in page.get_text()
    assert "a\N{REPLACEMENT CHARACTER}b" in page.get_text()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<script>alert(1)</script>", id="a script"),
        pytest.param("<img src=x onerror=alert(1)>", id="an image"),
        pytest.param("![x](https://evil.example/x.png)", id="an image in Markdown"),
        pytest.param("[press](javascript:alert(1))", id="a link that runs"),
        pytest.param("[press](JaVaScRiPt&colon;alert(1))", id="a link in disguise"),
        pytest.param("[press](data:text/html;base64,PHN2Zz4=)", id="a page in a link"),
        pytest.param("[press](//evil.example)", id="a link to elsewhere"),
        pytest.param("[press](\\\\\\\\evil.example)", id="a link with backslashes"),
        pytest.param("<javascript:alert(1)>", id="an autolink"),
        pytest.param('```html" onmouseover="alert(1)\nx\n```', id="a fence with an attribute"),
        pytest.param('# a "onclick="alert(1)\n\n## <b onclick=alert(1)>', id="headings"),
    ],
)
def test_runbook_runs_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "drift.md").write_text(f"# Drift\n\n{text}\n")

    page = rendered.runbook(tmp_path, "drift")

    article = page.find("article")
    assert isinstance(article, Tag)
    scripted = [
        tag.name
        for tag in article.find_all(True)
        if tag.name in ("script", "img", "svg") or any(name[:2] == "on" for name in tag.attrs)
    ]
    assert scripted == []
    assert [str(a["href"]) for a in article.find_all("a") if not _may_stand(str(a["href"]))] == []


def _addresses(page: BeautifulSoup) -> Iterator[str]:
    for tag in page.find_all(True):
        for name in ("href", "src", "action", "formaction", "data-bins"):
            if tag.has_attr(name):
                yield str(tag[name])


def _may_stand(link: str) -> bool:
    """Return whether a link of a runbook may lead there: a web page, or a place here."""
    return link.startswith("https://") or not re.match(r"//|\\|/\\|[a-zA-Z+.-]*:", link)


def _is_ours(link: str) -> bool:
    return link.startswith("#") or (link.startswith("/flow/") and "//" not in link)
