"""The quality gates, between the store and the ledger, and which task follows on their verdict."""

import logging
from typing import TYPE_CHECKING

import pyarrow as pa

from evergreen import dag_ids
from evergreen.errors import ExternalError, GateError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery, DeliveryKind
from evergreen.records import QualityResult, Window
from evergreen.spec.loader import LoadedSpec
from evergreen.spec.model import ModelSpec
from evergreen.workflows.ingest.delivery import TakenDelivery
from evergreen.workflows.model_context import ModelContext

if TYPE_CHECKING:
    from evergreen.storage.store import Store

log = logging.getLogger(__name__)


def route_delivery(context: ModelContext, taken: TakenDelivery) -> list[str]:
    """Gate a delivery that was taken in; return the tasks that follow."""
    if taken.kind == "labels":
        return _route_labels(context.spec, context.ledger, context.store, taken)
    return _route_batch(context.loaded, context.ledger, context.store, taken)


def _route_batch(
    loaded: LoadedSpec, ledger: Ledger, store: "Store", delivery: TakenDelivery
) -> list[str]:
    if not delivery.is_taken:
        return [dag_ids.QUARANTINE_BATCH]
    spec, batch = loaded.spec, delivery.batch
    result = gate_batch(loaded, ledger, store, batch)
    log.info("gate of %s %s: %s", spec.name, batch, result.sentence)
    accepted = result.verdict == "accepted"
    wants_docs = not accepted or spec.quality.data_docs == "always"
    route = dag_ids.PUBLISH_BATCH if accepted else dag_ids.QUARANTINE_BATCH
    return [route, dag_ids.WRITE_DATA_DOCS] if wants_docs else [route]


def _route_labels(
    spec: ModelSpec, ledger: Ledger, store: "Store", delivery: TakenDelivery
) -> list[str]:
    if not delivery.is_taken:
        return [dag_ids.REJECT_LABELS]
    status = gate_label_delivery(spec, ledger, store, delivery.batch)
    log.info("labels of %s %s: %s", spec.name, delivery.batch, status)
    routes = {"accepted": dag_ids.PUBLISH_LABELS, "rejected": dag_ids.REJECT_LABELS}
    return [routes.get(status, dag_ids.SKIP_LABELS)]


def gate_batch(loaded: LoadedSpec, ledger: Ledger, store: "Store", batch: str) -> QualityResult:
    """Run the Great Expectations gate over a snapshot and record what it said.

    Raises:
        GateError: The gate itself broke; nothing is recorded, and nothing goes on.
    """
    from evergreen.quality.gate import run_gate

    spec = loaded.spec
    delivery = taken(ledger, spec.name, "data", batch)
    frame = read_snapshot(store, delivery).to_pandas()
    result = run_gate(frame, spec, loaded.expectations, window=window_of(delivery))
    ledger.batches.record_quality(spec.name, "data", batch, result)
    return result


def gate_label_delivery(spec: ModelSpec, ledger: Ledger, store: "Store", batch: str) -> str:
    """Gate the labels of a batch: ``accepted``, ``rejected``, or ``skipped`` with no such batch.

    Raises:
        ExternalError: The batch itself has not come, or not been gated, yet; a retry helps.
    """
    from evergreen.quality.labels import gate_labels

    model = spec.name
    data = ledger.batches.delivery(model, "data", batch)
    if _may_still_come(ledger, model, data, batch):
        raise ExternalError(
            f"labels of {batch} of {model} are here before the batch has passed its gate;"
            f" they are tried again, is {dag_ids.dag_id(dag_ids.INGEST, model)} running?"
        )
    if data is None or data.status != "accepted":
        state = "never arrived" if data is None else f"is {data.status}"
        sentence = f"labels put aside: batch {batch} {state}"
        ledger.batches.record_refusal(model, "labels", batch, status="skipped", sentence=sentence)
        return "skipped"
    labels = read_snapshot(store, taken(ledger, model, "labels", batch)).to_pandas()
    keys = read_snapshot(store, data, columns=[spec.data.key]).to_pandas()
    result = gate_labels(labels, keys[spec.data.key], spec)
    ledger.batches.record_quality(model, "labels", batch, result)
    return result.verdict


def _may_still_come(ledger: Ledger, model: str, data: Delivery | None, batch: str) -> bool:
    if data is not None:
        return data.status == "received"
    known = ledger.batches.deliveries(model, "data")
    return not known or batch > known[-1].batch


def write_docs(context: ModelContext, batch: str) -> str:
    """Write Great Expectations' Data Docs of a batch into the store; return their place."""
    from evergreen.quality.docs import render_data_docs

    delivery = taken(context.ledger, context.spec.name, "data", batch)
    place = docs_folder(context.spec.name, batch)
    with context.scratch() as folder:
        frame = read_snapshot(context.store, delivery).to_pandas()
        render_data_docs(
            frame, context.spec, context.loaded.expectations, folder, window=window_of(delivery)
        )
        for page in sorted(p for p in folder.rglob("*") if p.is_file()):
            context.store.upload(page, f"{place}/{page.relative_to(folder).as_posix()}")
    return context.store.uri_of(f"{place}/index.html")


def docs_folder(model: str, batch: str) -> str:
    """Return the place of a batch's Data Docs in the store; the page in it is ``index.html``."""
    return f"reports/{model}/{batch}/data_docs"


def taken(ledger: Ledger, model: str, kind: DeliveryKind, batch: str) -> Delivery:
    """Return a delivery that has a snapshot.

    Raises:
        GateError: The ledger knows none.
    """
    delivery = ledger.batches.delivery(model, kind, batch)
    if delivery is None or delivery.path is None:
        raise GateError(
            f"no snapshot of {kind} {batch} of {model} in the ledger;"
            " it has passed its retention, or was never taken in; then deliver it and start"
            f" {dag_ids.dag_id(dag_ids.REDELIVERY, model)} for it"
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
    store: "Store", delivery: Delivery, *, columns: list[str] | None = None
) -> pa.Table:
    """Read the snapshot of a delivery as an Arrow table."""
    if delivery.path is None:
        raise GateError(f"{delivery.kind} {delivery.batch} of {delivery.model} has no snapshot")
    return store.read_table(delivery.path, columns=columns)
