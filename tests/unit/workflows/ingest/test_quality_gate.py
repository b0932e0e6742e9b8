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
from evergreen.workflows.model_context import Workbench


def receive(bench: Workbench, upstream: Upstream, week: int = 0) -> str:
    """Take a week's data in and leave it ungated."""
    batch = upstream.deliver(week)
    bench.ledger.batches.record_snapshot(take_delivery(bench, "data", batch))
    return batch


def receive_labels(bench: Workbench, upstream: Upstream, week: int = 0, n_rows: int = 400) -> str:
    batch = upstream.deliver(week, "labels", n_rows=n_rows)
    bench.ledger.batches.record_snapshot(take_delivery(bench, "labels", batch))
    return batch


def status_of(bench: Workbench, batch: str, kind: str = "data") -> str:
    found = bench.ledger.batches.delivery(bench.spec.name, kind, batch)  # type: ignore[arg-type]  # a literal
    return "unknown" if found is None else found.status


def test_a_sound_batch_is_accepted(bench: Workbench, upstream: Upstream) -> None:
    batch = receive(bench, upstream)

    result = gate_batch(bench, batch)

    assert (result.verdict, status_of(bench, batch)) == ("accepted", "accepted")


def test_a_batch_that_breaks_a_rule_is_rejected_with_the_rule_in_the_ledger(
    bench: Workbench, upstream: Upstream
) -> None:
    batch = upstream.deliver(0, fault="half_missing")
    bench.ledger.batches.record_snapshot(take_delivery(bench, "data", batch))

    gate_batch(bench, batch)

    delivery = bench.ledger.batches.delivery(bench.spec.name, "data", batch)
    assert delivery is not None
    assert delivery.status == "rejected"
    assert delivery.quality is not None
    assert {rule.column for rule in delivery.quality.broken_rules} == {"temp"}


def test_a_batch_that_was_never_taken_in_is_a_gate_error(bench: Workbench) -> None:
    with pytest.raises(GateError, match="no snapshot of data 2024-01-01"):
        gate_batch(bench, "2024-01-01")


def test_a_refused_delivery_has_neither_snapshot_nor_window(bench: Workbench) -> None:
    bench.ledger.batches.record_refusal(
        bench.spec.name, "data", "2024-01-01", status="rejected", sentence="part missing"
    )
    delivery = bench.ledger.batches.delivery(bench.spec.name, "data", "2024-01-01")
    assert delivery is not None

    with pytest.raises(GateError):
        taken(bench, "data", "2024-01-01")
    with pytest.raises(GateError):
        window_of(delivery)
    with pytest.raises(GateError):
        read_snapshot(bench, delivery)


def test_labels_of_an_accepted_batch_are_accepted(bench: Workbench, upstream: Upstream) -> None:
    accept(bench, upstream, 0)
    batch = receive_labels(bench, upstream)

    status = gate_label_delivery(bench, batch)

    assert (status, status_of(bench, batch, "labels")) == ("accepted", "accepted")


def test_labels_that_match_too_few_rows_are_rejected(bench: Workbench, upstream: Upstream) -> None:
    accept(bench, upstream, 0)
    batch = receive_labels(bench, upstream, n_rows=200)

    status = gate_label_delivery(bench, batch)

    assert (status, status_of(bench, batch, "labels")) == ("rejected", "rejected")


def test_labels_of_a_rejected_batch_are_put_aside(bench: Workbench, upstream: Upstream) -> None:
    take(bench, upstream.deliver(0), result=REJECTED)
    batch = receive_labels(bench, upstream)

    status = gate_label_delivery(bench, batch)

    assert (status, status_of(bench, batch, "labels")) == ("skipped", "skipped")


def test_labels_of_a_batch_that_was_passed_over_are_put_aside(
    bench: Workbench, upstream: Upstream
) -> None:
    accept(bench, upstream, 1)
    batch = receive_labels(bench, upstream, week=0)

    assert gate_label_delivery(bench, batch) == "skipped"


@pytest.mark.parametrize("has_data", [False, True], ids=["not landed", "not gated"])
def test_labels_that_are_here_before_their_batch_wait_for_it(
    bench: Workbench, upstream: Upstream, has_data: bool
) -> None:
    if has_data:
        receive(bench, upstream)
    batch = receive_labels(bench, upstream)

    with pytest.raises(ExternalError, match="before the batch has passed its gate"):
        gate_label_delivery(bench, batch)

    assert status_of(bench, batch, "labels") == "received"


def test_data_docs_are_pages_in_the_store(bench: Workbench, upstream: Upstream) -> None:
    batch = receive(bench, upstream)

    uri = write_docs(bench, batch)

    place = f"reports/{bench.spec.name}/{batch}/data_docs/index.html"
    assert uri == bench.store.uri_of(place)
    assert b"<html" in bench.store.read_bytes(place).lower()
