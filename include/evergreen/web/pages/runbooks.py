"""Runbooks as pages: Markdown from the project's folder, without any HTML or script."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from evergreen.web.pages.layout import TemplateValues

BATCH = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$"
NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
SCHEMES = ("http", "https", "mailto")
MAX_BYTES = 256 * 1024
NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Filled:
    """Values for the commands of a runbook, checked; an empty one leaves ``<word>`` as it is."""

    model: str = ""
    batch: str = ""

    def known(self) -> dict[str, str]:
        """Return the values that are not empty, by their words."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, kw_only=True)
class RunbooksValues(TemplateValues):
    """The values of the list of runbooks."""

    template: ClassVar[str] = "runbooks.html"
    here: str = "runbooks"
    runbooks: "tuple[Runbook, ...]"


@dataclass(frozen=True, kw_only=True)
class RunbookValues(TemplateValues):
    """The values of a runbook's page."""

    template: ClassVar[str] = "runbook.html"
    here: str = "runbooks"
    runbook: "Runbook"
    filled: Filled


@dataclass(frozen=True)
class Runbook:
    """One runbook.

    Attributes:
        name: Name of the file without its end, mostly the kind of an alert.
        title: Its first heading.
        summary: Its first paragraph, as text.
        sections: Level, anchor and text of the headings below the title.
        body: HTML, made from Markdown here; safe to show.
    """

    name: str
    title: str
    summary: str
    sections: tuple[tuple[str, str, str], ...]
    body: Markup


def list_runbooks(folder: Path) -> Iterator[Runbook]:
    """Return all runbooks of a folder, by name."""
    for name, path in sorted(_files(folder).items()):
        yield _render(name, _read(path), ())


def read_runbook(folder: Path, name: str, *, filled: Mapping[str, str]) -> Runbook | None:
    """Return one runbook; None if the folder has none of that name.

    Args:
        folder: The folder of the runbooks.
        name: Name in the request; only compared with the files there, never used in a path.
        filled: Values for ``<word>`` in the commands; the caller has checked them.
    """
    path = _files(folder).get(name)
    if path is None:
        return None
    return _render(name, _read(path), tuple(sorted(filled.items())))


def slug(heading: str) -> str:
    """Return the anchor of a heading: its words in small letters, with hyphens between them."""
    return NOT_A_WORD.sub("-", heading.lower()).strip("-")


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in folder.glob("*.md") if NAME.fullmatch(path.stem)}


def _read(path: Path) -> str:
    with path.open("rb") as opened:
        return opened.read(MAX_BYTES).decode("utf-8", errors="replace")


class _Markdown(MarkdownIt):
    """Markdown whose links are relative, or begin with one of a few schemes."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the name that it is asked by
        """Return whether a link is allowed; one that is not stays text."""
        if not url.isprintable() or "\\" in url:
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return parts.scheme in SCHEMES or not (parts.scheme or parts.netloc)


@cache
def _markdown() -> MarkdownIt:
    return _Markdown("commonmark", {"html": False}).enable("table").disable("image")


def _render(name: str, text: str, filled: tuple[tuple[str, str], ...]) -> Runbook:
    tokens = _markdown().parse(text)
    title, summary, sections = name.replace("_", " ").capitalize(), "", []
    seen: dict[str, int] = {}
    for i, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _text(tokens[i + 1])
            if token.tag == "h1":
                title = heading
            else:
                sections.append((token.tag, _anchor(token, heading, seen), heading))
        elif token.type == "paragraph_open" and not summary:
            summary = _text(tokens[i + 1])
        elif token.type == "fence":
            _prepare(token, filled)
    body = _markdown().renderer.render(_below_title(tokens), _markdown().options, {})
    return Runbook(name, title, summary, tuple(sections), Markup(body))  # noqa: S704 - see above


def _anchor(token: Token, heading: str, seen: dict[str, int]) -> str:
    base = slug(heading) or "section"
    seen[base] = seen.get(base, 0) + 1
    anchor = base if seen[base] == 1 else f"{base}-{seen[base]}"
    token.attrSet("id", anchor)
    return anchor


def _prepare(token: Token, filled: tuple[tuple[str, str], ...]) -> None:
    """Fill in what is known of a command, and leave only the language behind the fence."""
    token.info = token.info.split(" ")[0]
    for word, value in filled:
        token.content = token.content.replace(f"<{word}>", value)


def _below_title(tokens: list[Token]) -> list[Token]:
    """Return the tokens below the title; the page shows the title itself."""
    if len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":  # noqa: PLR2004
        return tokens[3:]
    return tokens


def _text(inline: Token) -> str:
    breaks = ("softbreak", "hardbreak")
    return "".join(" " if one.type in breaks else one.content for one in inline.children or ())
