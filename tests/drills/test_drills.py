"""Each runbook, followed on a running suite that was broken in the way its alert says."""

import pytest

from drills.catalogue import DRILLS, SAMPLE
from drills.conftest import Played
from drills.drill import Drill

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2400)]


def id_of(drill: Drill) -> str:
    """Return the name of a drill's test, in which its kind stands: `make drill KIND=` finds it."""
    return drill.name if drill.name == drill.kind else f"{drill.kind}-{drill.name}"


EACH = [
    pytest.param(drill, id=id_of(drill), marks=[] if drill.name in SAMPLE else [pytest.mark.drills])
    for drill in DRILLS
]


@pytest.mark.parametrize("drill", EACH)
def test_the_runbook_leads_from_the_alert_to_recovery(played: Played, drill: Drill) -> None:
    assert played.futures[drill.name].result() is None
