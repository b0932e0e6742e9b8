"""What holds after every fault, looked at in the ledger, in MLflow and in Slack.

I1 the alias names a READY version with the ledger's file; I2 every alias change has its row; I3 a
promotion holds only against the champion it was judged by; I4 one version per key; I5 a failure
leaves the champion; I6 one message per incident; I7 nothing unmeasured is promoted; I8 clearing
recovers.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING

from drivers.killable import KeptRun
from evergreen.errors import LedgerError
from evergreen.ledger.records import Decision
from evergreen.records import Promotion

if TYPE_CHECKING:
    from faults.world import World


def broken_invariants(
    world: "World", runs: Sequence[KeptRun], *, is_over: bool = True
) -> dict[str, str]:
    """Return the invariants that do not hold, each with what was found; empty: all hold."""
    checks: dict[str, Callable[[], str]] = {
        "I1": lambda: _alias_names_a_sound_version(world, is_over=is_over),
        "I2": lambda: _every_change_has_its_row(world, is_over=is_over),
        "I3": lambda: _judged_against_the_champion(world),
        "I4": lambda: _one_version_per_key(world),
        "I5": lambda: _champion_as_expected(world),
        "I6": lambda: _one_message_per_incident(world, is_over=is_over),
        "I7": lambda: _only_measured_ones_promoted(world),
        "I8": lambda: _came_through(runs),
    }
    found = {name: check() for name, check in checks.items()}
    return {name: what for name, what in found.items() if what}


def _alias_names_a_sound_version(world: "World", *, is_over: bool) -> str:
    row = world.ledger.promotions.latest(world.name)
    bearer = world.context.registry.get_alias(world.name, "champion")
    if bearer is None:
        return "" if row is None or not is_over else f"no alias, ledger says v{row.version}"
    if world.by_hand is not None:
        return ""  # what the hand did is not the product's; that it stays so is I5
    if row is None or (is_over and bearer.version != row.version):
        return f"alias names v{bearer.version}, ledger says {row and row.version}"
    entry = world.ledger.versions.get(world.name, bearer.version)
    stored = world.folder / "stored.lgb"
    stored.unlink(missing_ok=True)
    world.context.registry.download_model(bearer, stored, bearer.sha256)
    digest = sha256(stored.read_bytes()).hexdigest()
    if not (bearer.is_ready and digest == bearer.sha256 == entry.sha256):
        return f"v{bearer.version} is not READY or not the ledger's file"
    return ""


def _every_change_has_its_row(world: "World", *, is_over: bool) -> str:
    rows = world.ledger.promotions.history(world.name)
    if [row.epoch for row in rows] != list(range(1, len(rows) + 1)):
        return f"epochs {[row.epoch for row in rows]}"
    written = world.proxy.alias_writes(world.name, "champion")
    moves = [version for version, _ in groupby(written)]
    through = [row.version for row in rows if _of_a_run(row)]
    if is_over and [row.epoch for row in rows if row.state != "committed"]:
        return "a promotion is still an intent"
    if moves != through[: len(moves)] or (is_over and moves != through):
        return f"the alias was set to {moves}, the ledger has {through}"
    return ""


def _judged_against_the_champion(world: "World") -> str:
    rows = world.ledger.promotions.history(world.name)
    before = [None, *(row.version for row in rows)]
    for row, previous in zip(rows, before, strict=False):
        if row.previous_version != previous:
            return f"epoch {row.epoch} follows v{row.previous_version}, not v{previous}"
        decision = _decision(world, row)
        if decision is not None and decision.evaluation is not None:
            judged = decision.evaluation.champion_version
            if judged != previous:
                return f"epoch {row.epoch} was judged against v{judged}, not v{previous}"
    return ""


def _one_version_per_key(world: "World") -> str:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(world.context.settings.mlflow_uri)
    found = client.search_model_versions(f"name='{world.name}'")
    ready = [v for v in found if "evergreen.duplicate_of" not in v.tags and v.status == "READY"]
    keys = [v.tags.get("evergreen.key") for v in ready]
    if len(set(keys)) != len(keys):
        return f"{len(keys)} versions for {len(set(keys))} keys"
    lost = {e.version for e in world.ledger.versions.history(world.name)} - {
        str(v.version) for v in found
    }
    return f"v{', v'.join(sorted(lost))} of the ledger are not in MLflow" if lost else ""


def _champion_as_expected(world: "World") -> str:
    champion, expected = world.champion(), world.by_hand or world.expected
    return "" if champion == expected else f"v{champion} is champion, not v{expected}"


def _one_message_per_incident(world: "World", *, is_over: bool) -> str:
    entries = world.ledger.alerts.history(world.name)
    waiting = [entry.alert.message_key for entry in entries if entry.state == "pending"]
    sent = len(world.slack.messages)
    # An update changes a message that was sent before.
    delivered = sum(entry.state == "delivered" and entry.role != "update" for entry in entries)
    if is_over and waiting:
        return f"{waiting} were never delivered"
    # While a fault lasts, a message may have been taken whose delivery is not recorded yet.
    if sent != delivered and is_over:
        return f"{sent} messages for {delivered} alerts"
    return ""


def _only_measured_ones_promoted(world: "World") -> str:
    for row in filter(_of_a_run, world.ledger.promotions.history(world.name)):
        decision = _decision(world, row)
        if row.kind not in ("promotion", "bootstrap") or decision is None:
            continue
        if decision.closed_at is None or decision.evaluation is None:
            continue
        verdict = decision.promotion_verdict
        if decision.evaluation.challenger.value is None or verdict is None:
            return f"v{row.version} was promoted without a measurement"
        if verdict.verdict != "promote":
            return f"v{row.version} was promoted although: {verdict.sentence}"
    return ""


def _came_through(runs: Sequence[KeptRun]) -> str:
    told: dict[str, str] = {}
    for run in runs:
        bad = {task: run.told.get(task, [state]) for task, state in run.states.items()}
        told |= {
            f"{run.dag_run.run_id} {task}": " ".join(what)
            for task, what in bad.items()
            if run.states[task] in ("failed", "upstream_failed")
        }
        if "record_decision" not in run.states:
            told[run.dag_run.run_id] = "has not come to its end"
    return "; ".join(f"{where}: {what}" for where, what in told.items())


def _of_a_run(row: Promotion) -> bool:
    """Tell a promotion that a run made from one that a test's history began with."""
    return not row.decision_id.startswith("decision for")


def _decision(world: "World", row: Promotion) -> Decision | None:
    try:
        return world.ledger.decisions.get(row.decision_id)
    except LedgerError:
        return None
