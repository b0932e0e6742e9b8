"""Every page rendered from a view, without a server, and what a parser of HTML makes of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from bs4 import BeautifulSoup, Tag
from fastapi import Request

from builders.views import (
    make_decision_detail,
    make_decisions_page,
    make_incident_detail,
    make_model_detail,
    make_models_page,
    make_summary,
)
from builders.web_signals import NOW
from evergreen.records import Record
from evergreen.web.pages import contexts
from evergreen.web.pages.layout import TemplateValues, render
from evergreen.web.pages.runbooks import (
    Filled,
    RunbooksValues,
    RunbookValues,
    list_runbooks,
    read_runbook,
)

R = TypeVar("R", bound=Record)
BASE = "/flow/evergreen"
EDITOR = contexts.FormRights(may_edit=True, csrf="token")


def page(values: TemplateValues) -> BeautifulSoup:
    """Render a page as it is under ``/flow/evergreen``, and parse it."""
    request = Request({"type": "http", "root_path": BASE, "headers": [], "path": "/"})
    body = bytes(render(request, values, now=NOW).body)
    return BeautifulSoup(body.decode(), "lxml")


def models(view: Any = None) -> BeautifulSoup:
    """Return the list of models."""
    return page(contexts.of_models(view or make_models_page(make_summary())))


def model(detail: Any = None, *, may_edit: bool = True, **more: Any) -> BeautifulSoup:
    """Return a model's page."""
    view = detail or make_model_detail()
    values = contexts.of_model(view, base=BASE, rights=replace(EDITOR, may_edit=may_edit))
    return page(replace(values, **more))


def decision(detail: Any = None, *, limits: Any = None, **more: Any) -> BeautifulSoup:
    """Return a decision's page."""
    view = detail or make_decision_detail()
    values = contexts.of_decision(view, limits=limits, rights=EDITOR)
    return page(replace(values, **more))


def decisions(view: Any = None) -> BeautifulSoup:
    """Return the list of a model's decisions."""
    return page(contexts.DecisionsValues(view=view or make_decisions_page()))


def incident(view: Any = None, *, may_edit: bool = True) -> BeautifulSoup:
    """Return an incident's page."""
    detail = view or make_incident_detail()
    rights = replace(EDITOR, may_edit=may_edit)
    return page(contexts.of_incident(detail, base=BASE, rights=rights))


def runbook(folder: Path, name: str, **filled: str) -> BeautifulSoup:
    """Return a runbook's page."""
    found = read_runbook(folder, name, filled=filled)
    assert found is not None
    return page(RunbookValues(runbook=found, filled=Filled(**filled)))


def runbooks(folder: Path) -> BeautifulSoup:
    """Return the list of runbooks."""
    return page(RunbooksValues(runbooks=tuple(list_runbooks(folder))))


# Each page with the view that it is made of.
PAGES: dict[str, tuple[Callable[[Any], BeautifulSoup], Callable[[], Record]]] = {
    "models": (models, lambda: make_models_page(make_summary())),
    "model": (model, make_model_detail),
    "decisions": (decisions, make_decisions_page),
    "decision": (decision, make_decision_detail),
    "incident": (incident, make_incident_detail),
}


def outline(parsed: BeautifulSoup) -> list[tuple[str, tuple[str, ...]]]:
    """Return every element with the names of its attributes, in their order on the page."""
    return [(tag.name, tuple(sorted(tag.attrs))) for tag in parsed.find_all(True)]


def text_of(found: Tag | None) -> str:
    """Return the text of an element that must be there, in one line."""
    assert found is not None
    return " ".join(found.get_text(" ").split())


def data_of(parsed: BeautifulSoup, identity: str) -> Any:
    """Return what a block of JSON on the page holds."""
    block = parsed.find("script", id=identity)
    assert isinstance(block, Tag)
    return json.loads(block.get_text())


def poisoned(record: R, text: str) -> R:
    """Return the record with ``text`` in every field that may hold any text, however deep."""
    changed = {}
    for name, field in type(record).model_fields.items():
        changed[name] = _poisoned(getattr(record, name), field.annotation, text)
    return record.model_copy(update=changed)


def _poisoned(value: Any, kind: Any, text: str) -> Any:
    if isinstance(value, Record):
        return poisoned(value, text)
    if isinstance(value, str):
        return value if _is_code(kind) else text
    if isinstance(value, tuple):
        kinds = get_args(kind)
        inner = kinds[0] if kinds else str
        return tuple(_poisoned(one, inner, text) for one in value)
    if isinstance(value, dict):
        return {key: _poisoned(one, str, text) for key, one in value.items()}
    return value


def _is_code(kind: Any) -> bool:
    """Return whether only few words may stand there."""
    return get_origin(kind) is Literal or any(_is_code(one) for one in get_args(kind))
