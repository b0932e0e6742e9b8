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
from evergreen.workflows.model_context import ModelContext


def weeks(first: float, end: float) -> Window:
    return Window(start=FIRST + first * WEEK, end=FIRST + end * WEEK)


def predict(context: ModelContext, batch: str, version: str, n_rows: int = 400) -> None:
    """Keep predictions of a version, the same for every row."""
    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    assert delivery is not None
    keys = context.store.read_table(str(delivery.path))["id"].slice(0, n_rows)
    path = f"predictions/{context.spec.name}/{batch}/v{version}.parquet"
    log = pa.table({"id": keys, "prediction": [0.5] * len(keys)})
    digest = context.store.write_table(path, log)
    context.ledger.batches.record_predictions(
        context.spec.name, batch, version, path=path, sha256=digest, n_rows=len(keys)
    )


def test_labels_are_joined_by_key_and_in_time_order(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0)
    batch = label(context, upstream, 0)

    table = context.store.read_table(labelled_path(context.spec.name, batch))

    assert table.num_rows == 400
    assert table["at"].to_pylist() == sorted(table["at"].to_pylist())
    assert set(table["late"].to_pylist()) == {0, 1}


def test_rows_without_a_label_stay_out(context: ModelContext, upstream: Upstream) -> None:
    accept(context, upstream, 0, n_rows=400)
    batch = label(context, upstream, 0, n_rows=390)

    assert join_labels(context, batch) == 390


def test_joining_again_writes_the_same_file(context: ModelContext, upstream: Upstream) -> None:
    accept(context, upstream, 0)
    batch = label(context, upstream, 0)
    path = labelled_path(context.spec.name, batch)
    before = context.store.read_bytes(path)

    join_labels(context, batch)

    assert context.store.read_bytes(path) == before


def test_a_window_takes_its_start_and_leaves_its_end(
    context: ModelContext, upstream: Upstream
) -> None:
    for week in (0, 1):
        accept(context, upstream, week)
        label(context, upstream, week)

    rows = read_labelled(context.spec, context.ledger, context.store, weeks(0.5, 1))

    assert (
        rows.num_rows
        == count_labelled(context.spec, context.ledger, context.store, weeks(0.5, 1))
        == 200
    )
    assert min(rows["at"].to_pylist()) == FIRST + 0.5 * WEEK


def test_what_matured_later_is_not_known_before(context: ModelContext, upstream: Upstream) -> None:
    for week in (0, 1):
        accept(context, upstream, week)
        label(context, upstream, week)

    assert [d.batch for d in matured(context.ledger, context.spec.name, before="2024-01-08")] == [
        "2024-01-01"
    ]
    assert (
        count_labelled(
            context.spec, context.ledger, context.store, weeks(0, 2), before="2024-01-08"
        )
        == 400
    )


def test_an_empty_window_is_named(context: ModelContext) -> None:
    assert count_labelled(context.spec, context.ledger, context.store, weeks(0, 1)) == 0
    with pytest.raises(EmptyWindowError, match="no labelled batch"):
        read_labelled(context.spec, context.ledger, context.store, weeks(0, 1))


def test_a_feature_that_the_spec_got_later_is_null_in_earlier_batches(
    context: ModelContext, upstream: Upstream
) -> None:
    for week in (0, 1):
        accept(context, upstream, week)
        label(context, upstream, week)
    path = labelled_path(context.spec.name, "2024-01-08")
    table = context.store.read_table(path)
    context.store.write_table(path, table.append_column("wind", pa.array([1.0] * table.num_rows)))

    rows = read_labelled(context.spec, context.ledger, context.store, weeks(0, 2))

    assert rows["wind"].null_count == 400
    assert rows.num_rows == 800


def test_a_column_that_changed_its_type_is_a_data_error(
    context: ModelContext, upstream: Upstream
) -> None:
    for week in (0, 1):
        accept(context, upstream, week)
        label(context, upstream, week)
    path = labelled_path(context.spec.name, "2024-01-08")
    table = context.store.read_table(path)
    position = table.schema.get_field_index("temp")
    texts = pa.array(["mild"] * table.num_rows)
    context.store.write_table(path, table.set_column(position, "temp", texts))

    with pytest.raises(DataError, match="do not fit together"):
        read_labelled(context.spec, context.ledger, context.store, weeks(0, 2))


def test_decay_is_measured_on_labelled_batches_that_the_version_has_scored(
    context: ModelContext, upstream: Upstream
) -> None:
    for week in (0, 1, 2, 3):
        accept(context, upstream, week)
    for week in (0, 1, 2):
        label(context, upstream, week)
    predict(context, "2024-01-01", "1")
    predict(context, "2024-01-08", "2")  # by another version
    predict(context, "2024-01-15", "1", n_rows=300)
    predict(context, "2024-01-22", "1")  # not labelled yet

    found = scored_batches(context.spec, context.ledger, context.store, "1", newest=5)

    assert [(b.batch, len(b.target), b.n_scored) for b in found] == [
        ("2024-01-01", 400, 400),
        ("2024-01-15", 300, 300),
    ]
    assert [
        b.batch for b in scored_batches(context.spec, context.ledger, context.store, "1", newest=1)
    ] == ["2024-01-15"]
    assert [
        b.batch
        for b in scored_batches(
            context.spec, context.ledger, context.store, "1", newest=1, before="2024-01-15"
        )
    ] == ["2024-01-01"]
