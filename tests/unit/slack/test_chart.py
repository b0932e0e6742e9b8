import io
import math
import warnings
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builders.picture_example import FILE, example
from evergreen.slack.chart import LARGEST, History, Moment, alt_of, draw, title_of

ORANGE = (194, 65, 12)
BLUE = (31, 95, 168)
EVIL = "$\\frac{1}{0}$ \\textbf{x} <!channel>\n\n\n*\u202e\u6a21\U0001f600"


def make_moment(place: int, **changes: Any) -> Moment:
    value = 0.74 - 0.01 * math.sin(place)
    given: dict[str, Any] = {
        "batch": f"2013-{place // 28 % 12 + 1:02d}-{place % 28 + 1:02d}",
        "metric": value,
        "metric_low": value - 0.01,
        "metric_high": value + 0.01,
        "reference": 0.741,
        "drifted_share": 0.1 + 0.05 * math.cos(place),
    }
    return Moment(**given | changes)


def make_history(n: int = 12, **changes: Any) -> History:
    moments = tuple(make_moment(place, **changes) for place in range(n))
    return History(model="flights", metric_name="auc", share_limit=0.3, moments=moments)


def n_pixels(png: bytes, colour: tuple[int, int, int]) -> int:
    pixels = Image.open(io.BytesIO(png)).convert("RGB").get_flattened_data()
    return sum(1 for pixel in pixels if pixel == colour)


def test_a_picture_fits_a_phone_and_is_small() -> None:
    marks = ("", "promoted", "retrain", "rolled_back")
    moments = tuple(make_moment(i, mark=marks[i % 4], version=str(i)) for i in range(60))

    png = draw(make_history().model_copy(update={"moments": moments}))

    assert Image.open(io.BytesIO(png)).size == (800, 450)
    assert len(png) < 100_000


def test_the_same_history_gives_the_same_picture() -> None:
    assert draw(make_history()) == draw(make_history())


def test_only_the_newest_batches_are_drawn() -> None:
    many = make_history(500)

    newest = many.model_copy(update={"moments": many.moments[-60:]})

    assert draw(many) == draw(newest)


@pytest.mark.parametrize(
    ("share", "is_over"), [(0.29, False), (0.3, True), (0.9, True)], ids=["under", "at", "over"]
)
def test_drift_from_its_limit_on_stands_out(share: float, is_over: bool) -> None:
    of_the_limit_alone = n_pixels(draw(make_history(drifted_share=0.0)), ORANGE)

    orange = n_pixels(draw(make_history(drifted_share=share)), ORANGE)

    assert (orange > of_the_limit_alone + 5000) is is_over


def test_the_metric_is_drawn_where_labels_have_come_and_only_there() -> None:
    unknown: dict[str, Any] = {"metric": None, "metric_low": None, "metric_high": None}

    assert n_pixels(draw(make_history()), BLUE) > 500
    assert n_pixels(draw(make_history(**unknown)), BLUE) == 0


@pytest.mark.parametrize("field", ["model", "metric_name", "batch", "version"])
def test_names_are_drawn_and_never_read_as_formulas(field: str) -> None:
    moments = tuple(make_moment(i, mark="promoted", version="4") for i in range(3))
    if field in Moment.model_fields:
        moments = tuple(moment.model_copy(update={field: EVIL}) for moment in moments)
    history = make_history().model_copy(update={"moments": moments})
    if field in History.model_fields:
        history = history.model_copy(update={field: EVIL})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png = draw(history)

    assert len(png) < 100_000


@pytest.mark.parametrize("length", [0, 1, 5000])
def test_names_of_any_length_leave_the_size_as_it_is(length: int) -> None:
    png = draw(make_history().model_copy(update={"model": "W" * length}))

    assert Image.open(io.BytesIO(png)).size == (800, 450)


def test_settings_of_the_machine_change_nothing_and_stay_as_they_are() -> None:
    plain = draw(make_history())

    with mpl.rc_context({"text.usetex": True, "axes.facecolor": "black", "font.size": 40}):
        changed = draw(make_history())
        kept = mpl.rcParams["font.size"]

    assert changed == plain
    assert kept == 40


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
moments = st.builds(
    Moment,
    batch=st.text(max_size=30),
    metric=numbers,
    metric_low=numbers,
    metric_high=numbers,
    reference=numbers,
    drifted_share=st.none() | st.floats(0, 1),
    mark=st.sampled_from(["", "retrain", "promoted", "rolled_back"]),
    version=st.text(max_size=30),
)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.builds(
        History,
        model=st.text(max_size=60),
        metric_name=st.text(max_size=60),
        share_limit=st.none() | st.floats(0, 1),
        moments=st.lists(moments, max_size=5).map(tuple),
    )
)
def test_any_history_can_be_drawn(history: History) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png = draw(history)

    assert png.startswith(b"\x89PNG")


def test_figures_beyond_any_scale_are_left_out() -> None:
    assert draw(make_history(metric=LARGEST)) == draw(make_history(metric=None))


@pytest.mark.parametrize(("n", "is_telling"), [(2, False), (3, True)])
def test_a_picture_is_worth_it_from_three_measured_batches_on(n: int, is_telling: bool) -> None:
    gaps = tuple(Moment(batch=f"{i}") for i in range(9))
    measured = make_history(n)

    history = measured.model_copy(update={"moments": (*gaps, *measured.moments)})

    assert history.is_telling is is_telling


def test_who_does_not_see_it_is_told_the_newest_figures() -> None:
    history = make_history(2).model_copy(
        update={"moments": (make_moment(0, metric=0.7123, drifted_share=0.62), Moment(batch="b"))}
    )

    assert title_of(history) == "flights: auc and drift, newest 2 batches"
    assert alt_of(history) == (
        "flights: auc and drift, newest 2 batches; auc 0.7123, reference 0.741;"
        " drifted share 0.62, limit 0.30"
    )


def test_the_picture_in_the_docs_is_what_would_be_drawn_today() -> None:
    shown, drawn = (
        np.asarray(Image.open(picture).convert("L"), dtype=float)
        for picture in (FILE, io.BytesIO(draw(example())))
    )

    assert shown.shape == drawn.shape
    assert np.abs(shown - drawn).mean() < 0.5  # else: python -m builders.picture_example
