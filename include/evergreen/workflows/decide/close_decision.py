"""Closing a decision: what came of it goes to the ledger, and one message to people."""

from typing import Any

from evergreen.failpoints import failpoint
from evergreen.ledger.records import Outcome
from evergreen.records import Evaluation, Promotion, PromotionVerdict
from evergreen.workflows.alerts.decision_alerts import alert_closing
from evergreen.workflows.decide.decide import report_path
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import Stay
from evergreen.workflows.promote.promotion_blocks import stay_of

Payload = dict[str, Any]
BROKEN = ("failed", "upstream_failed")
NOT_DECISIVE = ("record_decision", "write_drift_report", "write_model_card")


def record_outcome(
    context: ModelContext, airflow_context: Any, asked: Payload, states: dict[str, str]
) -> Payload:
    """Close the decision of this run; on a dry run only tell what would have been.

    Returns:
        ``outcome`` and ``sentence``; versions before and after where there is a decision.
    """
    trained = _result_of("train_challenger", airflow_context, states)
    evaluated = _result_of("evaluate_challenger", airflow_context, states)
    stay = stay_of(airflow_context, states)
    if asked["request"]["dry_run"]:
        return _end_dry_run(context, asked, *_outcome(states, evaluated, None))
    if states.get("decide") != "success":
        outcome, sentence = _outcome(states, evaluated, stay)
        return {"outcome": outcome, "sentence": sentence}
    mine = context.ledger.promotions.by_decision(context.spec.name, asked["decision"])
    outcome, sentence = _outcome(states, evaluated, stay) if mine is None else _moved(states, mine)
    champion = mine or context.ledger.promotions.latest(context.spec.name)
    drawn = report_path(context.spec.name, asked["batch"])
    failpoint("before_close")
    decision = context.ledger.decisions.close(
        asked["decision"],
        outcome=outcome,
        sentence=sentence,
        challenger_version=mine.version if mine else trained["version"] if trained else None,
        champion_after=None if champion is None else champion.version,
        evaluation=Evaluation.from_json(evaluated["evaluation"]) if evaluated else None,
        report_path=drawn if states.get("write_drift_report") == "success" else None,
        promotion_verdict=PromotionVerdict.from_json(evaluated["verdict"]) if evaluated else None,
    )
    failpoint("after_close")
    alert_closing(context, airflow_context, decision, cause=stay.cause if stay else None)
    return {
        "outcome": outcome,
        "sentence": sentence,
        "champion_before": decision.champion_before,
        "champion_after": decision.champion_after,
    }


def _result_of(task_id: str, airflow_context: Any, states: dict[str, str]) -> Payload | None:
    """Return what a task returned in this round; a skipped one may hold a result of the last."""
    if states.get(task_id) != "success":
        return None
    result: Payload | None = airflow_context["ti"].xcom_pull(task_ids=task_id)
    return result


def _end_dry_run(context: ModelContext, asked: Payload, outcome: Outcome, sentence: str) -> Payload:
    """Remove what a dry run wrote, unless a task of it is still to be cleared."""
    if outcome != "failed":
        context.store.delete(f"scratch/{context.spec.name}/{asked['decision']}")
    return {"outcome": outcome, "sentence": f"dry run, nothing kept and nothing moved: {sentence}"}


def _outcome(
    states: dict[str, str], evaluated: Payload | None, stay: Stay | None
) -> tuple[Outcome, str]:
    """Tell what came of a run that has made no promotion."""
    broken = _broken(states)
    if broken:
        return "failed", f"{', '.join(broken)} failed, the champion stays as it was"
    if any(s in BROKEN for t, s in states.items() if t not in NOT_DECISIVE):
        return "failed", "a task before this one did not run, the champion stays as it was"
    if evaluated is None:
        return "stood_down", "stood down, the champion stays"
    sentence = str(evaluated["verdict"]["sentence"])
    if evaluated["verdict"]["verdict"] == "keep":
        return "kept", sentence
    if stay is not None:
        return stay.outcome, f"{stay.sentence} (the challenger won: {sentence})"
    return "kept", f"the challenger would have been promoted: {sentence}"


def _moved(states: dict[str, str], mine: Promotion) -> tuple[Outcome, str]:
    """Tell what came of a run that has made a promotion: the ledger's row is the truth."""
    broken = _broken(states)
    if mine.state == "intent" and broken:
        return "failed", (
            f"{', '.join(broken)} failed after v{mine.version} was entered as champion; the alias"
            " follows when you clear it, or by the watchdog"
        )
    return ("bootstrapped" if mine.kind == "bootstrap" else "promoted"), mine.reason


def _broken(states: dict[str, str]) -> list[str]:
    return sorted(t for t, s in states.items() if s == "failed" and t not in NOT_DECISIVE)
