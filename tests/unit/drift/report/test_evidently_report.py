import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.drift.report.evidently_report import MAX_BYTES, draw_report, run_evidently
from evergreen.drift.report.samples import SAMPLE_ROWS, make_pictures, sample
from evergreen.measurements import DriftMeasurement
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature

FEATURES = (
    Feature(name="temp", kind="numeric"),
    Feature(name="hour", kind="integer"),
    Feature(name="origin", kind="categorical"),
    Feature(name="is_weekend", kind="boolean"),
)
SECRET = 61.123456789


def make_frame(n_rows: int, *, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    temp = random.normal(shift, 1.0, n_rows)
    temp[:3] = [np.nan, np.inf, SECRET]
    frame = pd.DataFrame(
        {
            "temp": temp,
            "hour": random.integers(0, 24, n_rows),
            "origin": random.choice(["EWR", "JFK", "LGA"], n_rows),
            "is_weekend": random.random(n_rows) < 2 / 7,
        }
    )
    frame.loc[:5, "origin"] = None
    return frame


def measured(
    reference: pd.DataFrame, current: pd.DataFrame, features: tuple[Feature, ...] = FEATURES
) -> tuple[DriftMeasurement, ReferenceProfile]:
    profile = build_profile(pa.Table.from_pandas(reference), features)
    batches = pa.Table.from_pandas(current).to_batches()
    return measure_drift(profile, batches, Drift(min_rows=100)), profile


def scores_on(page: str) -> list[tuple[str, float]]:
    """Read (feature, score) off the page, as Evidently wrote them."""
    found = re.findall(r"Drift in column '([^']*)'.{0,99}?Drift score: ([\d.]+)", page)
    return [(name, float(score)) for name, score in found]


def test_evidently_shows_the_ledgers_numbers() -> None:
    reference, current = make_frame(3000), make_frame(800, shift=1.0, seed=1)
    measurement, profile = measured(reference, current)
    pictures, _ = make_pictures(reference, current, measurement, profile)

    snapshot = run_evidently(pictures)
    page = draw_report(reference, current, measurement, profile)

    expected = {
        (c.column, f"evergreen_{name}"): getattr(c, name)
        for c in measurement.columns
        for name in ("psi", "ks")
        if getattr(c, name) is not None
    }
    shown = {
        (m["config"]["column"], m["config"]["method"]): m["value"]
        for m in snapshot.dict()["metrics"]
    }
    assert len(expected) == 6
    assert shown == expected
    rounded = sorted((name, round(value, 3)) for (name, _), value in expected.items())
    assert sorted(scores_on(page)) == rounded


def test_numbers_are_those_of_all_rows_though_pictures_are_sampled() -> None:
    reference = make_frame(3 * SAMPLE_ROWS)
    current = make_frame(2 * SAMPLE_ROWS, shift=0.5, seed=1)
    measurement, profile = measured(reference, current)

    page = draw_report(reference, current, measurement, profile, seed=7)

    sampled, _ = measured(sample(reference, seed=7), sample(current, seed=7))
    assert measurement.columns[0].psi != sampled.columns[0].psi
    assert dict(scores_on(page))["is_weekend"] == round(measurement.columns[3].psi or 0, 3)
    assert "reference rows 5000 of 15000, batch rows 5000 of 10000, seed 7" in page


def test_sample_is_the_same_for_the_same_seed() -> None:
    frame = make_frame(2 * SAMPLE_ROWS)

    assert sample(frame, seed=1).equals(sample(frame, seed=1))
    assert not sample(frame, seed=1).equals(sample(frame, seed=2))
    assert sample(frame.head(10), seed=1).equals(frame.head(10))


def test_page_holds_no_raw_rows_and_stays_below_5_mb() -> None:
    random = np.random.default_rng(0)
    wide = {f"x{i}": random.normal(size=1000) for i in range(60)}
    wide["ids"] = np.array([f"passenger-{i}" for i in range(1000)])
    features = tuple(
        Feature(name=name, kind="categorical" if name == "ids" else "numeric") for name in wide
    )
    frame = pd.DataFrame(wide)
    frame.loc[0, "x1"] = SECRET
    measurement, profile = measured(frame, frame, features)

    page = draw_report(frame, frame.head(110), measurement, profile)

    assert len(page.encode()) < MAX_BYTES
    assert str(SECRET) not in page
    assert "passenger-" not in page
    assert "Index binned" not in page
    assert len(scores_on(page)) == 121


def test_what_cannot_be_drawn_is_left_out_and_named() -> None:
    reference, current = make_frame(500), make_frame(500, seed=1)
    current["hour"] = None
    current["temp"] = np.inf
    current = current.drop(columns="is_weekend")
    measurement, profile = measured(reference, current)

    page = draw_report(reference, current, measurement, profile)

    assert {name for name, _ in scores_on(page)} == {"origin"}
    assert "<li>temp: the sample of the batch holds 0 values to draw</li>" in page
    assert "<li>hour: drift cannot be computed, all rows are null" in page
    assert "<li>is_weekend: drift cannot be computed, column is missing</li>" in page


def test_a_feature_on_which_evidently_breaks_takes_no_other_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import evidently.metrics.column_statistics as module

    draw = module.get_one_column_drift

    def break_on_hour(**arguments: object) -> object:
        if arguments["column_name"] == "hour":
            raise RuntimeError("cannot plot this")
        return draw(**arguments)

    monkeypatch.setattr(module, "get_one_column_drift", break_on_hour)
    reference, current = make_frame(500), make_frame(500, seed=1)
    measurement, profile = measured(reference, current)

    page = draw_report(reference, current, measurement, profile)

    assert {name for name, _ in scores_on(page)} == {"temp", "origin", "is_weekend"}
    assert "<li>hour: Evidently cannot draw it: cannot plot this</li>" in page


def test_pictures_are_left_out_rather_than_exceed_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evergreen.drift.report.evidently_report.MAX_BYTES", 3_775_000)
    names = [f"x{i}" for i in range(20)]
    frame = pd.DataFrame({name: np.arange(400.0) for name in names})
    features = tuple(Feature(name=name, kind="numeric") for name in names)
    measurement, profile = measured(frame, frame, features)

    page = draw_report(frame, frame, measurement, profile)

    assert len(page.encode()) < 3_775_000
    assert 0 < len(scores_on(page)) < 40
    assert "left out to keep the page below 5 MB" in page


def test_with_nothing_to_draw_the_page_still_holds_the_table() -> None:
    frame = make_frame(50)
    measurement, profile = measured(frame, frame)

    page = draw_report(frame, frame, measurement, profile)

    assert scores_on(page) == []
    assert page.count("insufficient data") == 4
    assert "temp: 50 rows, needs 100 for a verdict" in page


def test_names_and_values_cannot_become_markup() -> None:
    evil = "</script><script>alert(1)</script>"
    reference = pd.DataFrame({evil: [evil, "b"] * 200, f"{evil}&": [1.0, 2.0] * 200})
    features = (Feature(name=evil, kind="categorical"), Feature(name=f"{evil}&", kind="numeric"))
    measurement, profile = measured(reference, reference, features)

    page = draw_report(reference, reference, measurement, profile)

    assert "<script>alert" not in page
    assert len(scores_on(page)) == 3
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page


def test_two_features_never_share_a_title() -> None:
    frame = pd.DataFrame({"a<": [1.0, 2.0] * 200, "a(": [1.0, 2.0] * 200})
    features = (Feature(name="a<", kind="numeric"), Feature(name="a(", kind="numeric"))
    measurement, profile = measured(frame, frame, features)

    pictures, left_out = make_pictures(frame, frame, measurement, profile)

    assert [picture.title for picture in pictures] == ["a("]
    assert left_out == {"a(": "another feature is drawn under the title 'a('"}


def test_outermost_values_are_drawn_at_the_edge() -> None:
    reference, current = make_frame(500), make_frame(500, seed=1)
    current.loc[10, "temp"] = 1e9
    measurement, profile = measured(reference, current)

    pictures, _ = make_pictures(reference, current, measurement, profile)

    temp = next(picture for picture in pictures if picture.title == "temp")
    assert max(temp.current.max(), temp.reference.max()) < 5
    assert json.dumps(temp.title) == '"temp"'
