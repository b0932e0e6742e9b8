"""The labelled history of a model: what it learns from, is judged on and measured against."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from evergreen.data.windows import inside, overlaps
from evergreen.errors import DataError, EmptyWindowError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery, PredictionLog
from evergreen.records import Window
from evergreen.spec.model import ModelSpec
from evergreen.workflows.ingest.quality_gate import read_snapshot, taken
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.decay.measure import ScoredBatch
    from evergreen.storage.store import Store

PLACE = "(place)"


def labelled_path(model: str, batch: str) -> str:
    """Return the place of a labelled batch in the store."""
    return f"labelled/{model}/{batch}.parquet"


def join_labels(context: ModelContext, batch: str) -> int:
    """Join labels to their batch by key and keep the result; joining again writes the same.

    Returns:
        Rows that got a label; the others stay out.
    """
    spec, ledger, store = context.spec, context.ledger, context.store
    rows = read_snapshot(store, taken(ledger, spec.name, "data", batch))
    labels = read_snapshot(store, taken(ledger, spec.name, "labels", batch))
    joined = with_labels(rows, labels, key=spec.data.key, time_column=spec.data.time_column)
    store.write_table(labelled_path(spec.name, batch), joined)
    return int(joined.num_rows)


def with_labels(rows: pa.Table, labels: pa.Table, *, key: str, time_column: str) -> pa.Table:
    """Return the rows that have a label, with it, in order of time and key: the same every time."""
    order = [(time_column, "ascending"), (key, "ascending")]
    return rows.join(labels, keys=key, join_type="inner").sort_by(order)


def matured(ledger: Ledger, model: str, *, before: str | None = None) -> Sequence[Delivery]:
    """Return the accepted label deliveries, oldest first, of batches before ``before``.

    Those past their retention are left out: their labelled rows have been deleted.
    """
    labels = ledger.batches.deliveries(model, "labels", status="accepted")
    return [d for d in labels if d.path is not None and (before is None or d.batch < before)]


def read_labelled(
    spec: ModelSpec,
    ledger: Ledger,
    store: "Store",
    window: Window,
    *,
    before: str | None = None,
    columns: list[str] | None = None,
) -> pa.Table:
    """Return the labelled rows whose event time lies in the window; None as columns reads all.

    Quarantined batches and the spec's excluded spans are left out. A column that was added to the
    spec later is null in the batches before it.

    Raises:
        EmptyWindowError: No labelled batch reaches into the window.
        DataError: A column has changed its type in between.
    """
    parts = labelled_parts(spec, ledger, store, window, before=before, columns=columns)
    tables = [table for _, table in parts]
    if not tables:
        raise EmptyWindowError(
            f"no labelled batch of {spec.name} reaches into {window};"
            " have its labels arrived (DAG labels)?"
        )
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as err:
        raise DataError(
            f"the labelled batches of {spec.name} in {window} do not fit together: {err};"
            " a column has changed its type, give it a new name in the spec"
        ) from err


def labelled_parts(
    spec: ModelSpec,
    ledger: Ledger,
    store: "Store",
    window: Window,
    *,
    before: str | None = None,
    columns: list[str] | None = None,
) -> list[tuple[Delivery, pa.Table]]:
    """Return the label deliveries that reach into a window, oldest first, with their rows of it."""
    quarantined = ledger.decisions.quarantined_batches(spec.name)
    excluded = [Window(start=s.start, end=s.end) for s in spec.policy.excluded_spans]
    parts = []
    for delivery in matured(ledger, spec.name, before=before):
        is_outside = delivery.window is None or not overlaps(delivery.window, window)
        if is_outside or delivery.batch in quarantined:
            continue
        table = store.read_table(labelled_path(spec.name, delivery.batch), columns=columns)
        rows = rows_of_window(table, spec.data.time_column, window, excluded)
        parts.append((delivery, rows))
    return parts


def rows_of_window(
    table: pa.Table, time_column: str, window: Window, excluded: Sequence[Window]
) -> pa.Table:
    """Return the rows whose event time lies in the window and in none of the excluded spans."""
    times = table[time_column]
    wanted = inside(times, window)
    for span in excluded:
        wanted = pc.and_(wanted, pc.invert(inside(times, span)))
    return table.filter(wanted)


def count_labelled(
    spec: ModelSpec,
    ledger: Ledger,
    store: "Store",
    window: Window,
    *,
    before: str | None = None,
) -> int:
    """Return the number of labelled rows in a window; 0 where no batch reaches into it."""
    columns = [spec.data.time_column]
    try:
        rows = read_labelled(spec, ledger, store, window, before=before, columns=columns)
    except EmptyWindowError:
        return 0
    return int(rows.num_rows)


def scored_batches(
    spec: ModelSpec,
    ledger: Ledger,
    store: "Store",
    version: str,
    *,
    newest: int,
    before: str | None = None,
) -> "list[ScoredBatch]":
    """Return the newest sound matured batches that a version has scored, oldest first."""
    logs = {p.batch: p for p in ledger.batches.predictions(spec.name, version=version)}
    quarantined = ledger.decisions.quarantined_batches(spec.name)
    due = [
        d.batch
        for d in matured(ledger, spec.name, before=before)
        if d.batch in logs and d.batch not in quarantined and not in_excluded_span(spec, d)
    ]
    return [scored_with(spec, store, logs[batch]) for batch in due[-newest:]]


def scored_with(spec: ModelSpec, store: "Store", log: PredictionLog) -> "ScoredBatch":
    """Return the predictions of one log with the labels that have come, in order of time."""
    from evergreen.decay.measure import ScoredBatch
    from evergreen.training.scores import to_array

    predictions = store.read_table(log.path)
    columns = [spec.data.key, spec.data.time_column, spec.data.target]
    labels = store.read_table(labelled_path(spec.name, log.batch), columns=columns)
    # Joined by their place: Arrow joins no lists, which predictions of several classes are.
    places = pa.table(
        {spec.data.key: predictions[spec.data.key], PLACE: range(predictions.num_rows)}
    )
    joined = in_order(spec, places.join(labels, keys=spec.data.key, join_type="inner"))
    return ScoredBatch(
        batch=log.batch,
        prediction=to_array(predictions["prediction"])[joined[PLACE].to_numpy()],
        target=joined[spec.data.target].to_numpy(),
        n_scored=log.n_rows,
    )


def in_order(spec: ModelSpec, rows: pa.Table) -> pa.Table:
    """Return the rows sorted by event time, and by key where that is the same."""
    data = spec.data
    return rows.sort_by([(data.time_column, "ascending"), (data.key, "ascending")])


def in_excluded_span(spec: ModelSpec, delivery: Delivery) -> bool:
    """Return whether a delivery reaches into a span that the spec excludes."""
    return delivery.window is not None and any(
        overlaps(delivery.window, Window(start=span.start, end=span.end))
        for span in spec.policy.excluded_spans
    )
