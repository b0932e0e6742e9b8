"""Closing a decision: what came of it goes to the ledger, and one message to people."""

from typing import Any

from evergreen.ledger.entries import Outcome
from evergreen.orchestration.alerting import alert_closing
from evergreen.orchestration.deciding import report_path
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Evaluation

Payload = dict[str, Any]
BROKEN = ("failed", "upstream_failed")
NOT_DECISIVE = ("record_decision", "write_drift_report")


def record_outcome(
    bench: Workbench, context: Any, asked: Payload, states: dict[str, str]
) -> Payload:
    """Close the decision of this run; on a dry run only tell what would have been.

    Returns:
        ``outcome`` and ``sentence``; versions before and after where there is a decision.
    """
    pull = context["ti"].xcom_pull
    evaluated = pull(task_ids="evaluate_challenger")
    trained = pull(task_ids="train_challenger")
    promoted = pull(task_ids="promote")
    outcome, sentence = _outcome(states, evaluated, promoted)
    if asked["request"]["dry_run"]:
        bench.store.delete(f"scratch/{bench.spec.name}/{asked['decision']}")
        return {"outcome": outcome, "sentence": f"dry run, nothing kept: {sentence}"}
    if states.get("decide") != "success":
        return {"outcome": "failed", "sentence": sentence}
    champion = bench.ledger.promotions.latest(bench.spec.name)
    drawn = report_path(bench.spec.name, asked["batch"])
    decision = bench.ledger.decisions.close(
        asked["decision"],
        outcome=outcome,
        sentence=sentence,
        challenger_version=trained["version"] if trained else None,
        champion_after=None if champion is None else champion.version,
        evaluation=Evaluation.from_json(evaluated["evaluation"]) if evaluated else None,
        report_path=drawn if states.get("write_drift_report") == "success" else None,
    )
    alert_closing(bench, context, decision)
    if outcome != "failed":
        bench.store.delete(f"scratch/{bench.spec.name}/{asked['decision']}")
    return {
        "outcome": outcome,
        "sentence": sentence,
        "champion_before": decision.champion_before,
        "champion_after": decision.champion_after,
    }


def _outcome(
    states: dict[str, str], evaluated: Payload | None, promoted: Payload | None
) -> tuple[Outcome, str]:
    broken = sorted(t for t, s in states.items() if s == "failed" and t not in NOT_DECISIVE)
    if broken:
        return "failed", f"{', '.join(broken)} failed, the champion stays as it was"
    if any(s in BROKEN for t, s in states.items() if t not in NOT_DECISIVE):
        return "failed", "a task before this one did not run, the champion stays as it was"
    if evaluated is None:
        return "stood_down", "stood down, the champion stays"
    sentence = str(evaluated["verdict"]["sentence"])
    if promoted is None:
        return "kept", sentence
    return ("bootstrapped" if promoted["kind"] == "bootstrap" else "promoted"), sentence
