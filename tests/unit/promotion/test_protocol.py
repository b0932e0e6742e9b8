import itertools
import threading
from typing import Any

import numpy as np
import pytest

from evergreen.errors import ChampionChangedError, PromotionError, StaleTokenError
from evergreen.promotion.projection import reconcile
from evergreen.promotion.protocol import promote
from evergreen.records import Promotion

MODEL = "flights"


def sha(version: str) -> str:
    return version.rjust(64, "0")


def move(world: Any, version: str, expected: str | None, **changes: Any) -> Promotion:
    fields: dict[str, Any] = {
        "model": MODEL,
        "version": version,
        "sha256": sha(version),
        "expected_champion": expected,
        "decision_id": f"decision-{version}",
        "kind": "bootstrap" if expected is None else "promotion",
        "reason": "test",
    }
    return promote(world.ledger, world.registry, **{**fields, **changes})


def survives(action: Any) -> bool:
    """Run ``action``; tell whether it came to its end instead of being killed."""
    try:
        action()
    except BaseException as err:
        if type(err).__name__ != "Killed":
            raise
        return False
    return True


def test_the_first_model_becomes_champion(world: Any) -> None:
    made = move(world, "1", None)

    assert (made.epoch, made.version, made.previous_version) == (1, "1", None)
    assert (made.kind, made.state) == ("bootstrap", "committed")
    assert world.registry.writes == ["1"]
    world.check()


def test_a_challenger_follows_the_champion(world: Any) -> None:
    move(world, "1", None)

    made = move(world, "2", "1")

    assert (made.epoch, made.previous_version) == (2, "1")
    assert world.registry.writes == ["1", "2"]
    world.check()


def test_the_same_decision_again_changes_nothing(world: Any) -> None:
    first = move(world, "1", None)

    assert move(world, "1", None) == first
    assert world.registry.writes == ["1"]
    assert len(world.ledger.rows) == 1


def test_a_rerun_after_the_champion_moved_on_does_not_touch_the_alias(world: Any) -> None:
    first = move(world, "1", None)
    move(world, "2", "1")

    assert move(world, "1", None) == first
    assert world.registry.alias == "2"
    world.check()


def test_a_decision_cannot_promote_two_versions(world: Any) -> None:
    move(world, "1", None)

    with pytest.raises(PromotionError, match="has promoted flights v1 already, not v2"):
        move(world, "2", "1", decision_id="decision-1")

    world.check()


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        pytest.param("3", "from v3 to v2 since evaluation; re-evaluate", id="another"),
        pytest.param(None, "from none to v2", id="none"),
    ],
)
def test_another_champion_than_expected_is_refused(
    world: Any, expected: str | None, words: str
) -> None:
    move(world, "1", None)
    move(world, "2", "1")

    with pytest.raises(ChampionChangedError, match=words):
        move(world, "5", expected)

    assert world.registry.alias == "2"
    world.check()


def test_an_expected_champion_where_there_is_none_is_refused(world: Any) -> None:
    with pytest.raises(ChampionChangedError, match="from v1 to none"):
        move(world, "2", "1")

    assert world.registry.writes == []


def test_the_champion_cannot_be_promoted_again(world: Any) -> None:
    move(world, "1", None)

    with pytest.raises(PromotionError, match="champion already"):
        move(world, "1", "1", decision_id="other")


@pytest.mark.parametrize(("kind", "expected"), [("bootstrap", "1"), ("promotion", None)])
def test_kind_and_expected_champion_go_together(
    world: Any, kind: str, expected: str | None
) -> None:
    with pytest.raises(ValueError, match="does not go with"):
        move(world, "2", expected, kind=kind)


@pytest.mark.parametrize("moved_to", ["7", None])
def test_an_alias_that_somebody_moved_is_named_and_left(world: Any, moved_to: str | None) -> None:
    move(world, "1", None)
    world.registry.alias = moved_to

    with pytest.raises(PromotionError, match=r"names (v7|none), but the ledger's champion is v1"):
        move(world, "2", "1")

    assert world.registry.alias == moved_to
    assert len(world.ledger.rows) == 1


def test_an_alias_without_a_ledger_row_is_not_overwritten_by_a_first_model(world: Any) -> None:
    world.registry.alias = "7"

    with pytest.raises(PromotionError, match="ledger's champion is none"):
        move(world, "1", None)

    assert (world.registry.alias, world.ledger.rows) == ("7", [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(None, "no v2 in the registry", id="gone"),
        pytest.param({"is_ready": False}, "not READY", id="not ready"),
        pytest.param({"sha256": "f" * 64}, "sha256 ffffffffffff", id="another file"),
        pytest.param({"sha256": ""}, "sha256 none", id="no hash"),
    ],
)
def test_a_version_that_cannot_be_used_is_refused(
    world: Any, changes: dict[str, Any] | None, words: str
) -> None:
    move(world, "1", None)
    found = world.registry.versions.pop("2")
    if changes is not None:
        world.registry.versions["2"] = found.model_copy(update=changes)

    with pytest.raises(PromotionError, match=words):
        move(world, "2", "1")

    world.check()
    assert world.registry.alias == "1"


