"""What an eye would dislike in a page and a script can see."""

from pathlib import Path

from playwright.sync_api import Frame, Page

HERE = Path(__file__).parent
SCRIPTS = tuple((HERE / name).read_text() for name in ("looks.js", "contrast.js"))
# Charts are drawn a moment after the page, some when their figures have been read.
DRAWN = """
() => [...document.querySelectorAll("canvas")].every(
    c => !c.checkVisibility() || (window.Chart && window.Chart.getChart(c)))
  && ![...document.querySelectorAll("[role=status]")].some(
    e => e.checkVisibility() && e.textContent.startsWith("Reading"))
"""
BRIGHTNESS = """
() => {
  const pen = document.createElement("canvas").getContext("2d");
  const parts = [document.documentElement, document.body];
  for (const colour of ["white", ...parts.map(e => getComputedStyle(e).backgroundColor)]) {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
  }
  return pen.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((a, b) => a + b, 0) / 3;
}
"""
MIDDLE = 128


def complaints(page: Page | Frame) -> list[str]:
    """What is cut off, sticks out, is blank, has no title or can hardly be read; best none."""
    page.wait_for_function(DRAWN)
    return [told for script in SCRIPTS for told in page.evaluate(script)]


def is_dark(page: Page | Frame) -> bool:
    """Return whether the page is dark."""
    return float(page.evaluate(BRIGHTNESS)) < MIDDLE
