"""P09-P13, T14: hands, first runs, unmeasured challengers, old evaluations, cancelled runs."""

from pathlib import Path

import numpy as np
import pytest

from drivers.killable import ended
from evergreen.workflows.alerts.watchdog_checks import reconcile_champion
from faults.judged import Scores, labels, ready_to_promote, register_file, scores
from faults.world import World


@pytest.mark.row("P09")
def test_an_alias_that_a_hand_moved_is_named_told_once_and_left(
    world: World, model_file: Path
) -> None:
    run = ready_to_promote(world, model_file)
    made = register_file(world.context.registry, world.name, "by hand", model_file)
    world.context.registry.set_alias(world.name, "champion", made.version)
    world.by_hand = made.version

    assert world.play(run) == 0
    for _ in range(2):
        reconcile_champion(world.context)

    told = world.read(run).told["promote"][1]
    assert "names v3, but the ledger's champion is v1; somebody moved it without a decision" in told
    assert [world.kinds().count(kind) for kind in ("alias_mismatch", "failed")] == [1, 1]
    world.hold("", is_over=False)
    world.context.registry.set_alias(world.name, "champion", "1")
    world.by_hand = None
    world.clear(run, "promote")
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("refused, hand named, alert x1; set back and cleared: promoted", run)


@pytest.mark.faults
@pytest.mark.row("P11 M12")
def test_two_first_runs_at_once_make_one_first_champion(world: World) -> None:
    batch = world.without_champion()
    runs = [world.run(batch, training_window_days=days) for days in (14, 21)]
    processes = [world.begin(run) for run in runs]
    assert [ended(process) for process in processes] == [0, 0]

    rows = world.ledger.promotions.history(world.name)
    assert [row.kind for row in rows] == ["bootstrap"]
    world.expected = rows[0].version
    world.hold("", is_over=False)
    for run in runs:
        if world.read(run).states["promote"] == "failed":
            assert "re-evaluate" in world.read(run).told["promote"][1]
            world.clear(run, "evaluate_challenger")
            assert world.play(run) == 0
    world.expected = world.champion()
    assert len(world.context.registry.list_versions(world.name)) == 2
    assert world.kinds().count("promoted") == len(world.ledger.promotions.history(world.name))
    world.hold("one bootstrap; the other says re-evaluate, and does", *runs)


@pytest.mark.faults
@pytest.mark.row("P12")
def test_a_run_that_is_cleared_from_its_start_promotes_nothing_again(
    world: World, model_file: Path
) -> None:
    run = world.run(world.with_champion(model_file))
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("", run, is_over=False)
    before = world.ledger.promotions.history(world.name), world.kinds()

    world.clear(run, "check_request")
    assert world.play(run) == 0

    assert (world.ledger.promotions.history(world.name), world.kinds()) == before
    world.hold("same decision, nothing again", run)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("target", "challenger"),
    [
        pytest.param(labels(), np.full(1000, np.nan), id="NaN"),
        pytest.param(
            labels(), np.where(np.arange(1000) == 7, np.inf, scores(3.0)), id="one infinite"
        ),
        pytest.param(np.zeros(1000), scores(3.0), id="no metric of one class"),
        pytest.param(labels(), scores(1.0), id="equal"),
    ],
)
@pytest.mark.row("P13")
def test_a_challenger_without_a_measured_gain_is_not_promoted(
    world: World, model_file: Path, target: Scores, challenger: Scores
) -> None:
    run = ready_to_promote(world, model_file, target=target, challenger=challenger)

    assert world.play(run) == 0

    assert world.read(run).states["promote"] == "skipped"
    reason = world.read(run).returned["record_decision"]["sentence"]
    assert reason
    world.hold(f"kept: {reason[:60]}", run)


@pytest.mark.faults
@pytest.mark.row("T14")
def test_an_evaluation_of_ten_days_ago_is_not_acted_upon(world: World, model_file: Path) -> None:
    run = ready_to_promote(world, model_file, hours_ago=240)

    assert world.play(run) == 0

    assert "240 h old, at most 72 h are allowed" in world.read(run).told["promote"][1]
    world.hold("", is_over=False)
    world.clear(run, "evaluate_challenger")
    assert world.play(run) == 0
    world.hold("refused; evaluated anew: judged anew", run)


@pytest.mark.faults
@pytest.mark.row("P07 cancelled")
def test_a_run_that_was_set_to_failed_while_it_ran_promotes_nothing(
    world: World, model_file: Path
) -> None:
    run = ready_to_promote(world, model_file)

    assert world.play(run, end_task="promote") == 0

    assert "is failed in Airflow while its process lives on" in world.read(run).told["promote"][1]
    world.hold("", is_over=False)
    world.clear(run, "promote")
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("refused; cleared: promoted", run)


@pytest.mark.faults
@pytest.mark.row("T08")
def test_a_batch_that_is_decided_is_not_decided_again_unasked(
    world: World, model_file: Path
) -> None:
    first = ready_to_promote(world, model_file)
    assert world.play(first) == 0
    world.expected = "2"
    second = world.run("")
    second.dag_run.conf = {}
    second.save()

    assert world.play(second) == 0

    assert set(world.read(second).states.values()) == {"skipped"}
    world.hold("the second is skipped, it names the first", first, second)
