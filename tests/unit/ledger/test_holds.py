import pytest

from evergreen.errors import EvergreenError
from evergreen.ledger.ledger import Ledger


def test_a_hold_stands_until_it_is_released_with_both_names_and_reasons(ledger: Ledger) -> None:
    ledger.holds.hold("flights", reason="audit", held_by="ada")
    assert [hold.reason for hold in ledger.holds.in_force("flights")] == ["audit"]

    ended = ledger.holds.release("flights", reason="audit is over", released_by="ben")

    (hold,) = ledger.holds.history("flights")
    assert list(ended) == [hold]
    assert (hold.held_by, hold.released_by, hold.release_reason) == ("ada", "ben", "audit is over")
    assert hold.released_at is not None
    assert hold.released_at >= hold.held_at
    assert ledger.holds.in_force("flights") == []


def test_holding_again_keeps_the_first_hold(ledger: Ledger) -> None:
    first = ledger.holds.hold("flights", reason="audit", held_by="ada")

    again = ledger.holds.hold("flights", reason="another", held_by="ben")

    assert again == first
    assert len(ledger.holds.history("flights")) == 1


def test_releasing_what_is_not_held_ends_nothing(ledger: Ledger) -> None:
    assert ledger.holds.release("flights", reason="x", released_by="ben") == []


@pytest.mark.parametrize(
    ("held", "released", "in_force"),
    [
        pytest.param("*", "flights", ["*"], id="a model's release leaves the hold of all"),
        pytest.param("flights", "*", ["flights"], id="the release of all leaves a model's hold"),
        pytest.param("*", "*", [], id="all held, all released"),
        pytest.param("delays", "flights", [], id="another model's hold"),
    ],
)
def test_a_scope_is_released_by_its_own_name_only(
    ledger: Ledger, held: str, released: str, in_force: list[str]
) -> None:
    ledger.holds.hold(held, reason="audit", held_by="ada")

    ledger.holds.release(released, reason="over", released_by="ada")

    assert [hold.model for hold in ledger.holds.in_force("flights")] == in_force


def test_a_model_may_be_held_again(ledger: Ledger) -> None:
    ledger.holds.hold("flights", reason="one", held_by="ada")
    ledger.holds.release("flights", reason="over", released_by="ada")

    ledger.holds.hold("flights", reason="two", held_by="ada")

    assert [hold.reason for hold in ledger.holds.in_force("flights")] == ["two"]


def test_a_ledger_without_tables_says_how_to_make_them(ledger_url: str) -> None:
    with (
        Ledger(ledger_url) as bare,
        pytest.raises(EvergreenError, match="evergreen ledger migrate"),
    ):
        bare.holds.in_force("flights")
