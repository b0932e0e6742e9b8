from datetime import UTC, datetime

from evergreen.ledger.ledger import Ledger
from evergreen.records import QualityResult, RuleResult, Snapshot, Window

WEEK = Window(start=datetime(2013, 3, 5, tzinfo=UTC), end=datetime(2013, 3, 12, tzinfo=UTC))


def make_snapshot(
    batch: str = "2013-03-05", *, n_rows: int = 100, sha256: str = "a" * 64
) -> Snapshot:
    return Snapshot(
        model="flights",
        batch=batch,
        kind="data",
        path=f"snapshots/{sha256}.parquet",
        sha256=sha256,
        n_rows=n_rows,
        window=WEEK,
    )


def rejected() -> QualityResult:
    rule = RuleResult(rule="row_count", is_met=False, sentence="row_count: 3 rows, need 100")
    return QualityResult(verdict="rejected", rules=(rule,), sentence="1 of 1 rules is broken")


def test_a_delivery_keeps_its_window_in_utc_and_its_gate_result(ledger: Ledger) -> None:
    ledger.batches.record_snapshot(make_snapshot())
    ledger.batches.record_quality("flights", "data", "2013-03-05", rejected())

    delivery = ledger.batches.delivery("flights", "data", "2013-03-05")

    assert delivery is not None
    assert delivery.window == WEEK
    assert delivery.status == "rejected"
    assert delivery.quality == rejected()


def test_a_redelivery_replaces_the_row_and_clears_the_old_gate_result(ledger: Ledger) -> None:
    ledger.batches.record_snapshot(make_snapshot())
    ledger.batches.record_quality("flights", "data", "2013-03-05", rejected())

    ledger.batches.record_snapshot(make_snapshot(sha256="b" * 64, n_rows=120))

    deliveries = ledger.batches.deliveries("flights", "data")
    assert [(d.status, d.n_rows, d.quality) for d in deliveries] == [("received", 120, None)]


def test_deliveries_come_in_batch_order_and_by_status(ledger: Ledger) -> None:
    for batch in ("2013-03-19", "2013-03-05", "2013-03-12"):
        ledger.batches.record_snapshot(make_snapshot(batch))
    ledger.batches.record_refusal(
        "flights", "data", "2013-03-26", status="rejected", sentence="part missing"
    )

    received = ledger.batches.deliveries("flights", "data", status="received")

    assert [d.batch for d in received] == ["2013-03-05", "2013-03-12", "2013-03-19"]
    assert ledger.batches.deliveries("flights", "data")[-1].sentence == "part missing"


def test_labels_and_data_of_one_batch_do_not_touch_each_other(ledger: Ledger) -> None:
    ledger.batches.record_snapshot(make_snapshot())

    ledger.batches.record_refusal(
        "flights", "labels", "2013-03-05", status="skipped", sentence="put aside"
    )

    data = ledger.batches.delivery("flights", "data", "2013-03-05")
    assert data is not None
    assert data.status == "received"


def test_scoring_again_keeps_one_prediction_log_per_version(ledger: Ledger) -> None:
    for digest, version in (("1" * 64, "1"), ("2" * 64, "1"), ("3" * 64, "2")):
        ledger.batches.record_predictions(
            "flights", "2013-03-05", version, path=f"p/v{version}", sha256=digest, n_rows=10
        )

    logs = ledger.batches.predictions("flights")

    assert [(p.version, p.sha256[0]) for p in logs] == [("1", "2"), ("2", "3")]
    assert [p.version for p in ledger.batches.predictions("flights", version="2")] == ["2"]


def test_forgotten_predictions_are_gone_and_forgetting_twice_is_fine(ledger: Ledger) -> None:
    ledger.batches.record_predictions(
        "flights", "2013-03-05", "1", path="p", sha256="1" * 64, n_rows=10
    )

    ledger.batches.forget_predictions("flights", "2013-03-05", "1")
    ledger.batches.forget_predictions("flights", "2013-03-05", "1")

    assert ledger.batches.predictions("flights") == []


def test_a_delivery_whose_snapshot_is_gone_keeps_the_rest(ledger: Ledger) -> None:
    ledger.batches.record_snapshot(make_snapshot())

    ledger.batches.forget_snapshot("flights", "data", "2013-03-05")

    delivery = ledger.batches.delivery("flights", "data", "2013-03-05")
    assert delivery is not None
    assert (delivery.path, delivery.sha256, delivery.n_rows) == (None, "a" * 64, 100)
