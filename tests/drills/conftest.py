"""Plays the drills that were asked for, several at once, on one stage; prints the table."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from drills.catalogue import DRILLS, model_of
from drills.drill import Drill
from drills.play import Report, play
from drills.stage import Part, running_stage
from drills.table import lines_of

AT_ONCE = 6
REPORTS = pytest.StashKey[dict[str, Report]]()


@dataclass
class Played:
    """The drills that were asked for, each on its way or over."""

    futures: Mapping[str, Future[None]] = field(default_factory=dict)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORTS] = {}


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table after the tests."""
    lines = lines_of(config.stash[REPORTS].values())
    if lines:
        terminalreporter.section("drills")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """Start the suite with a model for each drill that was asked for, and all those drills."""
    asked = [drill for drill in DRILLS if drill.name in _asked_for(request.session)]
    parts = [Part(model_of(drill), drill.dags, drill.rules) for drill in asked]
    reports = request.config.stash[REPORTS]
    with (
        running_stage(tmp_path_factory.mktemp("drills"), parts) as stage,
        ThreadPoolExecutor(AT_ONCE, thread_name_prefix="drill") as pool,
    ):
        futures = {}
        for drill in asked:
            reports[drill.name] = Report(drill.kind, drill.fault)
            futures[drill.name] = pool.submit(
                play, stage, drill, model_of(drill), reports[drill.name]
            )
        try:
            yield Played(futures)
        finally:
            stage.is_closing.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _asked_for(session: pytest.Session) -> set[str]:
    """Return the names of the drills whose tests are to run."""
    specs = (getattr(item, "callspec", None) for item in session.items)
    found = (spec.params.get("drill") for spec in specs if spec is not None)
    return {drill.name for drill in found if isinstance(drill, Drill)}
