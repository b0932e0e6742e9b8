import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import SchemaError
from evergreen.spec.model import Feature
from evergreen.training.feature_matrix import to_matrix
from evergreen.training.fit import fit
from evergreen.training.score import score

SINCE = Feature(name="since", kind="datetime")
MOMENT = dt.datetime(2013, 1, 8, 6, 30, tzinfo=dt.UTC)
SECONDS = 1_357_626_600.0
DAY = 1_357_603_200.0


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param(pa.array([MOMENT, None]), SECONDS, id="timestamp"),
        pytest.param(
            pa.array([MOMENT, None], pa.timestamp("ns", "America/New_York")), SECONDS, id="timezone"
        ),
        pytest.param(pa.array([MOMENT.replace(tzinfo=None), None]), SECONDS, id="no timezone"),
        pytest.param(pa.array([MOMENT.date(), None]), DAY, id="date"),
    ],
)
def test_a_datetime_is_seconds_since_1970(array: pa.Array, expected: float) -> None:
    frame = pa.table({"since": array}).to_pandas()

    matrix = to_matrix(frame, [SINCE])

    np.testing.assert_array_equal(matrix["since"].to_numpy(), [expected, np.nan])


def test_a_datetime_without_values_is_missing() -> None:
    matrix = to_matrix(pa.table({"since": pa.nulls(2)}).to_pandas(), [SINCE])

    assert matrix["since"].isna().all()


@pytest.mark.parametrize("values", [[1, 2], ["2013-01-08", "x"], [1.5, 2.5]])
def test_what_is_no_datetime_is_refused(values: list[object]) -> None:
    with pytest.raises(SchemaError, match=r"feature since is \w+, expected datetimes"):
        to_matrix(pd.DataFrame({"since": values}), [SINCE])


def test_a_model_learns_and_scores_with_a_datetime(workshop: Any) -> None:
    since = pa.array([MOMENT + dt.timedelta(hours=i) for i in range(600)])
    late = (np.arange(600) > 300).astype(np.int64)
    table = workshop.table(since=since, late=late)

    model = fit(workshop.fit_job(table, features=(SINCE,)))
    scored = score(workshop.score_job(table, sha256=model.sha256, features=(SINCE,)))

    scores = pq.read_table(scored.path)["score"].to_numpy()
    assert scores[late == 1].mean() > scores[late == 0].mean() + 0.4


def test_numbers_for_a_datetime_are_refused_by_file(workshop: Any) -> None:
    table = workshop.table(since=list(range(600)))

    with pytest.raises(SchemaError, match="column since is int64, expected datetime"):
        fit(workshop.fit_job(table, features=(SINCE,)))
