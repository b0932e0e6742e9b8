"""Any table as a stream: what is read, and what is refused before work starts."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders.streams import START, make_columns, write_parquet
from evergreen.backtest.engine.read_table import read_stream
from evergreen.backtest.engine.stream import Stream
from evergreen.errors import DataError, EmptyWindowError, EvergreenError, RequestError, SchemaError


def read(path: Path, **changed: Any) -> Stream:
    asked: dict[str, Any] = {"time": "ts", "target": "target", "window": 100, "batch": 50}
    return read_stream(path, **{**asked, **changed})


def test_a_table_is_cut_into_a_first_window_and_whole_batches(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "sales.parquet", make_columns(349))

    stream = read(path, label_delay=2)

    assert stream.name == "sales"
    assert stream.n_batches == 4
    assert stream.edges.tolist() == [100, 150, 200, 250, 300]
    assert stream.window_starts.tolist() == [0, 50, 100, 150, 200]
    assert stream.label_delay == 2
    assert stream.metric == "auc"
    assert [(f.name, f.kind) for f in stream.features] == [("x", "numeric"), ("z", "numeric")]
    assert stream.matrix.shape == (349, 2)
    assert stream.table.schema.names == ["x", "z"]


def test_batches_lie_in_time_and_give_the_cadence(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300))

    stream = read(path, batch=48)

    assert stream.moments is not None
    assert stream.moments[0] == np.datetime64("2024-01-05T04:00")
    assert stream.batches_per_year == pytest.approx(365.25 / 2)


def test_a_bare_number_as_time_says_nothing_of_the_cadence(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300, ts=np.arange(300)))

    stream = read(path)

    assert stream.moments is None
    assert stream.batches_per_year == 52


@pytest.mark.parametrize(
    "times",
    [
        pytest.param([date(2024, 1, 1) + timedelta(days=i // 2) for i in range(300)], id="dates"),
        pytest.param(np.repeat(np.arange(150.0), 2), id="floats with equal neighbours"),
        pytest.param(pa.array(np.arange(300), pa.timestamp("ns")), id="naive timestamps"),
        pytest.param([Decimal(i) for i in range(300)], id="decimals"),
    ],
)
def test_time_may_be(tmp_path: Path, times: Any) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300, ts=times))

    assert read(path).n_batches == 4


def test_every_kind_of_column_becomes_a_feature(tmp_path: Path) -> None:
    n = 300
    names = ["b", "a", None] * 100
    columns = make_columns(
        n,
        x=None,
        z=None,
        number=pa.array([1.5, None, float("nan")] * 100),
        junk=pa.array([float("inf"), float("-inf"), 2.0] * 100),
        whole=np.arange(n, dtype=np.uint64),
        small=pa.array([0.5] * n, pa.float16()),
        money=[Decimal("1.25")] * n,
        flag=pa.array([True, False, None] * 100),
        text=names,
        large=pa.array(names, pa.large_string()),
        category=pa.array(names).dictionary_encode(),
        day=[date(1970, 1, 2)] * n,
        moment=[START] * n,
        clock=pa.array([90] * n, pa.time32("s")),
        span=pa.array([1500] * n, pa.duration("ms")),
        nothing=pa.nulls(n),
    )
    path = write_parquet(tmp_path / "t.parquet", columns)

    stream = read(path)

    kinds = {f.name: f.kind for f in stream.features}
    first = {f.name: stream.matrix[0, i] for i, f in enumerate(stream.features)}
    assert kinds == {
        "number": "numeric", "junk": "numeric", "whole": "integer", "small": "numeric",
        "money": "numeric", "flag": "boolean", "text": "categorical", "large": "categorical",
        "category": "categorical", "day": "datetime", "moment": "datetime",
        "clock": "numeric", "span": "numeric", "nothing": "numeric",
    }  # fmt: skip
    assert [stream.features[i].name for i in stream.categorical] == [
        "text", "large", "category",
    ]  # fmt: skip
    assert first["text"] == first["large"] == first["category"] == 1  # "b" of "a", "b"
    assert first["flag"] == 1
    assert first["day"] == 86_400
    assert first["moment"] == START.timestamp()
    assert (first["clock"], first["span"]) == (90, 1.5)
    assert first["money"] == 1.25
    assert first["junk"] == 1e300
    assert np.isnan(first["nothing"])
    assert np.isnan(stream.matrix[2, list(stream.categorical)]).all()
    assert np.isnan(stream.matrix[1:3, 0]).all()
    assert stream.table["junk"][0].as_py() == float("inf")


def test_a_code_means_the_same_value_in_every_row(tmp_path: Path) -> None:
    names = ["z"] * 150 + ["a"] * 150
    columns = make_columns(300, x=pa.chunked_array([names[:40], names[40:]]).dictionary_encode())
    path = write_parquet(tmp_path / "t.parquet", columns)

    codes = read(path).matrix[:, 0]

    assert codes.tolist() == [1.0] * 150 + [0.0] * 150


@pytest.mark.parametrize(
    ("target", "n_classes", "first"),
    [
        pytest.param([5, 3, 9] * 100, 3, 1, id="whole numbers"),
        pytest.param(["no", "yes"] * 150, 2, 0, id="text"),
        pytest.param([True, False] * 150, 2, 1, id="booleans"),
        pytest.param([1.0, 0.0] * 150, 2, 1, id="whole floats"),
        pytest.param(pa.array(["é", "中"] * 150).dictionary_encode(), 2, 0, id="categories"),
    ],
)
def test_target_may_be(tmp_path: Path, target: Any, n_classes: int, first: int) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300, target=target))

    stream = read(path)

    assert stream.n_classes == n_classes
    assert stream.target[0] == first
    assert stream.metric == ("auc" if n_classes == 2 else "accuracy")


def test_accuracy_may_be_asked_of_two_classes(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns())

    assert read(path, metric="accuracy").metric == "accuracy"


def test_an_index_that_pandas_saved_without_a_name_is_no_feature(tmp_path: Path) -> None:
    frame = pd.DataFrame(make_columns(300)).sample(frac=1, random_state=1).sort_values("ts")
    frame.to_parquet(tmp_path / "t.parquet")

    stream = read(tmp_path / "t.parquet")

    assert "__index_level_0__" in pq.read_schema(tmp_path / "t.parquet").names
    assert [f.name for f in stream.features] == ["x", "z"]


def test_a_time_that_is_the_index_of_a_frame_is_found(tmp_path: Path) -> None:
    pd.DataFrame(make_columns(300)).set_index("ts").to_parquet(tmp_path / "t.parquet")

    assert read(tmp_path / "t.parquet").n_batches == 4


def test_an_ignored_column_is_no_feature(tmp_path: Path) -> None:
    columns = make_columns(300, order_id=[f"o{i}" for i in range(300)], tags=[["a"]] * 300)
    path = write_parquet(tmp_path / "t.parquet", columns)

    assert [f.name for f in read(path, ignore=["order_id", "tags"]).features] == ["x", "z"]


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        pytest.param({"target": "traget"}, SchemaError, "did you mean 'target'?", id="target"),
        pytest.param({"time": "day"}, SchemaError, "it has ts, x, z, target", id="time"),
        pytest.param({"ignore": ["xx"]}, SchemaError, "no ignored column 'xx'", id="ignored"),
        pytest.param({"ignore": ["ts"]}, RequestError, "is the time or the target", id="both"),
        pytest.param({"target": "ts"}, RequestError, "are both 'ts'", id="the same"),
        pytest.param({"ignore": ["x", "z"]}, SchemaError, "no column besides", id="no feature"),
        pytest.param({"window": 49}, RequestError, "--window is 49, expected at least 50", id="W"),
        pytest.param({"batch": 9}, RequestError, "--batch is 9, expected at least 10", id="B"),
        pytest.param({"label_delay": -1}, RequestError, "--label-delay is -1", id="delay"),
        pytest.param({"label_delay": 4}, RequestError, "the table makes 4", id="long delay"),
        pytest.param({"window": 251}, EmptyWindowError, "at least 301", id="one row short"),
    ],
)
def test_wrong_requests_are_refused(
    tmp_path: Path, changed: dict[str, Any], error: type[EvergreenError], said: str
) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300))

    with pytest.raises(error) as refused:
        read(path, **changed)

    assert said in str(refused.value)


def test_the_smallest_table_is_a_window_and_a_batch(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(60))

    assert read(path, window=50, batch=10).n_batches == 1


def _swapped() -> list[Any]:
    times = list(make_columns(300)["ts"])
    times[7], times[8] = times[8], times[7]
    return times


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        pytest.param({"ts": _swapped()}, DataError, "row 8 (2024-01-01 07:00", id="order"),
        pytest.param({"ts": ["2024"] * 300}, SchemaError, "pandas.to_datetime", id="text as time"),
        pytest.param({"ts": [True] * 300}, SchemaError, "expected a timestamp", id="flag as time"),
        pytest.param({"ts": [1, None] * 150}, DataError, "first in row 1 ", id="null time"),
        pytest.param({"ts": [1.0, np.nan] * 150}, DataError, "in 150 rows", id="NaN time"),
        pytest.param({"ts": [1.0] * 299 + [np.inf]}, DataError, "row 299", id="infinite time"),
        pytest.param({"target": [1] * 300}, DataError, "one class only (1) in the whole", id="one"),
        pytest.param(
            {"target": [0] * 100 + [1] * 200}, DataError, "in the first 100 rows", id="late class"
        ),
        pytest.param({"target": [0, 1, None] * 100}, DataError, "missing in 100 of 300", id="null"),
        pytest.param({"target": pa.nulls(300)}, SchemaError, "is null", id="no target at all"),
        pytest.param({"target": [0.5, 1.0] * 150}, DataError, "holds 0.5", id="regression"),
        pytest.param({"target": [np.nan, 1.0] * 150}, DataError, "missing in 150", id="NaN"),
        pytest.param({"target": [np.inf, 1.0] * 150}, DataError, "holds inf", id="infinite"),
        pytest.param({"target": list(range(300))}, DataError, "300 different values", id="many"),
        pytest.param({"target": [START] * 300}, SchemaError, "expected classes", id="moments"),
        pytest.param({"x": [[1]] * 300}, SchemaError, "--ignore x", id="lists"),
        pytest.param({"x": [b"1"] * 300}, SchemaError, "is binary, expected numbers", id="bytes"),
        pytest.param({"x": [{"a": 1}] * 300}, SchemaError, "struct", id="structs"),
        pytest.param({"y" * 201: [1] * 300}, SchemaError, "(201 characters)", id="long name"),
        pytest.param({"": [1] * 300}, SchemaError, "(0 characters)", id="no name"),
    ],
)
def test_unusable_tables_are_refused(
    tmp_path: Path, changed: dict[str, Any], error: type[EvergreenError], said: str
) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300, **changed))

    with pytest.raises(error) as refused:
        read(path)

    assert said in str(refused.value)


def test_auc_of_three_classes_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300, target=[0, 1, 2] * 100))

    with pytest.raises(RequestError, match=r"auc is no metric of 3 classes.* accuracy, log_loss"):
        read(path, metric="auc")


def test_a_hundred_classes_are_the_most(tmp_path: Path) -> None:
    hundred = write_parquet(
        tmp_path / "a.parquet", make_columns(303, target=[i % 100 for i in range(303)])
    )
    more = write_parquet(
        tmp_path / "b.parquet", make_columns(303, target=[i % 101 for i in range(303)])
    )

    assert read(hundred).n_classes == 100
    with pytest.raises(DataError, match="101 different values"):
        read(more)


def test_duplicate_columns_are_refused(tmp_path: Path) -> None:
    columns = make_columns(300)
    table = pa.table([*columns.values(), columns["x"]], names=[*columns, "x"])
    pq.write_table(table, tmp_path / "t.parquet")

    with pytest.raises(SchemaError, match="column 'x' more than once"):
        read(tmp_path / "t.parquet")


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ts,target\n1,0\n")
    write_parquet(tmp_path / "sales.parquet", make_columns())

    with pytest.raises(DataError, match=r"cannot be read as Parquet.*from CSV"):
        read(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"the folder has sales\.parquet"):
        read(tmp_path / "sale.parquet")
    with pytest.raises(DataError, match="is a folder"):
        read(tmp_path)


def test_a_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", make_columns(300))
    data = path.read_bytes()
    path.write_bytes(data[:200] + b"\0" * 2000 + data[2200:])

    with pytest.raises(DataError, match="cannot be read"):
        read(path)
