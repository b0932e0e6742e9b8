"""What every page shares: the templates, the root of links, and the time.

Templates escape every value. No script or style is inline: the Content-Security-Policy of the pages
forbids it.
"""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import ClassVar
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from evergreen.presentation import chart_files, formatting
from evergreen.presentation.decisions import answer_label, trigger_label
from evergreen.presentation.signals import LIMITS_UNKNOWN
from evergreen.web.pages import interval_plot, labels
from evergreen.web.pages.formatting import brief, told, web_address
from evergreen.web_addresses import PREFIX
from evergreen.workflows.alerts.incident_status import status_of

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, kw_only=True)
class TemplateValues:
    """The values of one template. Each page has a class of its own, which adds its fields.

    Attributes:
        template: File of the template.
        here: Entry of the menu that the page belongs to; empty for none.
        is_embedded: Whether Airflow's UI shows the page, so without our menu.
        note: A sentence above the page; empty for none.
    """

    template: ClassVar[str]
    here: str = ""
    is_embedded: bool = False
    note: str = ""


def render(
    request: Request, values: TemplateValues, *, now: datetime | None = None
) -> HTMLResponse:
    """Return a page.

    Args:
        request: The request; it holds the path of the pages.
        values: The values of the page's template.
        now: The time that ages are relative to, in UTC; by default the clock's.
    """
    root = base_of(request)
    given = {
        "base": root,
        "airflow": root.removesuffix(PREFIX),
        "now": now or datetime.now(UTC),
        **{field.name: getattr(values, field.name) for field in fields(values)},
    }
    return HTMLResponse(environment().get_template(values.template).render(given))


def base_of(request: Request) -> str:
    """Return the path of the pages, without a slash at the end."""
    return str(request.scope.get("root_path", ""))


@cache
def environment() -> Environment:
    """Return the templates, compiled once."""
    made = Environment(
        loader=PackageLoader("evergreen.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters.update(
        number=formatting.number,
        percent=formatting.percent,
        count=formatting.count,
        moment=formatting.moment,
        day=formatting.day,
        age=formatting.age,
        interval=formatting.interval,
        web_address=web_address,
        brief=brief,
        segment=_segment,
        told=told,
    )
    made.globals.update(
        labels=labels,
        formatting=formatting,
        intervals=interval_plot,
        asset=asset,
        address=_address,
        incident_status=status_of,
        trigger_label=trigger_label,
        answer_label=answer_label,
        limits_unknown=LIMITS_UNKNOWN,
        chart_library=chart_files.LIBRARY,
        chart_settings=chart_files.SETTINGS,
    )
    return made


@cache
def asset(base: str, name: str) -> str:
    """Return the address of one of our files; it changes with the content."""
    ours = files("evergreen.web") / "static" / name
    content = (ours if ours.is_file() else chart_files.FOLDER / name).read_bytes()
    return f"{base}/static/{name}?v={sha256(content).hexdigest()[:10]}"


def _address(**asked: object) -> str:
    """Return the query of an address, without the empty values."""
    return urlencode({name: value for name, value in asked.items() if value})


def _shown(value: object) -> object:
    """Show invisible characters, and marks of direction, as a replacement character."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value) if type(value) is str else value


def _segment(value: object) -> str:
    """Return a value as one segment of a path."""
    return quote(str(value), safe="")
