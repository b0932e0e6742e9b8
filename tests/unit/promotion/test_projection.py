from typing import Any

import pytest

from evergreen.promotion.projection import reconcile
from evergreen.promotion.protocol import promote

MODEL = "flights"


def sha(version: str) -> str:
    return version.rjust(64, "0")


def make_champion(world: Any, version: str = "1") -> None:
    promote(
        world.ledger,
        world.registry,
        model=MODEL,
        version=version,
        sha256=sha(version),
        expected_champion=None,
        decision_id="first",
        kind="bootstrap",
        reason="test",
    )


def test_no_champion_and_no_alias_is_no_champion(world: Any) -> None:
    assert reconcile(world.ledger, world.registry, MODEL).verdict == "no_champion"


def test_an_alias_that_follows_is_in_step(world: Any) -> None:
    make_champion(world)

    assert reconcile(world.ledger, world.registry, MODEL).verdict == "in_step"


@pytest.mark.parametrize("moved_to", ["2", None])
def test_a_moved_alias_is_a_mismatch_and_stays(world: Any, moved_to: str | None) -> None:
    make_champion(world)
    world.registry.alias = moved_to

    got = reconcile(world.ledger, world.registry, MODEL)

    assert got.verdict == "mismatch"
    assert f"names {'v2' if moved_to else 'none'}" in got.sentence
    assert world.registry.alias == moved_to


def test_an_alias_without_a_ledger_row_is_a_mismatch(world: Any) -> None:
    world.registry.alias = "2"

    got = reconcile(world.ledger, world.registry, MODEL)

    assert got.verdict == "mismatch"
    assert "remove it" in got.sentence


@pytest.mark.parametrize("changes", [{"sha256": "f" * 64}, {"is_ready": False}])
def test_a_champion_that_is_not_what_the_ledger_says_is_a_mismatch(
    world: Any, changes: dict[str, Any]
) -> None:
    make_champion(world)
    world.registry.versions["1"] = world.registry.versions["1"].model_copy(update=changes)

    assert reconcile(world.ledger, world.registry, MODEL).verdict == "mismatch"


def test_an_intent_whose_version_is_gone_is_a_mismatch(world: Any) -> None:
    make_champion(world)
    world.ledger.write_intent(
        MODEL,
        epoch=2,
        version="2",
        previous_version="1",
        sha256=sha("2"),
        kind="promotion",
        decision_id="second",
        reason="test",
    )
    del world.registry.versions["2"]

    got = reconcile(world.ledger, world.registry, MODEL)

    assert got.verdict == "mismatch"
    assert "no v2" in got.sentence
    assert world.registry.alias == "1"


def test_a_champion_that_moved_between_the_questions_is_not_a_mismatch(world: Any) -> None:
    make_champion(world)
    really_get = world.registry.get_alias

    def move_first(model: str, alias: str) -> Any:
        world.registry.get_alias = really_get
        promote(
            world.ledger,
            world.registry,
            model=MODEL,
            version="2",
            sha256=sha("2"),
            expected_champion="1",
            decision_id="second",
            kind="promotion",
            reason="test",
        )
        return really_get(model, alias)

    world.registry.get_alias = move_first

    assert reconcile(world.ledger, world.registry, MODEL).verdict == "in_step"
