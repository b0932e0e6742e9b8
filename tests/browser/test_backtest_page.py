"""The page of a back-test in a browser: from a file, and as a report that may do nothing else."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from builders.streams import make_result, make_run, make_stream
from drivers.visitor import LOOKS, Look, Visitor, open_window
from evergreen.backtest.report.page import draw_page
from evergreen.web.server.security_headers import REPORTS

HOSTILE = '</script><img src=x onerror="alert(1)"><script>alert(2)</script>'
N_CHARTS = 6
SIDEWAYS = "has to be scrolled"  # the table of all policies, in a box of its own
TIP = """([place, batch]) => {
  const chart = Chart.getChart(document.querySelectorAll("canvas")[place]);
  const x = chart.scales.x.getPixelForValue(batch);
  const box = chart.canvas.getBoundingClientRect();
  return [box.left + x, box.top + (chart.scales.y.top + chart.scales.y.bottom) / 2];
}"""
TOLD = """place => {
  const tip = Chart.getChart(document.querySelectorAll("canvas")[place]).tooltip;
  return [...tip.title, ...tip.afterBody];
}"""
DRAWN = "() => [...document.querySelectorAll('canvas')].filter(c => Chart.getChart(c)).length"


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    """Return the page of a back-test in which every kind of mark and a hostile name occur."""
    result = make_result(
        periodic=make_run([0.7, 0.7, 0.7, 0.6], fits=[0, 1, 2, 3], fraction=0.25),
        thresholds=make_run([0.7, 0.7, 0.6, 0.8], fits=[2], promotions=[2]),
        default=make_run(
            [0.7, 0.7, None, 0.8], fits=[2], fraction=0.5, promotions=[2], alarms=[1, 2],
            quarantined=[3],
        ),
        **{HOSTILE: make_run([0.7, 0.7, 0.8, 0.8], fits=[1])},
    )  # fmt: skip
    file = tmp_path / "backtest.html"
    file.write_text(draw_page(result, make_stream(name=HOSTILE)))
    return file


def dislikes_of(visitor: Visitor, name: str) -> list[str]:
    return [one for one in visitor.dislikes(name) if SIDEWAYS not in one]


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_page_draws_itself_from_a_file(chromium: Browser, page_file: Path, look: Look) -> None:
    with open_window(chromium, "", look=look) as visitor:
        visitor.page.goto(page_file.as_uri())
        dislikes = dislikes_of(visitor, "backtest")
        drawn = visitor.page.evaluate(DRAWN)

    assert dislikes == []
    assert drawn == N_CHARTS


def test_the_page_draws_itself_where_reports_are_locked_up(
    chromium: Browser, page_file: Path
) -> None:
    """In a frame without an origin, under the policy that all reports are sent with."""

    def send(route: Route) -> None:
        headers = {"Content-Security-Policy": REPORTS}
        route.fulfill(body=page_file.read_text(), content_type="text/html", headers=headers)

    with open_window(chromium, "") as visitor:
        page = visitor.page
        page.route("http://evergreen.test/report", send)
        page.route(
            "http://evergreen.test/",
            lambda route: route.fulfill(
                body="<iframe src=/report width=900 height=800></iframe>", content_type="text/html"
            ),
        )
        page.goto("http://evergreen.test/")
        frame = page.frames[-1]
        frame.wait_for_function("() => window.Chart && document.querySelectorAll('canvas').length")
        drawn = frame.evaluate(DRAWN)

    assert drawn == N_CHARTS
    assert visitor.seen.errors == []
    assert visitor.seen.dialogs == []


def test_a_pointer_is_told_scores_and_events(chromium: Browser, page_file: Path) -> None:
    with open_window(chromium, "") as visitor:
        page = visitor.page
        page.goto(page_file.as_uri())
        chart = page.locator("canvas").nth(2)
        chart.scroll_into_view_if_needed()
        page.mouse.move(*page.evaluate(TIP, [2, 2]))
        told = page.evaluate(TOLD, 2)

    assert told == [
        "batch of 03 Jan 2024",
        "default \N{EN DASH}",
        "every 0.8000",
        "never 0.6000",
        "retrained on 50% of the window",
        "promoted",
        "alarm",
    ]


def test_the_charts_follow_the_readers_theme(chromium: Browser, page_file: Path) -> None:
    with open_window(chromium, "") as visitor:
        page = visitor.page
        page.goto(page_file.as_uri())
        look = "() => Chart.getChart(document.querySelector('canvas')).options.scales.x.title.color"
        before = page.evaluate(look)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"before => ({look})() !== before", arg=before)
        dislikes = [one for one in visitor.dislikes("backtest-dark") if "not light" not in one]

    assert dislikes == []


def test_the_table_of_batches_opens(chromium: Browser, page_file: Path) -> None:
    with open_window(chromium, "") as visitor:
        page = visitor.page
        page.goto(page_file.as_uri())
        page.get_by_text("The AUC of every batch as a table").click()
        expect(page.get_by_role("region", name="Every batch").locator("tbody tr")).to_have_count(4)
