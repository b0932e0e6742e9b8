import pytest

from drivers.tiny import Upstream
from evergreen.errors import RequestError
from evergreen.records import QualityResult
from evergreen.workflows.ingest.redelivery import check_redelivery
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import ModelContext


def gate(context: ModelContext, batch: str, verdict: str) -> None:
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "data", batch)
    )
    result = QualityResult.model_validate({"verdict": verdict, "rules": (), "sentence": verdict})
    context.ledger.batches.record_quality(context.spec.name, "data", batch, result)


def test_a_rejected_batch_may_be_taken_in_again(context: ModelContext, upstream: Upstream) -> None:
    batch = upstream.deliver(0)
    gate(context, batch, "rejected")

    found = check_redelivery(context, {"batch": batch})

    assert (found.kind, found.batch) == ("data", batch)
    assert found.manifest == f"{context.spec.landing.uri}/{batch}/manifest.json"
    assert found.spec_hash == context.loaded.spec_hash


def test_a_batch_that_came_late_may_be_taken_in(context: ModelContext, upstream: Upstream) -> None:
    gate(context, upstream.deliver(1), "accepted")
    late = upstream.deliver(0)

    assert check_redelivery(context, {"batch": late}).batch == late


def test_labels_are_asked_for_by_kind(context: ModelContext, upstream: Upstream) -> None:
    batch = upstream.deliver(0, "labels")

    found = check_redelivery(context, {"batch": batch, "kind": "labels"})

    assert found.manifest.startswith(context.spec.labels.uri)


def test_what_was_accepted_is_never_replaced(context: ModelContext, upstream: Upstream) -> None:
    batch = upstream.deliver(0)
    gate(context, batch, "accepted")

    with pytest.raises(RequestError, match="accepted already"):
        check_redelivery(context, {"batch": batch})


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param({}, "needs a batch", id="no batch"),
        pytest.param({"batch": "2024-02-30"}, "must be a batch id", id="no such day"),
        pytest.param({"batch": "2024-01-08"}, "there is no file://", id="nothing there"),
        pytest.param({"batch": "2024-01-08", "kind": "both"}, "data, labels", id="kind"),
        pytest.param({"bach": "2024-01-08"}, "did you mean 'batch'", id="misspelt key"),
    ],
)
def test_a_wrong_request_is_refused(context: ModelContext, conf: object, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        check_redelivery(context, conf)
