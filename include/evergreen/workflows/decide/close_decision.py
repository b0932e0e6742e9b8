"""Closing a decision: what came of it goes to the ledger, and one message to people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evergreen import dag_ids
from evergreen.failpoints import failpoint
from evergreen.ledger.records import Outcome
from evergreen.records import Promotion
from evergreen.workflows.alerts.decision_alerts import alert_closing
from evergreen.workflows.decide.decide import report_path
from evergreen.workflows.decision_run import ClosedRun, DecisionRun, Evaluated, Stay, Trained
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_state import RunInfo

if TYPE_CHECKING:
    from evergreen.storage.store import Store

BROKEN = ("failed", "upstream_failed")
NOT_DECISIVE = (dag_ids.RECORD_DECISION, dag_ids.WRITE_DRIFT_REPORT, dag_ids.WRITE_MODEL_CARD)


def record_outcome(
    context: ModelContext,
    run: DecisionRun,
    info: RunInfo,
    states: Mapping[str, str],
    *,
    trained: Trained | None,
    evaluated: Evaluated | None,
    stay: Stay | None,
) -> ClosedRun:
    """Close the decision of a run; on a dry run only tell what would have been.

    Args:
        context: The model's spec and adapters.
        run: What the run decided about.
        info: The run, for the links of messages.
        states: State of every task by its id.
        trained: The challenger of this round; None where none was trained.
        evaluated: How it did; None where it was not evaluated.
        stay: Why the champion stays although the challenger won; None for no such reason.
    """
    if run.request.dry_run:
        return _end_dry_run(context.store, run, *_outcome(states, evaluated, None))
    if states.get(dag_ids.DECIDE) != "success":
        outcome, sentence = _outcome(states, evaluated, stay)
        return ClosedRun(outcome=outcome, sentence=sentence)
    mine = context.ledger.promotions.by_decision(run.model, run.decision_id)
    outcome, sentence = _outcome(states, evaluated, stay) if mine is None else _moved(states, mine)
    champion = mine or context.ledger.promotions.latest(run.model)
    is_drawn = states.get(dag_ids.WRITE_DRIFT_REPORT) == "success"
    failpoint("before_close")
    decision = context.ledger.decisions.close(
        run.decision_id,
        outcome=outcome,
        sentence=sentence,
        challenger_version=mine.version if mine else trained.version if trained else None,
        champion_after=None if champion is None else champion.version,
        evaluation=evaluated.evaluation if evaluated else None,
        report_path=report_path(run.model, run.batch) if is_drawn else None,
        promotion_verdict=evaluated.verdict if evaluated else None,
    )
    failpoint("after_close")
    alert_closing(context, info, decision, cause=stay.cause if stay else None)
    return ClosedRun(
        outcome=outcome,
        sentence=sentence,
        champion_before=decision.champion_before,
        champion_after=decision.champion_after,
    )


def _end_dry_run(store: "Store", run: DecisionRun, outcome: Outcome, sentence: str) -> ClosedRun:
    """Remove what a dry run wrote, unless a task of it is still to be cleared."""
    if outcome != "failed":
        store.delete(run.scratch)
    return ClosedRun(
        outcome=outcome, sentence=f"dry run, nothing kept and nothing moved: {sentence}"
    )


def _outcome(
    states: Mapping[str, str], evaluated: Evaluated | None, stay: Stay | None
) -> tuple[Outcome, str]:
    """Tell what came of a run that has made no promotion."""
    broken = _broken(states)
    if broken:
        return "failed", f"{', '.join(broken)} failed, the champion stays as it was"
    if any(s in BROKEN for t, s in states.items() if t not in NOT_DECISIVE):
        return "failed", "a task before this one did not run, the champion stays as it was"
    if evaluated is None:
        return "stood_down", "stood down, the champion stays"
    sentence = evaluated.verdict.sentence
    if not evaluated.has_won:
        return "kept", sentence
    if stay is not None:
        return stay.outcome, f"{stay.sentence} (the challenger won: {sentence})"
    return "kept", f"the challenger would have been promoted: {sentence}"


def _moved(states: Mapping[str, str], mine: Promotion) -> tuple[Outcome, str]:
    """Tell what came of a run that has made a promotion: the ledger's row is the truth."""
    broken = _broken(states)
    if mine.state == "intent" and broken:
        return "failed", (
            f"{', '.join(broken)} failed after v{mine.version} was entered as champion; the alias"
            " follows when you clear it, or by the watchdog"
        )
    return ("bootstrapped" if mine.kind == "bootstrap" else "promoted"), mine.reason


def _broken(states: Mapping[str, str]) -> list[str]:
    return sorted(t for t, s in states.items() if s == "failed" and t not in NOT_DECISIVE)
