from typing import Any

import pytest

from evergreen.errors import ChampionChangedError, PromotionError, RequestError
from evergreen.promotion.protocol import promote
from evergreen.promotion.rollback import roll_back
from evergreen.records import Promotion

MODEL = "flights"


def sha(version: str) -> str:
    return version.rjust(64, "0")


def make_champions(world: Any, *versions: str) -> None:
    for version in versions:
        newest = world.ledger.latest(MODEL)
        promote(
            world.ledger,
            world.registry,
            model=MODEL,
            version=version,
            sha256=sha(version),
            expected_champion=newest.version if newest else None,
            decision_id=f"decision-{version}",
            kind="promotion" if newest else "bootstrap",
            reason="test",
        )


def back(world: Any, decision_id: str = "back", **changes: Any) -> Promotion:
    fields = {"model": MODEL, "decision_id": decision_id, "reason": "v3 is slow, says ann"}
    return roll_back(world.ledger, world.registry, **{**fields, **changes})


def leave_intent(world: Any, version: str, previous: str) -> None:
    world.ledger.write_intent(
        MODEL,
        epoch=len(world.ledger.rows) + 1,
        version=version,
        previous_version=previous,
        sha256=sha(version),
        kind="promotion",
        decision_id=f"decision-{version}",
        reason="died after this",
    )


def test_it_goes_back_to_the_previous_champion(world: Any) -> None:
    make_champions(world, "1", "2", "3")

    made = back(world)

    assert (made.version, made.previous_version, made.kind) == ("2", "3", "rollback")
    assert made.sha256 == sha("2")
    assert world.registry.alias == "2"
    world.check()


def test_a_second_time_it_goes_further_back_and_not_to_the_one_it_left(world: Any) -> None:
    make_champions(world, "1", "2", "3")
    back(world, "back-1")

    assert back(world, "back-2").version == "1"
    with pytest.raises(RequestError, match="before its first champion"):
        back(world, "back-3")
    world.check()


def test_after_a_new_promotion_it_goes_back_to_the_restored_one(world: Any) -> None:
    make_champions(world, "1", "2", "3")
    back(world, "back-1")
    make_champions(world, "4")

    assert back(world, "back-2").version == "2"


def test_it_goes_to_a_named_former_champion(world: Any) -> None:
    make_champions(world, "1", "2", "3")

    assert back(world, to_version="1").version == "1"
    world.check()


def test_the_same_decision_again_changes_nothing(world: Any) -> None:
    make_champions(world, "1", "2", "3")
    first = back(world)

    assert back(world) == first
    assert back(world, to_version="2") == first
    assert world.registry.writes == ["1", "2", "3", "2"]
    with pytest.raises(PromotionError, match="not v1"):
        back(world, to_version="1")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"to_version": "9"}, "cannot go back to v9; former champions: v1", id="never"),
        pytest.param({"to_version": "2"}, "v2 is the champion already", id="champion"),
        pytest.param({"reason": " "}, "needs a reason", id="no reason"),
    ],
)
def test_what_makes_no_sense_is_refused(world: Any, changes: dict[str, str], words: str) -> None:
    make_champions(world, "1", "2")

    with pytest.raises(RequestError, match=words):
        back(world, **changes)

    assert world.registry.alias == "2"
    world.check()


@pytest.mark.parametrize("champions", [(), ("1",)])
def test_without_a_former_champion_it_is_refused(world: Any, champions: tuple[str, ...]) -> None:
    make_champions(world, *champions)

    with pytest.raises(RequestError):
        back(world)

    world.check()


def test_another_champion_than_expected_is_refused(world: Any) -> None:
    make_champions(world, "1", "2", "3")

    with pytest.raises(ChampionChangedError, match="from v2 to v3"):
        back(world, expected_champion="2")

    assert back(world, expected_champion="3").version == "2"


def test_an_intent_is_finished_before_going_back(world: Any) -> None:
    make_champions(world, "1")
    leave_intent(world, "2", previous="1")

    back(world)

    assert world.registry.writes == ["1", "2", "1"]
    world.check()


def test_an_intent_whose_version_is_gone_can_be_left_by_going_back(world: Any) -> None:
    make_champions(world, "1")
    leave_intent(world, "2", previous="1")
    del world.registry.versions["2"]

    made = back(world)

    assert (made.version, made.state, world.registry.alias) == ("1", "committed", "1")
    make_champions(world, "3")
    assert world.registry.alias == "3"


def test_an_intent_whose_version_is_gone_cannot_be_left_to_elsewhere(world: Any) -> None:
    make_champions(world, "1", "2")
    leave_intent(world, "3", previous="2")
    del world.registry.versions["3"]

    with pytest.raises(PromotionError, match="no v3 in the registry"):
        back(world, to_version="1")

    assert world.registry.alias == "2"


def test_a_moved_alias_stops_it(world: Any) -> None:
    make_champions(world, "1", "2")
    world.registry.alias = "7"

    with pytest.raises(PromotionError, match="names v7"):
        back(world)

    assert world.registry.alias == "7"


def test_a_former_champion_that_was_changed_in_the_registry_is_refused(world: Any) -> None:
    make_champions(world, "1", "2")
    world.registry.versions["1"] = world.registry.versions["1"].model_copy(
        update={"sha256": "f" * 64}
    )

    with pytest.raises(PromotionError, match="not the model that was evaluated"):
        back(world)

    world.check()


@pytest.mark.parametrize(
    ("moved_to", "wanted"),
    [
        pytest.param("2", "3", id="back to what the ledger says"),
        pytest.param("2", "2", id="the moved alias is accepted"),
        pytest.param("2", "1", id="neither of the two"),
        pytest.param(None, "3", id="the alias was removed"),
    ],
)
def test_naming_a_version_settles_an_alias_that_somebody_moved(
    world: Any, moved_to: str | None, wanted: str
) -> None:
    make_champions(world, "1", "2", "3")
    world.registry.alias = moved_to

    made = back(world, to_version=wanted)
    again = back(world, to_version=wanted)

    assert (made.version, made.state, world.registry.alias) == (wanted, "committed", wanted)
    assert again == made
    assert world.ledger.latest(MODEL).version == wanted


def test_a_moved_alias_is_not_settled_without_naming_a_version(world: Any) -> None:
    make_champions(world, "1", "2", "3")
    world.registry.alias = "1"

    with pytest.raises(PromotionError, match="somebody moved it"):
        back(world)

    assert world.registry.alias == "1"


def test_a_rollback_takes_the_lane_from_a_run_that_is_about_to_promote(world: Any) -> None:
    make_champions(world, "1", "2")
    waiting = world.ledger.take_lane(MODEL, "decision-3")

    made = back(world, requested_by="ada")

    assert (made.version, made.requested_by) == ("1", "ada")
    assert world.ledger.token > waiting
    world.check()
