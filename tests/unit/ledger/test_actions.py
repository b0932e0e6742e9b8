"""What people did is kept as it was, newest first, per model."""

from evergreen.ledger.ledger import Ledger


def test_actions_are_kept_with_name_reason_and_outcome(ledger: Ledger) -> None:
    done = ledger.actions.record(
        "flights",
        "hold",
        done_by="ada",
        reason="labels are wrong",
        outcome="started run r1 of hold__flights",
        detail={"run_id": "r1"},
    )

    (found,) = ledger.actions.newest("flights", limit=10)
    assert found == done
    assert (found.done_by, found.reason, found.detail) == (
        "ada",
        "labels are wrong",
        {"run_id": "r1"},
    )


def test_actions_of_a_model_come_newest_first_and_bounded(ledger: Ledger) -> None:
    for number in range(5):
        ledger.actions.record("flights", "hold", done_by="a", reason=str(number), outcome="done")
    ledger.actions.record("other", "hold", done_by="a", reason="x", outcome="done")

    found = ledger.actions.newest("flights", limit=3)

    assert [action.reason for action in found] == ["4", "3", "2"]


def test_nothing_can_be_changed_or_removed(ledger: Ledger) -> None:
    offered = {name for name in dir(ledger.actions) if not name.startswith("_")}

    assert offered == {"record", "newest"}
