"""How ``evergreen reproduce`` ends without a fit; with one, see the tests of reproducing."""

from builders.ledger_rows import Call, add_decision
from evergreen.ledger.ledger import Ledger


def test_a_decision_that_trained_nothing_is_refused_with_its_reason(
    call: Call, ledger: Ledger
) -> None:
    decision = add_decision(ledger, "2013-03-05", verdict="stand_down", trigger="none")

    ended = call("reproduce", decision.id)

    assert ended.code == 2
    assert "trained nothing that was kept: 1 of 2 features drifted." in ended.err
    assert "evergreen decisions flights" in ended.err


def test_an_unknown_decision_is_refused(call: Call, ledger: Ledger) -> None:
    add_decision(ledger, "2013-03-05")

    ended = call("reproduce", "nope")

    assert (ended.code, ended.out) == (2, "")
    assert "no decision 'nope'" in ended.err
