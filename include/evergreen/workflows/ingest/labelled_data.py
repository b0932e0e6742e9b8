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
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch

PLACE = "(place)"


def labelled_path(model: str, batch: str) -> str:
    """Return the place of a labelled batch in the store."""
    return f"labelled/{model}/{batch}.parquet"


def join_labels(context: ModelContext, batch: str) -> int:
    """Join labels to their batch by key and keep the result; joining again writes the same.

    Returns:
        Rows that got a label; the others stay out.
    """
    spec = context.spec
    rows = read_snapshot(context, taken(context, "data", batch))
    labels = read_snapshot(context, taken(context, "labels", batch))
    joined = with_labels(rows, labels, key=spec.data.key, time_column=spec.data.time_column)
    context.store.write_table(labelled_path(spec.name, batch), joined)
    return int(joined.num_rows)


def with_labels(rows: pa.Table, labels: pa.Table, *, key: str, time_column: str) -> pa.Table:
    """Return the rows that have a label, with it, in order of time and key: the same every time."""
    order = [(time_column, "ascending"), (key, "ascending")]
    return rows.join(labels, keys=key, join_type="inner").sort_by(order)


def matured(context: ModelContext, *, before: str | None = None) -> Sequence[Delivery]:
    """Return the accepted label deliveries, oldest first, of batches before ``before``.

    Those that have passed their retention are left out: their labelled rows are gone.
    """
    labels = context.ledger.batches.deliveries(context.spec.name, "labels", status="accepted")
    return [d for d in labels if d.path is not None and (before is None or d.batch < before)]


def read_labelled(
    context: ModelContext,
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
    parts = labelled_parts(context, window, before=before, columns=columns)
    tables = [table for _, table in parts]
    if not tables:
        raise EmptyWindowError(
            f"no labelled batch of {context.spec.name} reaches into {window};"
            " have its labels arrived (DAG labels)?"
        )
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as err:
        raise DataError(
            f"the labelled batches of {context.spec.name} in {window} do not fit together: {err};"
            " a column has changed its type, give it a new name in the spec"
        ) from err


def labelled_parts(
    context: ModelContext,
    window: Window,
    *,
    before: str | None = None,
    columns: list[str] | None = None,
) -> list[tuple[Delivery, pa.Table]]:
    """Return the label deliveries that reach into a window, oldest first, with their rows of it."""
    held = context.ledger.decisions.held_batches(context.spec.name)
    incidents = [Window(start=i.start, end=i.end) for i in context.spec.policy.incidents]
    parts = []
    for delivery in matured(context, before=before):
        is_outside = delivery.window is None or not overlaps(delivery.window, window)
        if is_outside or delivery.batch in held:
            continue
        table = context.store.read_table(
            labelled_path(context.spec.name, delivery.batch), columns=columns
        )
        rows = rows_of_window(table, context.spec.data.time_column, window, incidents)
        parts.append((delivery, rows))
    return parts


def rows_of_window(
    table: pa.Table, time_column: str, window: Window, incidents: Sequence[Window]
) -> pa.Table:
    """Return the rows whose event time lies in the window and in none of the incidents."""
    times = table[time_column]
    wanted = inside(times, window)
    for incident in incidents:
        wanted = pc.and_(wanted, pc.invert(inside(times, incident)))
    return table.filter(wanted)


def count_labelled(context: ModelContext, window: Window, *, before: str | None = None) -> int:
    """Count the labelled rows in a window without failing on none."""
    columns = [context.spec.data.time_column]
    try:
        return int(read_labelled(context, window, before=before, columns=columns).num_rows)
    except EmptyWindowError:
        return 0


def scored_batches(
    context: ModelContext, version: str, *, newest: int, before: str | None = None
) -> "list[ScoredBatch]":
    """Return the newest sound matured batches that a version has scored, oldest first."""
    logs = {
        p.batch: p for p in context.ledger.batches.predictions(context.spec.name, version=version)
    }
    held = context.ledger.decisions.held_batches(context.spec.name)
    due = [
        d.batch
        for d in matured(context, before=before)
        if d.batch in logs and d.batch not in held and not in_incident(context, d)
    ]
    return [scored_with(context, logs[batch]) for batch in due[-newest:]]


def scored_with(context: ModelContext, log: PredictionLog) -> "ScoredBatch":
    """Return the predictions of one log with the labels that have come, in order of time."""
    from evergreen.decay.measure import ScoredBatch
    from evergreen.training.scores import to_array

    spec = context.spec
    predictions = context.store.read_table(log.path)
    columns = [spec.data.key, spec.data.time_column, spec.data.target]
    labels = context.store.read_table(labelled_path(spec.name, log.batch), columns=columns)
    # Joined by their place: Arrow joins no lists, which predictions of several classes are.
    places = pa.table(
        {spec.data.key: predictions[spec.data.key], PLACE: range(predictions.num_rows)}
    )
    joined = in_order(context, places.join(labels, keys=spec.data.key, join_type="inner"))
    return ScoredBatch(
        batch=log.batch,
        prediction=to_array(predictions["prediction"])[joined[PLACE].to_numpy()],
        target=joined[spec.data.target].to_numpy(),
        n_scored=log.n_rows,
    )


def in_order(context: ModelContext, rows: pa.Table) -> pa.Table:
    """Sort rows by event time, and by key where that is the same."""
    data = context.spec.data
    return rows.sort_by([(data.time_column, "ascending"), (data.key, "ascending")])


def in_incident(context: ModelContext, delivery: Delivery) -> bool:
    """Return whether a delivery reaches into a span that the spec calls an incident."""
    return delivery.window is not None and any(
        overlaps(delivery.window, Window(start=incident.start, end=incident.end))
        for incident in context.spec.policy.incidents
    )
