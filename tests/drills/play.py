"""Plays one drill: break, wait for the alert, look, act, check, recover; and takes the time."""

import logging
import time
from dataclasses import dataclass, field
from functools import partial

from drills.drill import Drill
from drills.scene import PATIENCE_SECONDS, Scene
from drills.stage import CommandFailedError, Stage
from drivers.runbooks import Block, read_runbook
from drivers.tiny import Upstream
from evergreen.settings import read_settings
from evergreen.spec.loader import load_spec
from evergreen.workflows.model_context import ModelContext

CHECK_PAUSE_SECONDS = 3.0
log = logging.getLogger(__name__)


@dataclass
class Report:
    """What came of a drill.

    Attributes:
        kind: Kind of the alert.
        fault: How the suite was broken.
        alerted_seconds: From the fault to the message in Slack; None: none came.
        commands: The runbook's commands that were run, as typed.
        recovered_seconds: From the message to recovery; None: there was none.
    """

    kind: str
    fault: str
    alerted_seconds: float | None = None
    commands: list[str] = field(default_factory=list)
    recovered_seconds: float | None = None


def play(stage: Stage, drill: Drill, model: str, report: Report) -> None:
    """Play a drill to its end; the report is filled in on the way.

    Raises:
        AssertionError: No alert came, a command failed, or the suite did not recover.
    """
    try:
        _play(drill, open_scene(stage, model), report)
    except Exception:
        log.exception("%s: not recovered", model)
        raise


def _play(drill: Drill, scene: Scene, report: Report) -> None:
    model = scene.model
    drill.seed(scene)
    log.info("%s: %s", model, drill.fault)
    broken = time.monotonic()
    drill.break_it(scene)
    wait_for_alert(drill, scene)
    told = time.monotonic()
    report.alerted_seconds = told - broken
    log.info("%s: told after %.0f s", model, report.alerted_seconds)
    follow(drill, scene, report)
    drill.require_recovery(scene)
    if drill.is_incident:
        require_closed(drill, scene)
    report.recovered_seconds = time.monotonic() - told
    log.info("%s: recovered after %.0f s", model, report.recovered_seconds)


def open_scene(stage: Stage, model: str) -> Scene:
    """Return the place of a drill."""
    settings = read_settings()
    loaded = load_spec(settings.models_dir / model, home=settings.home)
    context = ModelContext(settings, loaded, stage.ledger)
    return Scene(stage, context, Upstream.of(loaded.folder, settings.home))


def wait_for_alert(drill: Drill, scene: Scene) -> None:
    """Wait until the alert has reached people, with the link to its runbook."""

    def is_told() -> bool:
        if scene.stage.link_to_runbook(scene.model, drill.kind):
            return True
        if drill.is_watched:
            scene.stage.watch()
        return False

    scene.wait_until(is_told, f"the alert {drill.kind}")
    page = scene.stage.read_page(scene.stage.link_to_runbook(scene.model, drill.kind))
    assert scene.model in page, "the runbook's page does not fill in the model"


def follow(drill: Drill, scene: Scene, report: Report) -> None:
    """Run the runbook's own commands: look, then each act with its check."""
    runbook = read_runbook(drill.kind)
    values = {"model": scene.model, "why": f"drill of {drill.kind}", **drill.values(scene)}
    run = partial(run_block, scene, report, values)
    for look in runbook.looks:
        run(look)
    for act in drill.acts:
        drill.before(scene, act)
        check = runbook.check_after(act)
        require_failure(scene, check.filled(values))
        run(runbook.acts[act])
        run(check, patience_seconds=PATIENCE_SECONDS)


def require_failure(scene: Scene, script: str) -> None:
    """Fail unless a check fails before anything was done: else it would say nothing afterwards."""
    try:
        said = scene.stage.shell(script)
    except CommandFailedError:
        return
    raise AssertionError(f"{scene.model}: {script!r} is well before the act:\n{said}")


def run_block(
    scene: Scene,
    report: Report,
    values: dict[str, str],
    block: Block,
    *,
    patience_seconds: float = 0.0,
) -> None:
    """Run a block of commands; a check again and again, as its runbook says."""
    script = block.filled(values)
    report.commands += script.split("\n")
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            scene.stage.shell(script)
        except CommandFailedError as err:
            if time.monotonic() > deadline or scene.stage.is_closing.is_set():
                raise CommandFailedError(f"{err}\n{scene.explain()}") from None
            time.sleep(CHECK_PAUSE_SECONDS)
        else:
            log.info("%s: done %s", scene.model, script)
            return


def require_closed(drill: Drill, scene: Scene) -> None:
    """Wait until what the alert belongs to is over."""

    def is_over() -> bool:
        if not any(one.id in belongs_to for one in ledger.incidents.open_of(scene.model)):
            return True
        scene.stage.watch()
        return False

    ledger = scene.stage.ledger
    told = [one for one in ledger.alerts.history(scene.model) if one.alert.kind == drill.kind]
    belongs_to = {entry.incident_id for entry in told}
    assert told
    assert None not in belongs_to
    scene.wait_until(is_over, f"the end of the incident {drill.kind}")
