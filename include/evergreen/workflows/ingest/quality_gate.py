"""The quality gates, between the store and the ledger, and which task follows on their verdict."""

import logging

import pyarrow as pa

from evergreen import dag_ids
from evergreen.errors import ExternalError, GateError
from evergreen.ledger.records import Delivery, DeliveryKind
from evergreen.records import QualityResult, Window
from evergreen.workflows.ingest.delivery import TakenDelivery
from evergreen.workflows.model_context import ModelContext

log = logging.getLogger(__name__)


def route_delivery(context: ModelContext, taken: TakenDelivery) -> list[str]:
    """Gate a delivery that was taken in; return the tasks that follow."""
    if taken.kind == "labels":
        return route_labels(context, taken.batch, is_taken=taken.is_taken)
    return route_batch(context, taken.batch, is_taken=taken.is_taken)


def route_batch(context: ModelContext, batch: str, *, is_taken: bool) -> list[str]:
    """Gate a batch that was taken in; give the tasks that follow."""
    if not is_taken:
        return [dag_ids.QUARANTINE_BATCH]
    result = gate_batch(context, batch)
    log.info("gate of %s %s: %s", context.spec.name, batch, result.sentence)
    accepted = result.verdict == "accepted"
    wants_docs = not accepted or context.spec.quality.data_docs == "always"
    route = dag_ids.PUBLISH_BATCH if accepted else dag_ids.QUARANTINE_BATCH
    return [route, dag_ids.WRITE_DATA_DOCS] if wants_docs else [route]


def route_labels(context: ModelContext, batch: str, *, is_taken: bool) -> list[str]:
    """Gate labels that were taken in; give the tasks that follow."""
    if not is_taken:
        return [dag_ids.REJECT_LABELS]
    status = gate_label_delivery(context, batch)
    log.info("labels of %s %s: %s", context.spec.name, batch, status)
    routes = {"accepted": dag_ids.PUBLISH_LABELS, "rejected": dag_ids.REJECT_LABELS}
    return [routes.get(status, dag_ids.SKIP_LABELS)]


def gate_batch(context: ModelContext, batch: str) -> QualityResult:
    """Run the Great Expectations gate over a snapshot and record what it said.

    Raises:
        GateError: The gate itself broke; nothing is recorded, and nothing goes on.
    """
    from evergreen.quality.gate import run_gate

    delivery = taken(context, "data", batch)
    frame = read_snapshot(context, delivery).to_pandas()
    result = run_gate(frame, context.spec, context.loaded.expectations, window=window_of(delivery))
    context.ledger.batches.record_quality(context.spec.name, "data", batch, result)
    return result


def gate_label_delivery(context: ModelContext, batch: str) -> str:
    """Gate the labels of a batch: ``accepted``, ``rejected``, or ``skipped`` with no such batch.

    Raises:
        ExternalError: The batch itself has not come, or not been gated, yet; a retry helps.
    """
    from evergreen.quality.labels import gate_labels

    model = context.spec.name
    data = context.ledger.batches.delivery(model, "data", batch)
    if _may_still_come(context, data, batch):
        raise ExternalError(
            f"labels of {batch} of {model} are here before the batch has passed its gate;"
            f" they are tried again, is {dag_ids.dag_id(dag_ids.INGEST, model)} running?"
        )
    if data is None or data.status != "accepted":
        state = "never arrived" if data is None else f"is {data.status}"
        sentence = f"labels put aside: batch {batch} {state}"
        context.ledger.batches.record_refusal(
            model, "labels", batch, status="skipped", sentence=sentence
        )
        return "skipped"
    labels = read_snapshot(context, taken(context, "labels", batch)).to_pandas()
    keys = read_snapshot(context, data, columns=[context.spec.data.key]).to_pandas()
    result = gate_labels(labels, keys[context.spec.data.key], context.spec)
    context.ledger.batches.record_quality(model, "labels", batch, result)
    return result.verdict


def _may_still_come(context: ModelContext, data: Delivery | None, batch: str) -> bool:
    if data is not None:
        return data.status == "received"
    known = context.ledger.batches.deliveries(context.spec.name, "data")
    return not known or batch > known[-1].batch


def write_docs(context: ModelContext, batch: str) -> str:
    """Write Great Expectations' Data Docs of a batch into the store; give their place."""
    from evergreen.quality.docs import render_data_docs

    delivery = taken(context, "data", batch)
    place = docs_folder(context.spec.name, batch)
    with context.scratch() as folder:
        frame = read_snapshot(context, delivery).to_pandas()
        render_data_docs(
            frame, context.spec, context.loaded.expectations, folder, window=window_of(delivery)
        )
        for page in sorted(p for p in folder.rglob("*") if p.is_file()):
            context.store.upload(page, f"{place}/{page.relative_to(folder).as_posix()}")
    return context.store.uri_of(f"{place}/index.html")


def docs_folder(model: str, batch: str) -> str:
    """Return the place of a batch's Data Docs in the store; the page in it is ``index.html``."""
    return f"reports/{model}/{batch}/data_docs"


def taken(context: ModelContext, kind: DeliveryKind, batch: str) -> Delivery:
    """Return a delivery that has a snapshot.

    Raises:
        GateError: The ledger knows none.
    """
    delivery = context.ledger.batches.delivery(context.spec.name, kind, batch)
    if delivery is None or delivery.path is None:
        raise GateError(
            f"no snapshot of {kind} {batch} of {context.spec.name} in the ledger;"
            " it has passed its retention, or was never taken in; then deliver it and start"
            f" {dag_ids.dag_id(dag_ids.REDELIVERY, context.spec.name)} for it"
        )
    return delivery


def window_of(delivery: Delivery) -> Window:
    """Return the period that a delivery stands for.

    Raises:
        GateError: It was never taken in, so its manifest's window is unknown.
    """
    if delivery.window is None:
        raise GateError(f"{delivery.kind} {delivery.batch} of {delivery.model} has no window")
    return delivery.window


def read_snapshot(
    context: ModelContext, delivery: Delivery, *, columns: list[str] | None = None
) -> pa.Table:
    """Read the snapshot of a delivery as an Arrow table."""
    if delivery.path is None:
        raise GateError(f"{delivery.kind} {delivery.batch} of {delivery.model} has no snapshot")
    return context.store.read_table(delivery.path, columns=columns)
