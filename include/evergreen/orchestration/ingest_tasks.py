"""Tasks of ``ingest``, ``labels`` and ``redelivery``: find, take in, gate, publish or put aside."""

import logging
from typing import Any

from airflow.sdk import get_current_context, task

from evergreen.errors import ExternalError
from evergreen.ledger.records import DeliveryKind
from evergreen.orchestration import assets
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.orchestration.sensors import FIND_TASK
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)

Payload = dict[str, Any]


@task(task_id=FIND_TASK)
def find_next_batch(model: str, kind: DeliveryKind) -> Payload:
    """Find the batch to take in: the oldest that is new, or the one to wait for."""
    from evergreen.workflows.ingest.snapshot import find_next, manifest_uri

    with no_retry_helps(), open_model_context(model) as context:
        batch = find_next(context, kind)
        uri = manifest_uri(context, kind, batch)
    log.info("next %s of %s: %s", kind, model, batch or "whichever comes first")
    return {"kind": kind, "batch": batch, "manifest": uri}


@task
def check_request(model: str) -> Payload:
    """Refuse a redelivery of what is unknown, not there, or accepted already."""
    from evergreen.workflows.ingest.redelivery import check_redelivery

    with no_retry_helps(), open_model_context(model) as context:
        asked = check_redelivery(context, get_current_context()["dag_run"].conf)
    log.info("taking %s %s of %s in again", asked["kind"], asked["batch"], model)
    return asked


@task
def take_snapshot(model: str, found: Payload) -> Payload:
    """Check the delivery against its manifest and copy it; a bad one is recorded as rejected."""
    from evergreen.workflows.alerts.run_alerts import no_data_is_over
    from evergreen.workflows.ingest.snapshot import find_next, take_in

    kind: DeliveryKind = found["kind"]
    with no_retry_helps(), open_model_context(model) as context:
        batch = found["batch"] or find_next(context, kind)
        if batch is None:
            raise ExternalError(f"a manifest was seen at {found['manifest']} and is gone again")
        no_data_is_over(context, kind)
        delivery = take_in(context, kind, batch)
    log.info("%s %s of %s: %s", kind, batch, model, delivery.sentence)
    return {"kind": kind, "batch": batch, "is_taken": delivery.path is not None}


@task.branch
def check_quality(model: str, taken: Payload) -> list[str]:
    """Run the Great Expectations gate; go on to publishing, or to quarantine."""
    return _gate(model, taken)


@task.branch(retries=10)  # labels that are here before their batch wait for it
def check_labels(model: str, taken: Payload) -> list[str]:
    """Gate the labels: share matched, value range, one label per key."""
    return _gate(model, taken)


@task.branch
def check_delivery(model: str, taken: Payload) -> list[str]:
    """Run the gate that a redelivery of data or of labels has to pass."""
    return _gate(model, taken)


@task
def publish_batch(model: str, taken: Payload, *, outlet_events: Any = None) -> Payload:
    """Announce the batch: its id is the partition key of everything that follows."""
    from evergreen.workflows.alerts.run_alerts import rejection_is_over

    outlet_events[assets.batches(model)].add_partitions(taken["batch"])
    with no_retry_helps(), open_model_context(model) as context:
        rejection_is_over(context, "data", taken["batch"])
    return taken


@task
def quarantine_batch(model: str, taken: Payload) -> Payload:
    """Keep the batch out of everything and say so, once."""
    from evergreen.workflows.alerts.run_alerts import alert_rejected

    with no_retry_helps(), open_model_context(model) as context:
        alert_rejected(context, "data", taken["batch"])
    return taken


@task(retries=1)
def write_data_docs(model: str, taken: Payload) -> Payload:
    """Write Great Expectations' pages about the batch, off the critical path."""
    from evergreen.workflows.ingest.quality_gate import write_docs

    with no_retry_helps(), open_model_context(model) as context:
        uri = write_docs(context, taken["batch"])
    log.info("data docs of %s %s: %s", model, taken["batch"], uri)
    return {"uri": uri}


@task
def publish_labels(model: str, taken: Payload, *, outlet_events: Any = None) -> Payload:
    """Join the labels to the batch and announce the labelled batch."""
    from evergreen.workflows.alerts.run_alerts import rejection_is_over
    from evergreen.workflows.ingest.labelled_data import join_labels

    with no_retry_helps(), open_model_context(model) as context:
        n_rows = join_labels(context, taken["batch"])
        rejection_is_over(context, "labels", taken["batch"])
    outlet_events[assets.labelled(model)].add_partitions(taken["batch"])
    log.info("labelled batch %s of %s: %d rows", taken["batch"], model, n_rows)
    return {**taken, "n_rows": n_rows}


@task
def reject_labels(model: str, taken: Payload) -> Payload:
    """Keep the labels out and say so, once."""
    from evergreen.workflows.alerts.run_alerts import alert_rejected

    with no_retry_helps(), open_model_context(model) as context:
        alert_rejected(context, "labels", taken["batch"])
    return taken


def _gate(model: str, taken: Payload) -> list[str]:
    from evergreen.workflows.ingest.quality_gate import route_batch, route_labels

    with no_retry_helps(), open_model_context(model) as context:
        if taken["kind"] == "labels":
            return route_labels(context, taken["batch"], is_taken=taken["is_taken"])
        return route_batch(context, taken["batch"], is_taken=taken["is_taken"])
