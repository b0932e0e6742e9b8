"""Charts are drawn by Chart.js in pages and by matplotlib as PNG; nothing else draws."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from evergreen.presentation.chart_files import chart_scripts

DRAWN_BY_HAND = re.compile(
    r"<(svg|path|polyline|polygon|circle|rect)\b|createElementNS", re.IGNORECASE
)
SOURCES = (".py", ".html", ".js", ".css")
ICONS = {"web/static/icon.svg", "web/static/icon-dark.svg"}


def files_in(folder: Traversable, prefix: str = "") -> dict[str, Traversable]:
    """Return all files of the package by their path in it, but for those of other people."""
    found: dict[str, Traversable] = {}
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_file():
            found[name] = entry
        elif entry.name not in ("vendor", "__pycache__"):
            found |= files_in(entry, f"{name}/")
    return found


def test_no_picture_is_drawn_by_hand_as_svg() -> None:
    sources = {
        name: file.read_text("utf-8")
        for name, file in files_in(files("evergreen")).items()
        if PurePosixPath(name).suffix in SOURCES
    }

    assert [name for name, text in sources.items() if DRAWN_BY_HAND.search(text)] == []
    assert {PurePosixPath(name).suffix for name in sources} == set(SOURCES)


def test_the_only_svg_files_are_the_icons() -> None:
    names = files_in(files("evergreen"))

    assert {name for name in names if name.endswith(".svg")} == ICONS


def test_the_scripts_are_the_library_and_our_settings_for_it() -> None:
    library, settings = chart_scripts()

    assert library.startswith("/*!\n * Chart.js v")
    assert "window.evergreenCharts = {" in settings
    assert "</script" not in library + settings
