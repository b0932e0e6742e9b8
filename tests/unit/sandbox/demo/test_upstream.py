from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import RequestError
from evergreen.records import Manifest
from evergreen.sandbox.demo.options import DemoOptions
from evergreen.sandbox.demo.upstream import Upstream
from evergreen.spec.model import ModelSpec

OPTIONS = DemoOptions(weeks=4, start=date(2013, 1, 1))


def make_spec(folder: Path, *, scheme: str = "file") -> ModelSpec:
    landing = f"file://{folder}/landing" if scheme == "file" else "s3://bucket/landing"
    return ModelSpec.model_validate(
        {
            "name": "flights",
            "owner": "ops",
            "schedule": "@continuous",
            "landing": {"uri": landing},
            "labels": {"uri": f"file://{folder}/labels"},
            "data": {
                "key": "id",
                "time_column": "time",
                "target": "late",
                "features": ({"name": "temp", "kind": "numeric"},),
            },
        }
    )


def make_frame(n_days: int = 90) -> pd.DataFrame:
    start = datetime(2013, 1, 1, tzinfo=UTC)
    times = [start + timedelta(hours=hour) for hour in range(24 * n_days)]
    n_rows = len(times)
    return pd.DataFrame(
        {
            "id": [f"f{row}" for row in range(n_rows)],
            "time": pd.Series(times).dt.as_unit("us"),
            "temp": np.linspace(0, 90, n_rows),
            "late": np.arange(n_rows) % 2,
        }
    )


def make_upstream(folder: Path, **changes: Any) -> Upstream:
    return Upstream(make_spec(folder), make_frame(), replace(OPTIONS, **changes))


def test_a_history_comes_first_then_one_batch_a_week(tmp_path: Path) -> None:
    weeks = make_upstream(tmp_path).weeks

    assert [week.number for week in weeks] == [0, 1, 2, 3, 4]
    assert [week.batch for week in weeks[:3]] == ["2013-01-01", "2013-02-12", "2013-02-19"]
    assert [week.planned.window.days for week in weeks] == [42, 7, 7, 7, 7]


def test_exactly_one_week_is_broken(tmp_path: Path) -> None:
    weeks = make_upstream(tmp_path).weeks

    assert [week.number for week in weeks if week.fault] == [OPTIONS.broken_week]


def test_deliveries_land_where_the_spec_says(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path)

    manifest = upstream.deliver(upstream.weeks[1])
    labels = upstream.deliver_labels(upstream.weeks[1])

    landed = (tmp_path / "landing" / "2013-02-12" / "manifest.json").read_text()
    assert Manifest.model_validate_json(landed) == manifest
    assert (tmp_path / "labels" / "2013-02-12" / "manifest.json").exists()
    assert manifest.n_rows == labels.n_rows == 24 * 7


def test_another_seed_plays_another_year(tmp_path: Path) -> None:
    rows = [
        upstream.deliver(upstream.weeks[1]).files[0].sha256
        for upstream in (make_upstream(tmp_path, seed=seed) for seed in (None, 1, 2, 1))
    ]

    assert len(set(rows)) == 3
    assert rows[1] == rows[3]


def test_a_year_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="start earlier"):
        make_upstream(tmp_path, weeks=10)


def test_a_spec_that_lands_in_a_bucket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="file:// locations"):
        Upstream(make_spec(tmp_path, scheme="s3"), make_frame(), OPTIONS)
