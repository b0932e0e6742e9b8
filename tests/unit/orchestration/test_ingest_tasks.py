"""The tasks of ``ingest`` and ``labels``, called as a worker calls them."""

from typing import Any

import pytest

from drivers.history import accept
from drivers.ingest_runs import Announced, Ingest
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.errors import ExternalError, LedgerError
from evergreen.orchestration import assets, ingest_tasks, score_tasks
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.workflows.ingest.delivery import FoundDelivery
from evergreen.workflows.ingest.labelled_data import labelled_path
from evergreen.workflows.model_context import ModelContext

BATCH = "2024-01-01"


def a_run(context: ModelContext, kind: str = "ingest", conf: Any = None) -> Ingest:
    kind = kind if conf is None else "redelivery"
    return Ingest(DagRun(f"{kind}__{context.spec.name}", conf=conf, run_type="scheduled"))


def told(context: ModelContext) -> list[str]:
    return [entry.alert.kind for entry in context.ledger.alerts.history(context.spec.name)]


def status_of(context: ModelContext, kind: Any = "data") -> str | None:
    found = context.ledger.batches.delivery(context.spec.name, kind, BATCH)
    return None if found is None else found.status


def test_a_sound_batch_is_published_under_its_id(context: ModelContext, upstream: Upstream) -> None:
    upstream.deliver(0)
    run, events = a_run(context), Announced()

    taken, follows = run.up_to_gate("data")
    run.call(ingest_tasks.publish_batch, context.spec.name, taken, outlet_events=events)

    assert follows == ["publish_batch"]
    assert events.partitions == [(assets.batches(context.spec.name).name, BATCH)]
    assert status_of(context) == "accepted"


def test_a_batch_that_breaks_a_rule_is_put_aside_with_its_docs(
    context: ModelContext, upstream: Upstream
) -> None:
    upstream.deliver(0, fault="half_missing")
    run = a_run(context)

    taken, follows = run.up_to_gate("data")
    run.call(ingest_tasks.quarantine_batch, context.spec.name, taken)
    docs = run.call(ingest_tasks.write_data_docs, context.spec.name, taken)

    assert follows == ["quarantine_batch", "write_data_docs"]
    assert told(context) == ["data_rejected"]
    assert docs["uri"].endswith("data_docs/index.html")


@pytest.mark.parametrize("fault", ["renamed_column", "missing_part", "truncated_part"])
def test_a_delivery_that_cannot_be_used_is_put_aside_before_the_gate(
    context: ModelContext, upstream: Upstream, fault: Any
) -> None:
    upstream.deliver(0, fault=fault)
    run = a_run(context)

    taken, follows = run.up_to_gate("data")
    run.call(ingest_tasks.quarantine_batch, context.spec.name, taken)

    assert follows == ["quarantine_batch"]
    assert status_of(context) == "rejected"
    assert told(context) == ["data_rejected"]


def test_a_batch_that_is_delivered_again_after_a_rejection_is_accepted(
    context: ModelContext, upstream: Upstream
) -> None:
    upstream.deliver(0, fault="half_missing")
    a_run(context).up_to_gate("data")
    by_itself = a_run(context).call(ingest_tasks.find_next_batch, context.spec.name, "data")
    upstream.deliver(0)

    taken, follows = a_run(context, conf={"batch": BATCH}).up_to_gate("data")

    assert by_itself["batch"] == "2024-01-08"  # a rejected batch is not taken by itself
    assert (taken["batch"], follows) == (BATCH, ["publish_batch"])
    assert status_of(context) == "accepted"


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param({}, "needs a batch", id="nothing"),
        pytest.param({"batch": "yesterday"}, "must be a batch id", id="no batch id"),
        pytest.param({"batches": [BATCH]}, "did you mean 'batch'", id="unknown key"),
        pytest.param([BATCH], "JSON object", id="list"),
        pytest.param({"batch": BATCH, "kind": "x"}, "one of data, labels", id="kind"),
        pytest.param({"batch": "2024-01-08"}, "there is no file", id="not there"),
        pytest.param({"batch": BATCH}, "accepted already", id="accepted"),
    ],
)
def test_a_wrong_redelivery_is_refused_before_anything_is_taken_in(
    context: ModelContext, upstream: Upstream, conf: Any, says: str
) -> None:
    accept(context, upstream, 0)

    with pytest.raises(RequestRefused, match=says):
        a_run(context, conf=conf).call(ingest_tasks.check_request, context.spec.name)

    assert len(context.ledger.batches.deliveries(context.spec.name, "data")) == 1


