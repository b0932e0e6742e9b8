import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.report.samples import Picture, make_pictures
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature, FeatureKind


def draw(reference: pa.Array, current: pa.Array, kind: FeatureKind) -> Picture:
    before, after = pa.table({"x": reference}), pa.table({"x": current})
    profile = build_profile(before, [Feature(name="x", kind=kind)])
    measured = measure_drift(profile, after.to_batches(), Drift(min_rows=10))
    (picture,), left_out = make_pictures(before.to_pandas(), after.to_pandas(), measured, profile)
    assert left_out == {}
    return picture


@pytest.mark.parametrize("target", [pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.date32()])
def test_a_datetime_is_drawn_over_years(target: pa.DataType) -> None:
    days = pa.array([dt.date(2013, 1, 1) + dt.timedelta(days=i) for i in range(365)])
    moments = days.cast(target)

    picture = draw(moments, moments, "datetime")

    assert picture.is_numeric
    assert 2012.9 < picture.reference.min() < picture.reference.max() < 2014.1


def test_only_what_is_surely_new_is_drawn_as_unseen() -> None:
    values = np.array([f"v{i % 1000}" for i in range(3000)])
    current = np.concatenate((values[:500], [f"new {i}" for i in range(500)]))

    picture = draw(pa.array(values), pa.array(current), "categorical")

    assert set(picture.reference.tolist()) == {"(other)"}
    assert (picture.current[:500] == "(other)").all()
    assert (picture.current[500:] == "(unseen)").mean() > 0.8
