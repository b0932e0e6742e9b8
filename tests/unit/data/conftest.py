"""A small spec and deliveries that fit it."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.records import DeliveredFile, Manifest, Window
from evergreen.spec.model import ModelSpec

START = datetime(2013, 1, 8, tzinfo=UTC)


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "name": "shop",
            "owner": "someone",
            "schedule": "@daily",
            "landing": {"uri": "file:///landing"},
            "labels": {"uri": "file:///labels"},
            "data": {
                "key": "id",
                "time_column": "at",
                "target": "bought",
                "features": [
                    {"name": "price", "kind": "numeric"},
                    {"name": "visits", "kind": "integer"},
                    {"name": "country", "kind": "categorical"},
                    {"name": "is_member", "kind": "boolean"},
                    {"name": "price_per_visit", "kind": "numeric", "derived": True},
                ],
            },
        }
    )


@pytest.fixture
def make_table() -> Callable[..., pa.Table]:
    def make(n_rows: int = 4, start: datetime = START) -> pa.Table:
        times = [start + timedelta(hours=n) for n in range(n_rows)]
        return pa.table(
            {
                "id": [f"row-{n}" for n in range(n_rows)],
                "at": pa.array(times, pa.timestamp("us", tz="UTC")),
                "price": [1.5 * n for n in range(n_rows)],
                "visits": list(range(n_rows)),
                "country": ["nl", "be"] * (n_rows // 2) + ["nl"] * (n_rows % 2),
                "is_member": [n % 2 == 0 for n in range(n_rows)],
            }
        )

    return make


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    def make(
        table: pa.Table, *, kind: Literal["data", "labels"] = "data", **changes: Any
    ) -> Manifest:
        n_rows = changes.pop("n_rows", table.num_rows)
        file = DeliveredFile(path="part-0.parquet", size_bytes=1, sha256="0" * 64, n_rows=n_rows)
        values = {
            "model": "shop",
            "batch": "2013-01-08",
            "kind": kind,
            "files": (file,),
            "n_rows": n_rows,
            "columns": {field.name: str(field.type) for field in table.schema},
            "window": Window(start=START, end=START + timedelta(days=7)),
        }
        return Manifest(**(values | changes))

    return make


@pytest.fixture
def as_file() -> Callable[[pa.Table], tuple[BytesIO, DeliveredFile]]:
    def write(table: pa.Table) -> tuple[BytesIO, DeliveredFile]:
        buffer = BytesIO()
        pq.write_table(table, buffer)
        data = buffer.getvalue()
        listed = DeliveredFile(
            path="part-0.parquet",
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            n_rows=table.num_rows,
        )
        return BytesIO(data), listed

    return write