def count_steps(new_world: Any) -> int:
    world = new_world()
    move(world, "1", None)
    fuse = world.arm(None)
    move(world, "2", "1")
    return int(fuse.steps)


def test_killed_anywhere_and_again_on_the_rerun_ends_in_one_promotion(new_world: Any) -> None:
    n_steps = count_steps(new_world)
    assert n_steps > 8

    for first_kill, second_kill in itertools.product(range(1, n_steps + 1), repeat=2):
        world = new_world()
        move(world, "1", None)
        for kill in (first_kill, second_kill):
            world.arm(kill)
            survives(lambda world=world: move(world, "2", "1"))
        world.arm(None)

        made = move(world, "2", "1")

        assert (made.epoch, made.state) == (2, "committed")
        assert world.registry.writes == ["1", "2"], (first_kill, second_kill)
        world.check()


def test_killed_anywhere_the_next_decision_finishes_it_first(new_world: Any) -> None:
    for kill in range(1, count_steps(new_world) + 1):
        world = new_world()
        move(world, "1", None)
        world.arm(kill)
        survives(lambda world=world: move(world, "2", "1"))
        world.arm(None)
        champion = world.ledger.latest(MODEL).version

        move(world, "3", champion)

        expected = ["1", "3"] if champion == "1" else ["1", "2", "3"]
        assert world.registry.writes == expected
        world.check()


def test_killed_anywhere_reconcile_brings_the_alias_in_step(new_world: Any) -> None:
    seen = set()
    for kill in range(1, count_steps(new_world) + 1):
        world = new_world()
        move(world, "1", None)
        world.arm(kill)
        survives(lambda world=world: move(world, "2", "1"))
        world.arm(None)

        seen.add(reconcile(world.ledger, world.registry, MODEL).verdict)

        assert reconcile(world.ledger, world.registry, MODEL).verdict == "in_step"
        world.check()
    assert seen == {"in_step", "projected"}


def test_an_intent_is_not_finished_over_a_hand_that_moved_the_alias(world: Any) -> None:
    move(world, "1", None)
    world.ledger.write_intent(
        MODEL,
        epoch=2,
        version="2",
        previous_version="1",
        sha256=sha("2"),
        kind="promotion",
        decision_id="decision-2",
        reason="died after this",
    )
    world.registry.alias = "9"

    with pytest.raises(PromotionError, match="set it back to v2 or v1, or start rollback__flights"):
        move(world, "2", "1")

    assert world.registry.alias == "9"
    world.registry.alias = "1"
    assert move(world, "2", "1").state == "committed"
    world.check()


@pytest.mark.parametrize("seed", range(50))
def test_two_promoters_at_the_same_barrier_end_with_one_winner(new_world: Any, seed: int) -> None:
    world = new_world()
    move(world, "1", None)
    world.registry.pauses = np.random.default_rng(seed)
    outcomes = race(world, [("2", "1"), ("3", "1")])

    losers = [o for o in outcomes.values() if isinstance(o, ChampionChangedError)]
    assert len(losers) == 1
    assert "champion changed from v1 to v" in str(losers[0])
    assert len(world.ledger.rows) == 2
    world.check()


@pytest.mark.parametrize("seed", range(10))
def test_many_promoters_and_reconcilers_together_keep_the_history_whole(
    new_world: Any, seed: int
) -> None:
    world = new_world()
    world.registry.pauses = np.random.default_rng(seed)
    first = race(world, [(str(n), None) for n in range(1, 5)])
    assert sum(isinstance(o, Promotion) for o in first.values()) == 1
    champion = world.ledger.latest(MODEL).version

    second = race(world, [(str(n), champion) for n in range(10, 16)], n_reconcilers=3)

    assert sum(isinstance(o, Promotion) for o in second.values()) == 1
    assert len(world.ledger.rows) == 2
    world.check()


def test_the_same_decision_in_two_processes_promotes_once(new_world: Any) -> None:
    for seed in range(20):
        world = new_world()
        move(world, "1", None)
        world.registry.pauses = np.random.default_rng(seed)

        outcomes = race(world, [("2", "1"), ("2", "1")])

        assert all(isinstance(o, Promotion) for o in outcomes.values())
        assert len(world.ledger.rows) == 2
        world.check()


def just_before(target: Any, method: str, action: Any) -> None:
    """Let ``action`` happen right before the next call of ``target.method``."""
    really = getattr(target, method)

    def late(*args: Any, **fields: Any) -> Any:
        setattr(target, method, really)
        action()
        return really(*args, **fields)

    setattr(target, method, late)


@pytest.mark.parametrize("method", ["write_intent", "latest"])
def test_the_same_decision_that_passes_in_between_is_confirmed(world: Any, method: str) -> None:
    move(world, "1", None)
    just_before(world.ledger, method, lambda: move(world, "2", "1"))

    made = move(world, "2", "1")

    assert (made.epoch, made.state) == (2, "committed")
    assert world.registry.writes == ["1", "2"]
    world.check()


