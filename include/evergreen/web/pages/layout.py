"""What every page shares: the templates, the root of links, and the time.

Templates escape every value. No script or style is inline: the Content-Security-Policy of the pages
forbids it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from evergreen.presentation import chart_files, formatting
from evergreen.web.pages import interval_plot, labels
from evergreen.web.pages.formatting import brief, told, web_address
from evergreen.web_addresses import PREFIX

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def render(request: Request, template: str, context: Mapping[str, Any]) -> HTMLResponse:
    """Return a page; ``context`` holds the names of its template, besides those of every page."""
    root = base_of(request)
    frame = {
        "base": root,
        "airflow": root.removesuffix(PREFIX),
        "now": datetime.now(UTC),
        "is_embedded": False,
        "here": "",
        "note": "",
    }
    return HTMLResponse(environment().get_template(template).render(frame | dict(context)))


def base_of(request: Request) -> str:
    """Return the path under which the pages lie, without a slash at its end."""
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
