"""What a watch leaves in the ledger, on both databases."""

from typing import Any

import pytest

from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Watch, WatchState


def record(
    ledger: Ledger, batch: str, *, epoch: int = 2, verdict: WatchState = "watching", **more: Any
) -> Watch:
    fields: dict[str, Any] = {"n_rows": 400, "gain": 0.01, "gain_se": 0.02, "sentence": batch}
    return ledger.watches.record("flights", epoch, batch, verdict=verdict, **{**fields, **more})


def test_rows_come_back_by_epoch_in_the_order_they_were_looked_at(ledger: Ledger) -> None:
    later = record(ledger, "2013-03-12")
    earlier = record(ledger, "2013-03-05", verdict="passed")
    other = record(ledger, "2013-03-05", epoch=1)

    assert ledger.watches.of_epoch("flights", 2) == [later, earlier]
    assert ledger.watches.history("flights") == [other, later, earlier]
    assert ledger.watches.of_epoch("taxis", 2) == []


@pytest.mark.parametrize("verdict", ["watching", "passed", "worse"])
def test_a_row_that_counts_stands(ledger: Ledger, verdict: WatchState) -> None:
    first = record(ledger, "2013-03-05", verdict=verdict)

    again = record(ledger, "2013-03-05", verdict="watching", gain=-0.3)

    assert again == first
    assert ledger.watches.of_epoch("flights", 2) == [first]


@pytest.mark.parametrize("verdict", ["not_computable", "left_out"])
def test_a_row_that_does_not_count_is_replaced(ledger: Ledger, verdict: WatchState) -> None:
    record(ledger, "2013-03-05", verdict=verdict, gain=None, gain_se=None)

    again = record(ledger, "2013-03-05", verdict="worse")

    assert again.has_counted
    assert ledger.watches.of_epoch("flights", 2) == [again]
