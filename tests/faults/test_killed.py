"""P01-P06: killed at any failpoint, and run again and again, a run promotes exactly once."""

import signal
from pathlib import Path

import pytest

from evergreen.failpoints import FAILPOINTS
from faults.judged import ready_to_promote
from faults.world import World

SAMPLE = {
    "before_register": "P01",
    "after_create_version": "P02",
    "after_intent": "P03",
    "after_alias": "P04",
    "after_close": "P05",
}
# From here on nothing is fitted or scored any more: the run may begin where it has been judged.
JUDGED = FAILPOINTS[FAILPOINTS.index("after_lane") : FAILPOINTS.index("after_close") + 1]
EACH = [
    pytest.param(
        name,
        id=name,
        marks=[pytest.mark.row(SAMPLE.get(name, "P06"))]
        + ([] if name in ("after_create_version", "after_alias") else [pytest.mark.faults]),
    )
    for name in FAILPOINTS
]


@pytest.mark.parametrize("failpoint", EACH)
def test_killed_run_again_killed_again_and_run_again_it_is_one_promotion(
    world: World, model_file: Path, failpoint: str
) -> None:
    run = (
        ready_to_promote(world, model_file)
        if failpoint in JUDGED
        else world.run(world.with_champion(model_file))
    )

    assert world.play(run, failpoint) == -signal.SIGKILL
    world.expected = world.champion()
    world.hold("", is_over=False)
    again = world.play(run, failpoint)
    assert again in (0, -signal.SIGKILL)
    assert world.play(run) == 0
    world.expected = "2"
    world.hold("killed, recovered", run)
    before = world.ledger.promotions.history(world.name), world.kinds()
    world.clear(run, "promote")
    assert world.play(run) == 0

    assert (world.ledger.promotions.history(world.name), world.kinds()) == before
    assert [row.version for row in before[0]] == ["1", "2"]
    assert world.kinds().count("promoted") == 1