@pytest.mark.parametrize("method", ["write_intent", "latest"])
def test_another_decision_that_passes_in_between_wins(world: Any, method: str) -> None:
    move(world, "1", None)
    just_before(world.ledger, method, lambda: move(world, "2", "1"))

    with pytest.raises(ChampionChangedError, match="from v1 to v2"):
        move(world, "3", "1")

    world.check()


def test_an_alias_that_a_later_promotion_moved_is_not_out_of_band(world: Any) -> None:
    move(world, "1", None)

    really = world.ledger.write_intent

    def write_then_pass_by(*args: Any, **fields: Any) -> Any:
        world.ledger.write_intent = really
        row = really(*args, **fields)
        just_before(world.registry, "get_alias", lambda: move(world, "3", "2"))
        return row

    world.ledger.write_intent = write_then_pass_by

    made = move(world, "2", "1")

    assert made.version == "2"
    assert world.registry.writes == ["1", "2", "3"]
    world.check()


def test_an_alias_that_moves_with_the_champion_between_the_checks_is_a_changed_champion(
    world: Any,
) -> None:
    move(world, "1", None)
    just_before(world.registry, "get_alias", lambda: move(world, "2", "1"))

    with pytest.raises(ChampionChangedError, match="from v1 to v2"):
        move(world, "3", "1")

    world.check()


def test_a_write_that_comes_too_late_is_taken_back(world: Any) -> None:
    move(world, "1", None)
    really_set = world.registry.set_alias

    def stall(model: str, alias: str, version: str) -> None:
        # Before the first promoter's write comes through, two others pass it by.
        world.registry.set_alias = really_set
        move(world, "3", "2")
        move(world, "4", "3")
        really_set(model, alias, version)

    world.registry.set_alias = stall

    made = move(world, "2", "1")

    assert made.version == "2"
    assert world.registry.writes == ["1", "2", "3", "4", "2", "4"]
    world.check()


def test_a_stale_token_moves_nothing(world: Any) -> None:
    move(world, "1", None)
    stalled = world.ledger.take_lane(MODEL, "decision-2")
    world.ledger.take_lane(MODEL, "decision-3")

    with pytest.raises(StaleTokenError):
        move(world, "2", "1", token=stalled)

    assert world.registry.writes == ["1"]
    world.check()


def test_with_the_newest_token_the_same_decision_goes_through(world: Any) -> None:
    move(world, "1", None)
    world.ledger.take_lane(MODEL, "decision-2")

    made = move(world, "2", "1", token=world.ledger.take_lane(MODEL, "decision-2"))

    assert (made.epoch, made.state) == (2, "committed")
    world.check()


def test_a_try_that_was_replaced_confirms_what_the_later_try_has_done(world: Any) -> None:
    move(world, "1", None)
    stalled = world.ledger.take_lane(MODEL, "decision-2")
    newer = world.ledger.take_lane(MODEL, "decision-2")
    just_before(world.ledger, "write_intent", lambda: move(world, "2", "1", token=newer))

    made = move(world, "2", "1", token=stalled)

    assert (made.epoch, made.state) == (2, "committed")
    assert world.registry.writes == ["1", "2"]
    world.check()


def test_what_a_last_look_finds_moves_nothing(world: Any) -> None:
    move(world, "1", None)

    def refuse() -> None:
        raise StaleTokenError("cancelled")

    with pytest.raises(StaleTokenError, match="cancelled"):
        move(world, "2", "1", last_look=refuse)

    assert world.registry.writes == ["1"]
    world.check()


def test_nothing_is_asked_between_the_last_look_and_the_intent(world: Any) -> None:
    move(world, "1", None)
    fuse = world.arm(None)
    steps: list[int] = []
    just_before(world.ledger, "write_intent", lambda: steps.append(fuse.steps))

    move(world, "2", "1", last_look=lambda: steps.append(fuse.steps))

    assert steps[0] == steps[1] > 0


def test_who_asked_is_kept(world: Any) -> None:
    assert move(world, "1", None, requested_by="ada").requested_by == "ada"


def race(world: Any, moves: list[tuple[str, str | None]], n_reconcilers: int = 0) -> dict[int, Any]:
    barrier = threading.Barrier(len(moves) + n_reconcilers)
    outcomes: dict[int, Any] = {}

    def work(place: int, version: str, expected: str | None) -> None:
        barrier.wait()
        try:
            outcomes[place] = move(world, version, expected)
        except PromotionError as err:
            outcomes[place] = err

    def watch() -> None:
        barrier.wait()
        for _ in range(3):
            reconcile(world.ledger, world.registry, MODEL)

    threads = [
        threading.Thread(target=work, args=(place, *one)) for place, one in enumerate(moves)
    ] + [threading.Thread(target=watch) for _ in range(n_reconcilers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
