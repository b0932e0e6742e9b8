import pytest

from drivers.history import REJECTED, accept, take
from drivers.tiny import Upstream
from evergreen.errors import ExternalError, GateError
from evergreen.workflows.ingest.quality_gate import (
    gate_batch,
    gate_label_delivery,
    read_snapshot,
    taken,
    window_of,
    write_docs,
)
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import ModelContext


def receive(context: ModelContext, upstream: Upstream, week: int = 0) -> str:
    """Take a week's data in and leave it ungated."""
    batch = upstream.deliver(week)
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "data", batch)
    )
    return batch


def receive_labels(
    context: ModelContext, upstream: Upstream, week: int = 0, n_rows: int = 400
) -> str:
    batch = upstream.deliver(week, "labels", n_rows=n_rows)
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "labels", batch)
    )
    return batch


def status_of(context: ModelContext, batch: str, kind: str = "data") -> str:
    found = context.ledger.batches.delivery(context.spec.name, kind, batch)  # type: ignore[arg-type]  # a literal
    return "unknown" if found is None else found.status


def test_a_sound_batch_is_accepted(context: ModelContext, upstream: Upstream) -> None:
    batch = receive(context, upstream)

    result = gate_batch(context.loaded, context.ledger, context.store, batch)

    assert (result.verdict, status_of(context, batch)) == ("accepted", "accepted")


def test_a_batch_that_breaks_a_rule_is_rejected_with_the_rule_in_the_ledger(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = upstream.deliver(0, fault="half_missing")
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "data", batch)
    )

    gate_batch(context.loaded, context.ledger, context.store, batch)

    delivery = context.ledger.batches.delivery(context.spec.name, "data", batch)
    assert delivery is not None
    assert delivery.status == "rejected"
    assert delivery.quality is not None
    assert {rule.column for rule in delivery.quality.broken_rules} == {"temp"}


def test_a_batch_that_was_never_taken_in_is_a_gate_error(context: ModelContext) -> None:
    with pytest.raises(GateError, match="no snapshot of data 2024-01-01"):
        gate_batch(context.loaded, context.ledger, context.store, "2024-01-01")


def test_a_refused_delivery_has_neither_snapshot_nor_window(context: ModelContext) -> None:
    context.ledger.batches.record_refusal(
        context.spec.name, "data", "2024-01-01", status="rejected", sentence="part missing"
    )
    delivery = context.ledger.batches.delivery(context.spec.name, "data", "2024-01-01")
    assert delivery is not None

    with pytest.raises(GateError):
        taken(context.ledger, context.spec.name, "data", "2024-01-01")
    with pytest.raises(GateError):
        window_of(delivery)
    with pytest.raises(GateError):
        read_snapshot(context.store, delivery)


def test_labels_of_an_accepted_batch_are_accepted(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0)
    batch = receive_labels(context, upstream)

    status = gate_label_delivery(context.spec, context.ledger, context.store, batch)

    assert (status, status_of(context, batch, "labels")) == ("accepted", "accepted")


def test_labels_that_match_too_few_rows_are_rejected(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0)
    batch = receive_labels(context, upstream, n_rows=200)

    status = gate_label_delivery(context.spec, context.ledger, context.store, batch)

    assert (status, status_of(context, batch, "labels")) == ("rejected", "rejected")


def test_labels_of_a_rejected_batch_are_put_aside(
    context: ModelContext, upstream: Upstream
) -> None:
    take(context, upstream.deliver(0), result=REJECTED)
    batch = receive_labels(context, upstream)

    status = gate_label_delivery(context.spec, context.ledger, context.store, batch)

    assert (status, status_of(context, batch, "labels")) == ("skipped", "skipped")


def test_labels_of_a_batch_that_was_passed_over_are_put_aside(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 1)
    batch = receive_labels(context, upstream, week=0)

    assert gate_label_delivery(context.spec, context.ledger, context.store, batch) == "skipped"


@pytest.mark.parametrize("has_data", [False, True], ids=["not landed", "not gated"])
def test_labels_that_are_here_before_their_batch_wait_for_it(
    context: ModelContext, upstream: Upstream, has_data: bool
) -> None:
    if has_data:
        receive(context, upstream)
    batch = receive_labels(context, upstream)

    with pytest.raises(ExternalError, match="before the batch has passed its gate"):
        gate_label_delivery(context.spec, context.ledger, context.store, batch)

    assert status_of(context, batch, "labels") == "received"


def test_data_docs_are_pages_in_the_store(context: ModelContext, upstream: Upstream) -> None:
    batch = receive(context, upstream)

    uri = write_docs(context, batch)

    place = f"reports/{context.spec.name}/{batch}/data_docs/index.html"
    assert uri == context.store.uri_of(place)
    assert b"<html" in context.store.read_bytes(place).lower()
