"""Builders of specs and batches for the quality gate's tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.records import Window
from evergreen.spec.model import ModelSpec

START = datetime(2013, 1, 1, tzinfo=UTC)
END = datetime(2013, 1, 8, tzinfo=UTC)


def build_spec(**quality: Any) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "name": "flights",
            "owner": "team",
            "schedule": "@daily",
            "landing": {"uri": "file:///landing"},
            "labels": {"uri": "file:///labels"},
            "data": {
                "key": "flight_id",
                "time_column": "scheduled_at",
                "target": "is_late",
                "features": [
                    {"name": "distance", "kind": "numeric"},
                    {"name": "carrier", "kind": "categorical"},
                    {"name": "is_weekend", "kind": "boolean", "derived": True},
                ],
            },
            "quality": {"min_rows": 10, **quality},
        }
    )


def build_batch(n_rows: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    hours = pd.date_range(START, periods=max(n_rows, 1), freq="h", tz="UTC")[:n_rows]
    return pd.DataFrame(
        {
            "flight_id": [f"f{i}" for i in range(n_rows)],
            "scheduled_at": hours.astype("datetime64[us, UTC]"),
            "distance": rng.uniform(100.0, 2000.0, n_rows),
            "carrier": pd.Series(rng.choice(["AA", "UA"], n_rows), dtype=object),
        }
    )


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., ModelSpec]:
    return build_spec


@pytest.fixture(scope="session")
def make_batch() -> Callable[..., pd.DataFrame]:
    return build_batch


@pytest.fixture(scope="session")
def window() -> Window:
    return Window(start=START, end=END)
