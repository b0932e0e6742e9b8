"""The labelled history of a model: what it learns from, is judged on and measured against."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from evergreen.data.windows import inside, overlaps
from evergreen.errors import DataError, EmptyWindowError
from evergreen.ledger.records import Delivery, PredictionLog
from evergreen.records import Window
from evergreen.workflows.ingest.quality_gate import read_snapshot, taken
from evergreen.workflows.model_context import Workbench

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch

PLACE = "(place)"


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
    joined = with_labels(rows, labels, key=spec.data.key, time_column=spec.data.time_column)
    bench.store.write_table(labelled_path(spec.name, batch), joined)
    return int(joined.num_rows)


def with_labels(rows: pa.Table, labels: pa.Table, *, key: str, time_column: str) -> pa.Table:
    """Give the rows that have a label, with it, in order of time and key: the same every time."""
    order = [(time_column, "ascending"), (key, "ascending")]
    return rows.join(labels, keys=key, join_type="inner").sort_by(order)


def matured(bench: Workbench, *, before: str | None = None) -> Sequence[Delivery]:
    """Give the accepted label deliveries, oldest first, of batches before ``before``.

    Those that have passed their retention are left out: their labelled rows are gone.
    """
    labels = bench.ledger.batches.deliveries(bench.spec.name, "labels", status="accepted")
    return [d for d in labels if d.path is not None and (before is None or d.batch < before)]


def read_labelled(
    bench: Workbench,
    window: Window,
    *,
    before: str | None = None,
    columns: list[str] | None = None,
) -> pa.Table:
    """Read the labelled rows whose event time lies in the window; None as columns reads all.

    Batches that are held for a data fault stay out, and so do rows of the spec's incidents. A
    column that the spec got later is null in the batches before it.

    Raises:
        EmptyWindowError: No labelled batch reaches into the window.
        DataError: A column has changed its type in between.
    """
    parts = labelled_parts(bench, window, before=before, columns=columns)
    tables = [table for _, table in parts]
    if not tables:
        raise EmptyWindowError(
            f"no labelled batch of {bench.spec.name} reaches into {window};"
            " have its labels arrived (DAG labels)?"
        )
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as err:
        raise DataError(
            f"the labelled batches of {bench.spec.name} in {window} do not fit together: {err};"
            " a column has changed its type, give it a new name in the spec"
        ) from err


def labelled_parts(
    bench: Workbench,
    window: Window,
    *,
    before: str | None = None,
    columns: list[str] | None = None,
) -> list[tuple[Delivery, pa.Table]]:
    """Give the label deliveries that reach into a window, oldest first, with their rows of it."""
    held = bench.ledger.decisions.held_batches(bench.spec.name)
    incidents = [Window(start=i.start, end=i.end) for i in bench.spec.policy.incidents]
    parts = []
    for delivery in matured(bench, before=before):
        is_outside = delivery.window is None or not overlaps(delivery.window, window)
        if is_outside or delivery.batch in held:
            continue
        table = bench.store.read_table(
            labelled_path(bench.spec.name, delivery.batch), columns=columns
        )
        rows = rows_of_window(table, bench.spec.data.time_column, window, incidents)
        parts.append((delivery, rows))
    return parts


def rows_of_window(
    table: pa.Table, time_column: str, window: Window, incidents: Sequence[Window]
) -> pa.Table:
    """Give the rows whose event time lies in the window and in none of the incidents."""
    times = table[time_column]
    wanted = inside(times, window)
    for incident in incidents:
        wanted = pc.and_(wanted, pc.invert(inside(times, incident)))
    return table.filter(wanted)


def count_labelled(bench: Workbench, window: Window, *, before: str | None = None) -> int:
    """Count the labelled rows in a window without failing on none."""
    columns = [bench.spec.data.time_column]
    try:
        return int(read_labelled(bench, window, before=before, columns=columns).num_rows)
    except EmptyWindowError:
        return 0


def scored_batches(
    bench: Workbench, version: str, *, newest: int, before: str | None = None
) -> "list[ScoredBatch]":
    """Give the newest sound matured batches that a version has scored, oldest first."""
    logs = {p.batch: p for p in bench.ledger.batches.predictions(bench.spec.name, version=version)}
    held = bench.ledger.decisions.held_batches(bench.spec.name)
    due = [
        d.batch
        for d in matured(bench, before=before)
        if d.batch in logs and d.batch not in held and not in_incident(bench, d)
    ]
    return [scored_with(bench, logs[batch]) for batch in due[-newest:]]


def scored_with(bench: Workbench, log: PredictionLog) -> "ScoredBatch":
    """Give the predictions of one log with the labels that have come, in order of time."""
    from evergreen.decay.measure import ScoredBatch
    from evergreen.training.scores import to_array

    spec = bench.spec
    predictions = bench.store.read_table(log.path)
    columns = [spec.data.key, spec.data.time_column, spec.data.target]
    labels = bench.store.read_table(labelled_path(spec.name, log.batch), columns=columns)
    # Joined by their place: Arrow joins no lists, which predictions of several classes are.
    places = pa.table(
        {spec.data.key: predictions[spec.data.key], PLACE: range(predictions.num_rows)}
    )
    joined = in_order(bench, places.join(labels, keys=spec.data.key, join_type="inner"))
    return ScoredBatch(
        batch=log.batch,
        prediction=to_array(predictions["prediction"])[joined[PLACE].to_numpy()],
        target=joined[spec.data.target].to_numpy(),
        n_scored=log.n_rows,
    )


def in_order(bench: Workbench, rows: pa.Table) -> pa.Table:
    """Sort rows by event time, and by key where that is the same."""
    data = bench.spec.data
    return rows.sort_by([(data.time_column, "ascending"), (data.key, "ascending")])


def in_incident(bench: Workbench, delivery: Delivery) -> bool:
    """Tell whether a delivery reaches into a span that the spec calls an incident."""
    return delivery.window is not None and any(
        overlaps(delivery.window, Window(start=incident.start, end=incident.end))
        for incident in bench.spec.policy.incidents
    )
