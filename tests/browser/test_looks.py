"""What our eyes for pages see: each fault is told, and a page without one is left alone."""

import pytest
from playwright.sync_api import Browser

from drivers.looks import complaints, is_dark

GOOD = """<!doctype html><meta name=viewport content="width=device-width">
<p>Some words</p><div style="overflow-x: auto"><div style="width: 3000px">a wide table</div></div>
<svg role=img aria-label="a line" width=9 height=9></svg>"""
CHART = """<canvas width=40 height=30 aria-label="metric"></canvas>
<script>
  const title = {display: %s, text: "AUC"};
  const axis = {options: {display: true, ticks: {display: true}, title}};
  window.Chart = {getChart: () => ({scales: {y: axis}})};
  if (%s) document.querySelector("canvas").getContext("2d").fillRect(0, 0, 9, 9);
</script>"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param("<div style='width: 3000px'>wide</div>", "px wide in", id="too wide"),
        pytest.param(
            "<p style='position: fixed; left: 1400px; width: 200px'>far</p>",
            "sticks out of the window",
            id="out of the window",
        ),
        pytest.param(
            "<div style='overflow: hidden; width: 9em; white-space: nowrap'>a b c d e f g h i j k"
            " l m n o p q</div>",
            "is cut off",
            id="cut off",
        ),
        pytest.param(
            "<table><td style='width: 20px; max-width: 20px; overflow-wrap: anywhere'>champion"
            "</table>",
            "is squeezed",
            id="a word broken inside",
        ),
        pytest.param("<img src='data:,' width=9 height=9>", "has no text", id="an image"),
        pytest.param(
            "<p style='color: #999; background: #fff'>pale</p>", "a contrast of", id="pale text"
        ),
        pytest.param(CHART % ("true", "false"), "is blank", id="a blank chart"),
        pytest.param(CHART % ("false", "true"), "has no title", id="an axis without a title"),
    ],
)
def test_a_fault_of_a_page_is_told(chromium: Browser, body: str, told: str) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.set_content(GOOD + body)

    found = complaints(page)

    assert any(told in one for one in found), found
    page.close()


def test_a_page_without_fault_is_left_alone(chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 400, "height": 900})
    page.set_content(GOOD + CHART % ("true", "true"))

    assert complaints(page) == []
    page.close()


@pytest.mark.parametrize(("colour", "expected"), [("#0d1117", True), ("#fafafa", False)])
def test_a_dark_page_is_told_from_a_light_one(
    chromium: Browser, colour: str, expected: bool
) -> None:
    page = chromium.new_page()
    page.set_content(f"<body style='background: {colour}'><p>words")

    assert is_dark(page) == expected
    page.close()
