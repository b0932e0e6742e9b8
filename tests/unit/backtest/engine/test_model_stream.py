"""A model's labelled rows as a stream, cut by its spec."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evergreen.backtest.engine.model_stream import stream_of_rows
from evergreen.errors import DataError, EmptyWindowError, SchemaError
from evergreen.spec.model import ModelSpec, Task

START = datetime(2024, 1, 1, 10, tzinfo=UTC)


def make_spec(**changed: Any) -> ModelSpec:
    spec = {
        "name": "sales",
        "owner": "shop",
        "schedule": "@weekly",
        "landing": {"uri": "file:///landing"},
        "labels": {"uri": "file:///labels"},
        "arrivals": {"every_days": 2, "label_delay_batches": 3},
        "windows": {"training_days": 10},
        "metric": "log_loss",
        "data": {
            "key": "id",
            "time_column": "at",
            "target": "bought",
            "features": [{"name": "shop", "kind": "categorical"}, {"name": "x", "kind": "numeric"}],
        },
    }
    return ModelSpec.model_validate({**spec, **changed})


def make_rows(n_days: int = 20, *, per_day: int = 10, start: datetime = START) -> pa.Table:
    n_rows = n_days * per_day
    return pa.table(
        {
            "id": np.arange(n_rows),
            "at": [start + timedelta(days=i / per_day) for i in range(n_rows)],
            "x": np.arange(n_rows, dtype=np.float64),
            "shop": pa.array(["b", "a"] * (n_rows // 2)).dictionary_encode(),
            "bought": np.arange(n_rows) // 3 % 2,
        }
    )


def test_the_spec_says_how_a_model_is_cut() -> None:
    stream = stream_of_rows(make_rows(), make_spec())

    assert stream.name == "sales"
    assert stream.metric == "log_loss"
    assert stream.label_delay == 3
    assert stream.batches_per_year == pytest.approx(365.25 / 2)
    assert [f.name for f in stream.features] == ["shop", "x"]
    assert stream.categorical == (0,)
    assert stream.matrix[:2].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("task", "metric", "values", "kept", "n_classes"),
    [
        pytest.param("multiclass", "accuracy", [0, 3], [0, 3], 5, id="classes keep their numbers"),
        pytest.param("regression", "rmse", [1.5, -2], [1.5, -2], 2, id="numbers"),
    ],
)
def test_the_target_is_as_the_task_says(
    task: Task, metric: str, values: list[float], kept: list[float], n_classes: int
) -> None:
    classes = {"classes": 5} if task == "multiclass" else {}
    data = make_spec().data.model_dump() | {"task": task} | classes
    spec = make_spec(data=data, metric=metric, decay={"max_drop": 0.1})
    rows = make_rows().set_column(4, "bought", pa.array(values * 100))

    stream = stream_of_rows(rows, spec)

    assert (stream.task, stream.n_classes) == (task, n_classes)
    assert stream.target[:2].tolist() == kept


@pytest.mark.parametrize(
    ("target", "error", "says"),
    [
        pytest.param([None, 1.0] * 100, DataError, "missing or infinite in 100 of 200", id="none"),
        pytest.param(["a", "b"] * 100, SchemaError, "expected numbers", id="text"),
    ],
)
def test_a_regression_needs_numbers(target: list[Any], error: type[Exception], says: str) -> None:
    data = make_spec().data.model_dump() | {"task": "regression"}
    spec = make_spec(data=data, metric="mae", decay={"max_drop": 0.1})

    with pytest.raises(error, match=says):
        stream_of_rows(make_rows().set_column(4, "bought", pa.array(target)), spec)


def test_batches_begin_at_midnight_after_the_training_days() -> None:
    stream = stream_of_rows(make_rows(), make_spec())

    assert stream.moments is not None
    assert stream.moments[0] == np.datetime64("2024-01-11")
    assert np.diff(stream.moments).tolist() == [timedelta(days=2)] * 5
    assert stream.edges.tolist() == [96, 116, 136, 156, 176, 196]
    assert stream.window_starts.tolist() == [0, 16, 36, 56, 76, 96]


def test_rows_may_come_in_any_order() -> None:
    rows = make_rows()
    shuffled = rows.take(pa.array(np.random.default_rng(1).permutation(rows.num_rows)))

    stream, sorted_stream = (stream_of_rows(table, make_spec()) for table in (shuffled, rows))

    np.testing.assert_array_equal(stream.matrix, sorted_stream.matrix)


@pytest.mark.parametrize(
    ("n_rows", "n_batches"),
    [
        pytest.param(120, 1, id="the last batch is full"),
        pytest.param(119, 1, id="nine tenths of it are there"),
        pytest.param(118, 0, id="less than nine tenths"),
    ],
)
def test_a_last_batch_counts_when_it_is_whole(n_rows: int, n_batches: int) -> None:
    midnight = START.replace(hour=0)
    rows = make_rows(12, start=midnight).slice(0, n_rows)

    if n_batches:
        assert stream_of_rows(rows, make_spec()).n_batches == n_batches
    else:
        with pytest.raises(EmptyWindowError, match="from 2024-01-01 to 2024-01-12"):
            stream_of_rows(rows, make_spec())


def test_periods_without_rows_are_passed_over() -> None:
    rows = make_rows(30)
    hole = pa.array([not 130 <= i < 180 for i in range(rows.num_rows)])

    stream = stream_of_rows(rows.filter(hole), make_spec())

    assert (np.diff(stream.edges) > 0).all()
    assert stream.n_batches == 8
    assert stream.moments is not None
    assert stream.moments.size == 9


def test_history_must_reach_beyond_the_training_days() -> None:
    with pytest.raises(EmptyWindowError, match="has labelled rows none"):
        stream_of_rows(make_rows().slice(0, 0), make_spec())
    with pytest.raises(EmptyWindowError, match="hold 19 labelled rows, expected at least 50"):
        stream_of_rows(make_rows(20, per_day=2).slice(11), make_spec())


def test_wrong_columns_are_refused() -> None:
    rows = make_rows()

    with pytest.raises(SchemaError, match="there is no sales column 'x'"):
        stream_of_rows(rows.drop_columns(["x"]), make_spec())
    with pytest.raises(SchemaError, match="expected a timestamp"):
        stream_of_rows(rows.set_column(1, "at", pa.array(np.arange(200))), make_spec())
    with pytest.raises(DataError, match="one class only"):
        stream_of_rows(rows.set_column(4, "bought", pa.array([1] * 200)), make_spec())
