"""Tasks of ``ingest``, ``labels`` and ``redelivery``: find, take in, gate, publish or put aside."""

import logging
from typing import Any

from airflow.sdk import task

from evergreen import dag_ids
from evergreen.ledger.records import DeliveryKind
from evergreen.orchestration import assets
from evergreen.orchestration.dag_runs import read_result, this_run
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.records import Json
from evergreen.workflows.ingest.delivery import FoundDelivery, TakenDelivery
from evergreen.workflows.model_context import open_model_context

log = logging.getLogger(__name__)


@task(task_id=dag_ids.FIND_NEXT_BATCH)
def find_next_batch(model: str, kind: DeliveryKind) -> Json:
    """Find the batch to take in: the oldest that is new, or the one to wait for."""
    from evergreen.workflows.ingest.snapshot import find_delivery

    with no_retry_helps(), open_model_context(model) as context:
        found = find_delivery(context, kind)
    log.info("next %s of %s: %s", kind, model, found.batch or "the first batch that arrives")
    return found.to_json()


@task
def check_request(model: str) -> Json:
    """Refuse a redelivery of what is unknown, not there, or accepted already."""
    from evergreen.workflows.ingest.redelivery import check_redelivery

    with no_retry_helps(), open_model_context(model) as context:
        found = check_redelivery(context, this_run().conf)
    log.info("taking %s %s of %s in again", found.kind, found.batch, model)
    return found.to_json()


@task
def take_snapshot(model: str, found: Json) -> Json:
    """Check the delivery against its manifest and copy it; a bad one is recorded as rejected."""
    from evergreen.workflows.alerts.run_alerts import no_data_is_over
    from evergreen.workflows.ingest.snapshot import take_found

    wanted = read_result("the first task", FoundDelivery, found)
    with no_retry_helps(), open_model_context(model, wanted.spec_hash) as context:
        taken, sentence = take_found(context, wanted)
        no_data_is_over(context, wanted.kind)
    log.info("%s %s of %s: %s", taken.kind, taken.batch, model, sentence)
    return taken.to_json()


@task.branch
def check_quality(model: str, taken: Json) -> list[str]:
    """Run the Great Expectations gate; go on to publishing, or to quarantine."""
    return _gate(model, taken)


@task.branch(retries=10)  # labels that are here before their batch wait for it
def check_labels(model: str, taken: Json) -> list[str]:
    """Gate the labels: share matched, value range, one label per key."""
    return _gate(model, taken)


@task.branch
def check_delivery(model: str, taken: Json) -> list[str]:
    """Run the gate that a redelivery of data or of labels has to pass."""
    return _gate(model, taken)


@task
def publish_batch(model: str, taken: Json, *, outlet_events: Any = None) -> Json:
    """Announce the batch: its id is the partition key of everything that follows."""
    from evergreen.workflows.alerts.run_alerts import rejection_is_over

    batch = _taken(taken)
    outlet_events[assets.batches(model)].add_partitions(batch.batch)
    with no_retry_helps(), open_model_context(model, batch.spec_hash) as context:
        rejection_is_over(context, "data", batch.batch)
    return batch.to_json()


@task
def quarantine_batch(model: str, taken: Json) -> Json:
    """Keep the batch out of everything and say so, once."""
    return _reject(model, taken)


@task(retries=1)
def write_data_docs(model: str, taken: Json) -> Json:
    """Write Great Expectations' pages about the batch, off the critical path."""
    from evergreen.workflows.ingest.quality_gate import write_docs

    batch = _taken(taken)
    with no_retry_helps(), open_model_context(model, batch.spec_hash) as context:
        uri = write_docs(context, batch.batch)
    log.info("data docs of %s %s: %s", model, batch.batch, uri)
    return {"uri": uri}


@task
def publish_labels(model: str, taken: Json, *, outlet_events: Any = None) -> Json:
    """Join the labels to the batch and announce the labelled batch."""
    from evergreen.workflows.alerts.run_alerts import rejection_is_over
    from evergreen.workflows.ingest.labelled_data import join_labels

    labels = _taken(taken)
    with no_retry_helps(), open_model_context(model, labels.spec_hash) as context:
        n_rows = join_labels(context, labels.batch)
        rejection_is_over(context, "labels", labels.batch)
    outlet_events[assets.labelled(model)].add_partitions(labels.batch)
    log.info("labelled batch %s of %s: %d rows", labels.batch, model, n_rows)
    return {"batch": labels.batch, "n_rows": n_rows}


@task
def reject_labels(model: str, taken: Json) -> Json:
    """Keep the labels out and say so, once."""
    return _reject(model, taken)


def _taken(result: Json) -> TakenDelivery:
    return read_result(dag_ids.TAKE_SNAPSHOT, TakenDelivery, result)


def _reject(model: str, taken: Json) -> Json:
    from evergreen.workflows.alerts.run_alerts import alert_rejected

    delivery = _taken(taken)
    with no_retry_helps(), open_model_context(model, delivery.spec_hash) as context:
        alert_rejected(context, delivery.kind, delivery.batch)
    return delivery.to_json()


def _gate(model: str, taken: Json) -> list[str]:
    from evergreen.workflows.ingest.quality_gate import route_delivery

    delivery = _taken(taken)
    with no_retry_helps(), open_model_context(model, delivery.spec_hash) as context:
        return route_delivery(context, delivery)
