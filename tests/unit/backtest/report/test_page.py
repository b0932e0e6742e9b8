"""The page: whole, safe, and showing what happened."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from builders.streams import make_result, make_run, make_stream
from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.report.page import draw_page
from evergreen.presentation.chart_files import chart_scripts

NASTY = '<script>alert("x")</script>&\x07'


class _Tags(HTMLParser):
    """Collects the elements and attributes of a page, and the text of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    return parsed(page).tags


def parsed(page: str) -> _Tags:
    parser = _Tags()
    parser.feed(page)
    return parser


def figures_of(page: str) -> dict[str, Any]:
    """Return what the charts are drawn from."""
    figures: dict[str, Any] = json.loads(parsed(page).scripts[0])
    return figures


def without_scripts(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def full_result() -> BacktestResult:
    return make_result(
        periodic=make_run([0.7, 0.7, 0.7, 0.6], fits=[0, 1, 2, 3], fraction=0.25),
        thresholds=make_run([0.7, 0.7, 0.6, 0.8], fits=[2], promotions=[2]),
        default=make_run(
            [0.7, 0.7, None, 0.8], fits=[2], fraction=0.5, promotions=[2], alarms=[1, 2],
            quarantined=[3],
        ),
    )  # fmt: skip


def test_the_page_is_one_file_without_addresses() -> None:
    page = draw_page(full_result(), make_stream())

    tags = tags_of(page)
    assert not [a for _, attrs in tags for a in attrs if a.startswith("on") or a in ("src", "href")]
    assert "http" not in without_scripts(page).replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in page
    assert len(page) - len(chart_scripts()[0]) < 60_000


def test_the_page_lets_its_own_scripts_run_and_no_other() -> None:
    page = draw_page(full_result(), make_stream())

    found = parsed(page)
    kinds = [attrs.get("type") for tag, attrs in found.tags if tag == "script"]
    policy = next(attrs["content"] for _, attrs in found.tags if "http-equiv" in attrs)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    digests = [b64encode(sha256(text.encode()).digest()).decode() for text in found.scripts[1:]]
    assert kinds == ["application/json", None, None, None, None]
    assert tuple(found.scripts[1:3]) == chart_scripts()
    assert rules == {
        "default-src": "'none'",
        "script-src": " ".join(f"'sha256-{digest}'" for digest in digests),
        "style-src": "'unsafe-inline'",
    }


def test_every_chart_has_its_text() -> None:
    page = draw_page(full_result(), make_stream())

    charts = [attrs for tag, attrs in tags_of(page) if tag == "canvas"]
    assert [(one["data-chart"], one.get("data-policy")) for one in charts] == [
        ("frontier", None),
        ("available", None),
        ("policy", "4"),  # the product's own policy comes first
        ("policy", "2"),
        ("policy", "3"),
    ]
    assert charts[0]["aria-label"] == (
        "Kept against cost, per policy: never 0% for 0%, every 100% for 100%, periodic 25% for 25%,"
        " thresholds 50% for 25%, default 83% for 12%"
    )
    for chart in charts:
        assert chart["role"] == "img"
        assert chart["aria-label"]


def test_names_are_escaped() -> None:
    result = make_result(**{NASTY: make_run([0.7, 0.7, 0.8, 0.8], fits=[1])})

    page = draw_page(result, make_stream(name=NASTY))

    assert len(re.findall("<script", page)) == len(re.findall("</script>", page)) == 5
    assert "<script>alert" not in page
    assert "\x07" not in page
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;" in page
    assert figures_of(page)["policies"][-1]["name"] == NASTY.replace("\x07", "\ufffd")


def test_a_table_tells_each_batch_its_scores_and_what_happened() -> None:
    page = draw_page(full_result(), make_stream())

    table = page[page.index('aria-label="Every batch"') :]
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)", row) for row in re.findall(r"<tr>.*?</tr>", table)]
    assert rows[0] == [
        "batch", "never", "every", "periodic", "thresholds", "default", "what happened",
    ]  # fmt: skip
    assert rows[1:] == [
        ["batch of 01 Jan 2024", *["0.7000"] * 5, ""],
        ["batch of 02 Jan 2024", *["0.7000"] * 5, "default: alarm"],
        [
            *("batch of 03 Jan 2024", "0.6000", "0.8000", "0.7000", "0.6000", "-"),
            "thresholds: retrained, promoted; default: retrained on 50% of the window, promoted,"
            " alarm",
        ],
        [
            *("batch of 04 Jan 2024", "0.6000", "0.8000", "0.6000", "0.8000", "0.8000"),
            "default: quarantine",
        ],
    ]


def test_numbers_and_lessons_are_on_the_page() -> None:
    page = draw_page(full_result(), make_stream(), seed=11)

    text = re.sub(r"<[^>]+>", " ", without_scripts(page))
    assert "lifts AUC from 0.650 to 0.750" in text
    assert "4 batches of 20 from 01 Jan 2024 to 05 Jan 2024" in text
    assert "first champion on 60 rows" in text
    assert "seed 11" in text
    for policy in full_result().policies:
        assert policy in text


def test_the_same_result_gives_the_same_page_whatever_the_seconds() -> None:
    slow = full_result().model_copy(update={"seconds": 99.0})

    assert draw_page(slow, make_stream()) == draw_page(full_result(), make_stream())


@pytest.mark.parametrize("has_moments", [True, False])
def test_a_single_batch_without_scores_can_be_drawn(has_moments: bool) -> None:
    result = make_result(never=make_run([None]), every=make_run([None]), default=make_run([None]))

    page = draw_page(result, make_stream(1, has_moments=has_moments))

    assert "Of 1 batch none could be scored." in page
    assert figures_of(page)["frontier"]["points"] == []
    assert figures_of(page)["range"] == pytest.approx([-0.06, 1.06])


def test_where_retraining_gains_nothing_the_picture_shows_scores() -> None:
    flat = make_run([0.7, 0.7, 0.7, 0.7], fits=[1])
    result = make_result(never=make_run([0.7] * 4), every=flat, default=flat)

    page = draw_page(result, make_stream())

    assert figures_of(page)["frontier"]["title"] == "score: mean AUC"
    assert "Score against cost, per policy: never 0.700 for 0%" in page


def test_many_batches_are_smoothed_and_stay_small() -> None:
    rng = np.random.default_rng(3)
    runs = {
        name: make_run(list(rng.uniform(0.6, 0.8, size=600)), fits=list(range(0, 600, 5)))
        for name in ("never", "every", "periodic", "default")
    }

    page = draw_page(make_result(**runs), make_stream(600, batch=1))

    assert "Each point is the mean of 10 batches." in page
    assert len(page) < 500_000
