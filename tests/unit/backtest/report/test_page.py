"""The page: whole, safe, and showing what happened."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from builders.streams import make_result, make_run, make_stream
from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.report.page import draw_page
from evergreen.backtest.report.score_chart import smooth

NASTY = '<script>alert("x")</script>&\x07'


class _Tags(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.tags


def full_result() -> BacktestResult:
    return make_result(
        periodic=make_run([0.7, 0.7, 0.7, 0.6], fits=[0, 1, 2, 3], fraction=0.25),
        thresholds=make_run([0.7, 0.7, 0.6, 0.8], fits=[2], promotions=[2]),
        default=make_run(
            [0.7, 0.7, None, 0.8], fits=[2], fraction=0.5, promotions=[2], alarms=[1, 2],
            quarantined=[3],
        ),
    )  # fmt: skip


def test_the_page_is_one_file_without_scripts_or_addresses() -> None:
    page = draw_page(full_result(), make_stream())

    tags = tags_of(page)
    assert "script" not in {tag for tag, _ in tags}
    assert not [a for _, attrs in tags for a in attrs if a.startswith("on") or a in ("src", "href")]
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert len(page) < 200_000


def test_every_picture_is_well_formed() -> None:
    page = draw_page(full_result(), make_stream())

    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)

    assert len(pictures) == 2 * 5  # the frontier, never and every, three policies; screen and phone
    for picture in pictures:
        assert ElementTree.fromstring(picture).get("viewBox")  # noqa: S314 - our own text
    assert "nan" not in "".join(re.findall(r' d="[^"]*"', page))


def test_names_are_escaped() -> None:
    result = make_result(**{NASTY: make_run([0.7, 0.7, 0.8, 0.8], fits=[1])})

    page = draw_page(result, make_stream(name=NASTY))

    assert "<script" not in page
    assert "\x07" not in page
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;" in page


def test_marks_tell_the_batch_and_what_happened() -> None:
    page = draw_page(full_result(), make_stream())

    tips = re.findall(r"<title>(batch [^<]*)</title>", page)

    assert "batch of 03 Jan 2024: retrained on 50% of the window" in tips
    assert "batch of 03 Jan 2024: promoted" in tips
    assert "batch of 02 Jan 2024: alarm" in tips
    assert "batch of 04 Jan 2024: quarantine" in tips
    assert "batch of 01 Jan 2024: default 0.7000, every 0.7000, never 0.7000" in tips


def test_numbers_and_lessons_are_on_the_page() -> None:
    page = draw_page(full_result(), make_stream(), seed=11)

    text = re.sub(r"<[^>]+>", " ", page)
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


def test_where_retraining_gains_nothing_the_picture_shows_scores() -> None:
    flat = make_run([0.7, 0.7, 0.7, 0.7], fits=[1])
    result = make_result(never=make_run([0.7] * 4), every=flat, default=flat)

    page = draw_page(result, make_stream())

    assert "score: mean AUC" in page


def test_many_batches_are_smoothed_and_stay_small() -> None:
    rng = np.random.default_rng(3)
    runs = {
        name: make_run(list(rng.uniform(0.6, 0.8, size=600)), fits=list(range(0, 600, 5)))
        for name in ("never", "every", "periodic", "default")
    }

    page = draw_page(make_result(**runs), make_stream(600, batch=1))

    assert "Each point is the mean of 10 batches." in page
    assert len(page) < 1_000_000


def test_smoothing_leaves_gaps_where_no_score_is() -> None:
    assert smooth([1.0, None, 3.0], 3) == [1.0, None, 3.0]
    assert smooth([0.0, 3.0, 6.0], 3) == [1.5, 3.0, 4.5]
    assert smooth([0.5, None], 1) == [0.5, None]
