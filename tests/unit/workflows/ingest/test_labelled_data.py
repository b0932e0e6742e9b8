import pyarrow as pa
import pytest

from drivers.history import accept, label
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.errors import DataError, EmptyWindowError
from evergreen.records import Window
from evergreen.workflows.ingest.labelled_data import (
    count_labelled,
    join_labels,
    labelled_path,
    matured,
    read_labelled,
    scored_batches,
)
from evergreen.workflows.model_context import Workbench


def weeks(first: float, end: float) -> Window:
    return Window(start=FIRST + first * WEEK, end=FIRST + end * WEEK)


def predict(bench: Workbench, batch: str, version: str, n_rows: int = 400) -> None:
    """Keep predictions of a version, the same for every row."""
    delivery = bench.ledger.batches.delivery(bench.spec.name, "data", batch)
    assert delivery is not None
    keys = bench.store.read_table(str(delivery.path))["id"].slice(0, n_rows)
    path = f"predictions/{bench.spec.name}/{batch}/v{version}.parquet"
    log = pa.table({"id": keys, "prediction": [0.5] * len(keys)})
    digest = bench.store.write_table(path, log)
    bench.ledger.batches.record_predictions(
        bench.spec.name, batch, version, path=path, sha256=digest, n_rows=len(keys)
    )


def test_labels_are_joined_by_key_and_in_time_order(bench: Workbench, upstream: Upstream) -> None:
    accept(bench, upstream, 0)
    batch = label(bench, upstream, 0)

    table = bench.store.read_table(labelled_path(bench.spec.name, batch))

    assert table.num_rows == 400
    assert table["at"].to_pylist() == sorted(table["at"].to_pylist())
    assert set(table["late"].to_pylist()) == {0, 1}


def test_rows_without_a_label_stay_out(bench: Workbench, upstream: Upstream) -> None:
    accept(bench, upstream, 0, n_rows=400)
    batch = label(bench, upstream, 0, n_rows=390)

    assert join_labels(bench, batch) == 390


def test_joining_again_writes_the_same_file(bench: Workbench, upstream: Upstream) -> None:
    accept(bench, upstream, 0)
    batch = label(bench, upstream, 0)
    path = labelled_path(bench.spec.name, batch)
    before = bench.store.read_bytes(path)

    join_labels(bench, batch)

    assert bench.store.read_bytes(path) == before


def test_a_window_takes_its_start_and_leaves_its_end(bench: Workbench, upstream: Upstream) -> None:
    for week in (0, 1):
        accept(bench, upstream, week)
        label(bench, upstream, week)

    rows = read_labelled(bench, weeks(0.5, 1))

    assert rows.num_rows == count_labelled(bench, weeks(0.5, 1)) == 200
    assert min(rows["at"].to_pylist()) == FIRST + 0.5 * WEEK


def test_what_matured_later_is_not_known_before(bench: Workbench, upstream: Upstream) -> None:
    for week in (0, 1):
        accept(bench, upstream, week)
        label(bench, upstream, week)

    assert [d.batch for d in matured(bench, before="2024-01-08")] == ["2024-01-01"]
    assert count_labelled(bench, weeks(0, 2), before="2024-01-08") == 400


def test_an_empty_window_is_named(bench: Workbench) -> None:
    assert count_labelled(bench, weeks(0, 1)) == 0
    with pytest.raises(EmptyWindowError, match="no labelled batch"):
        read_labelled(bench, weeks(0, 1))


def test_a_feature_that_the_spec_got_later_is_null_in_earlier_batches(
    bench: Workbench, upstream: Upstream
) -> None:
    for week in (0, 1):
        accept(bench, upstream, week)
        label(bench, upstream, week)
    path = labelled_path(bench.spec.name, "2024-01-08")
    table = bench.store.read_table(path)
    bench.store.write_table(path, table.append_column("wind", pa.array([1.0] * table.num_rows)))

    rows = read_labelled(bench, weeks(0, 2))

    assert rows["wind"].null_count == 400
    assert rows.num_rows == 800


def test_a_column_that_changed_its_type_is_a_data_error(
    bench: Workbench, upstream: Upstream
) -> None:
    for week in (0, 1):
        accept(bench, upstream, week)
        label(bench, upstream, week)
    path = labelled_path(bench.spec.name, "2024-01-08")
    table = bench.store.read_table(path)
    position = table.schema.get_field_index("temp")
    texts = pa.array(["mild"] * table.num_rows)
    bench.store.write_table(path, table.set_column(position, "temp", texts))

    with pytest.raises(DataError, match="do not fit together"):
        read_labelled(bench, weeks(0, 2))


def test_decay_is_measured_on_labelled_batches_that_the_version_has_scored(
    bench: Workbench, upstream: Upstream
) -> None:
    for week in (0, 1, 2, 3):
        accept(bench, upstream, week)
    for week in (0, 1, 2):
        label(bench, upstream, week)
    predict(bench, "2024-01-01", "1")
    predict(bench, "2024-01-08", "2")  # by another version
    predict(bench, "2024-01-15", "1", n_rows=300)
    predict(bench, "2024-01-22", "1")  # not labelled yet

    found = scored_batches(bench, "1", newest=5)

    assert [(b.batch, len(b.target), b.n_scored) for b in found] == [
        ("2024-01-01", 400, 400),
        ("2024-01-15", 300, 300),
    ]
    assert [b.batch for b in scored_batches(bench, "1", newest=1)] == ["2024-01-15"]
    assert [b.batch for b in scored_batches(bench, "1", newest=1, before="2024-01-15")] == [
        "2024-01-01"
    ]