def test_what_was_accepted_survives_a_rerun_after_the_landing_area_was_tidied(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = accept(context, upstream, 0)
    found = FoundDelivery(
        kind="data", batch=batch, manifest="", spec_hash=context.freeze_spec()
    ).to_json()
    for part in (context.settings.home / "landing" / "tiny" / batch).glob("*.parquet"):
        part.unlink()

    taken = a_run(context).call(ingest_tasks.take_snapshot, context.spec.name, found)

    assert taken["is_taken"]
    assert status_of(context) == "accepted"


def test_the_first_delivery_of_all_may_have_any_id(
    context: ModelContext, upstream: Upstream
) -> None:
    found = a_run(context).call(ingest_tasks.find_next_batch, context.spec.name, "data")
    upstream.deliver(3)

    taken = a_run(context).call(ingest_tasks.take_snapshot, context.spec.name, found)

    assert found["batch"] is None
    assert (taken["batch"], taken["is_taken"]) == ("2024-01-22", True)


def test_a_manifest_that_is_gone_again_is_looked_for_anew(context: ModelContext) -> None:
    found = a_run(context).call(ingest_tasks.find_next_batch, context.spec.name, "data")

    with pytest.raises(ExternalError, match="is gone again"):
        a_run(context).call(ingest_tasks.take_snapshot, context.spec.name, found)

    assert context.ledger.batches.deliveries(context.spec.name, "data") == []


def test_labels_are_joined_and_announced(context: ModelContext, upstream: Upstream) -> None:
    accept(context, upstream, 0)
    upstream.deliver(0, "labels")
    run, events = a_run(context, "labels"), Announced()

    taken, follows = run.up_to_gate("labels")
    published = run.call(
        ingest_tasks.publish_labels, context.spec.name, taken, outlet_events=events
    )

    assert (follows, published["n_rows"]) == (["publish_labels"], 400)
    assert events.partitions == [(assets.labelled(context.spec.name).name, BATCH)]
    assert context.store.exists(labelled_path(context.spec.name, BATCH))


def test_labels_that_do_not_match_are_rejected_and_told(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0)
    upstream.deliver(0, "labels", n_rows=100)
    run = a_run(context, "labels")

    taken, follows = run.up_to_gate("labels")
    run.call(ingest_tasks.reject_labels, context.spec.name, taken)

    assert (follows, status_of(context, "labels")) == (["reject_labels"], "rejected")
    assert told(context) == ["data_rejected"]


def test_labels_whose_files_cannot_be_used_are_rejected_too(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0)
    upstream.deliver(0, "labels")
    for part in (context.settings.home / "labels" / "tiny" / BATCH).glob("*.parquet"):
        part.unlink()

    _, follows = a_run(context, "labels").up_to_gate("labels")

    assert (follows, status_of(context, "labels")) == (["reject_labels"], "rejected")


def test_labels_of_a_rejected_batch_are_skipped(context: ModelContext, upstream: Upstream) -> None:
    upstream.deliver(0, fault="half_missing")
    a_run(context).up_to_gate("data")
    upstream.deliver(0, "labels")

    _, follows = a_run(context, "labels").up_to_gate("labels")

    assert (follows, status_of(context, "labels")) == (["skip_labels"], "skipped")


def test_labels_that_were_put_aside_can_be_taken_in_after_their_batch_was(
    context: ModelContext, upstream: Upstream
) -> None:
    upstream.deliver(0, fault="half_missing")
    a_run(context).up_to_gate("data")
    upstream.deliver(0, "labels")
    a_run(context, "labels").up_to_gate("labels")
    upstream.deliver(0)
    a_run(context, conf={"batch": BATCH}).up_to_gate("data")

    _, follows = a_run(context, conf={"batch": BATCH, "kind": "labels"}).up_to_gate("labels")

    assert (follows, status_of(context, "labels")) == (["publish_labels"], "accepted")


def test_before_the_first_champion_a_batch_is_announced_unscored(
    context: ModelContext, upstream: Upstream
) -> None:
    accept(context, upstream, 0)
    run = Run(DagRun(f"score__{context.spec.name}", partition_key=BATCH))
    events = Announced()

    scored = run.call(score_tasks.score_batch, context.spec.name, outlet_events=events)

    assert scored == {"batch": BATCH, "version": None, "n_rows": 0}
    assert events.partitions == [(assets.predictions(context.spec.name).name, BATCH)]


def test_a_ledger_that_does_not_answer_is_tried_again(
    context: ModelContext, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.deliver(0)
    monkeypatch.setenv("EVERGREEN_LEDGER_URL", f"sqlite:///{context.settings.home}/no/such.db")

    with pytest.raises(LedgerError):
        a_run(context).call(ingest_tasks.find_next_batch, context.spec.name, "data")
