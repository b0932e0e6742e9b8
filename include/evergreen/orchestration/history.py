"""The labelled history of a model: what it learns from, is judged on and measured against."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from evergreen.errors import EmptyWindowError
from evergreen.ledger.entries import Delivery
from evergreen.orchestration.gates import read_snapshot, taken
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Window

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch


def labelled_path(model: str, batch: str) -> str:
    """Give the place of a labelled batch in the store."""
    return f"labelled/{model}/{batch}.parquet"


def join_labels(bench: Workbench, batch: str) -> int:
    """Join labels to their batch by key and keep the result; joining again writes the same.

    Returns:
        Rows that got a label; the others stay out.
    """
    spec = bench.spec
    rows = read_snapshot(bench, taken(bench, "data", batch))
    labels = read_snapshot(bench, taken(bench, "labels", batch))
    joined = rows.join(labels, keys=spec.data.key, join_type="inner").sort_by(
        [(spec.data.time_column, "ascending"), (spec.data.key, "ascending")]
    )
    bench.store.write_table(labelled_path(spec.name, batch), joined)
    return int(joined.num_rows)


def matured(bench: Workbench, *, before: str | None = None) -> Sequence[Delivery]:
    """Give the accepted label deliveries, oldest first, of batches before ``before``."""
    labels = bench.ledger.batches.deliveries(bench.spec.name, "labels", status="accepted")
    return [d for d in labels if before is None or d.batch < before]


def read_labelled(bench: Workbench, window: Window, *, before: str | None = None) -> pa.Table:
    """Read the labelled rows whose event time lies in the window.

    Raises:
        EmptyWindowError: No labelled batch reaches into the window.
    """
    tables = []
    for delivery in matured(bench, before=before):
        if delivery.window is None or not _overlap(delivery.window, window):
            continue
        table = bench.store.read_table(labelled_path(bench.spec.name, delivery.batch))
        times = table[bench.spec.data.time_column]
        start = pa.scalar(window.start, type=times.type)
        end = pa.scalar(window.end, type=times.type)
        inside = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
        tables.append(table.filter(inside))
    if not tables:
        raise EmptyWindowError(
            f"no labelled batch of {bench.spec.name} reaches into {window};"
            " have its labels arrived (DAG labels)?"
        )
    return pa.concat_tables(tables)


def count_labelled(bench: Workbench, window: Window, *, before: str | None = None) -> int:
    """Count the labelled rows in a window without failing on none."""
    try:
        return int(read_labelled(bench, window, before=before).num_rows)
    except EmptyWindowError:
        return 0


def scored_batches(
    bench: Workbench, version: str, *, newest: int, before: str | None = None
) -> "list[ScoredBatch]":
    """Give the newest matured batches that a version has scored, oldest first."""
    from evergreen.decay.measure import ScoredBatch

    spec = bench.spec
    logs = {p.batch: p for p in bench.ledger.batches.predictions(spec.name, version=version)}
    batches = [d.batch for d in matured(bench, before=before) if d.batch in logs][-newest:]
    found = []
    for batch in batches:
        predictions = bench.store.read_table(logs[batch].path)
        labels = bench.store.read_table(
            labelled_path(spec.name, batch), columns=[spec.data.key, spec.data.target]
        )
        joined = predictions.join(labels, keys=spec.data.key, join_type="inner")
        found.append(
            ScoredBatch(
                batch=batch,
                prediction=joined["prediction"].to_numpy(),
                target=joined[spec.data.target].to_numpy(),
                n_scored=logs[batch].n_rows,
            )
        )
    return found


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end
