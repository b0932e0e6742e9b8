"""Why a challenger that won does not become champion now: held, frozen, or not approved."""

from datetime import datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from evergreen.ledger.records import Approval
from evergreen.presentation.phrases import hours
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import Stay, holding

Payload = dict[str, Any]
NOTE = "stay"
SECONDS_PER_HOUR = 3600.0


def why_not_now(
    context: ModelContext, asked: Payload, trained: Payload, evaluated: Payload
) -> Stay | None:
    """Tell why a challenger that won is not promoted in this run; None where it may be.

    What was begun is finished, whatever holds by now.
    """
    if context.ledger.promotions.by_decision(context.spec.name, asked["decision"]) is not None:
        return None
    return (
        _held_before(context, asked, evaluated)
        or holding(context)
        or _unapproved(context, asked, trained, evaluated)
    )


def why_not_asked(context: ModelContext, asked: Payload, evaluated: Payload) -> Stay | None:
    """Tell why nobody needs to be asked about this challenger; None where somebody does."""
    if evaluated["verdict"]["verdict"] != "promote":
        return Stay("kept", f"kept the champion: {evaluated['verdict']['sentence']}")
    if asked["request"]["dry_run"]:
        return Stay("kept", f"dry run, nobody is asked: {evaluated['verdict']['sentence']}")
    return _held_before(context, asked, evaluated) or holding(context)


def stay_here(airflow_context: Any, stay: Stay) -> None:
    """Leave word for ``record_decision`` and skip what would move the champion.

    Raises:
        AirflowSkipException: Always.
    """
    note = {"outcome": stay.outcome, "sentence": stay.sentence, "cause": stay.cause}
    airflow_context["ti"].xcom_push(key=NOTE, value=note)
    raise AirflowSkipException(stay.sentence)


def stay_of(airflow_context: Any, states: dict[str, str]) -> Stay | None:
    """Return the word that this round of the run left, of whichever step was the first to skip."""
    first = "approve" if states.get("approve") == "skipped" else "promote"
    if states.get(first) != "skipped":
        return None
    note = airflow_context["ti"].xcom_pull(task_ids=first, key=NOTE)
    return None if note is None else Stay(note["outcome"], note["sentence"], note["cause"])


def standing_answer(
    context: ModelContext, asked: Payload, trained: Payload, evaluated: Payload
) -> Approval | None:
    """Return what was asked about this very evaluation, open or answered; None for any other.

    An answer counts for the version and the evaluation that it was given about.
    """
    found = context.ledger.approvals.get(asked["decision"])
    if found is None or found.version != trained["version"]:
        return None
    judged = _judged_at(evaluated)
    return None if judged is not None and judged > found.asked_at else found


def tell_answer(approval: Approval) -> str:
    """Say who answered what."""
    comment = f": {approval.comment}" if approval.comment else ""
    within = hours((approval.due_at - approval.asked_at).total_seconds() / SECONDS_PER_HOUR)
    return {
        "open": "nobody has answered yet",
        "approved": f"approved by {approval.answered_by or 'somebody'}{comment}",
        "refused": f"refused by {approval.answered_by or 'somebody'}{comment}; the champion stays",
        "timed_out_keep": f"nobody answered within {within}; the champion stays",
        "timed_out_promote": f"nobody answered within {within}, and the spec promotes then",
    }[approval.answer]


def _held_before(context: ModelContext, asked: Payload, evaluated: Payload) -> Stay | None:
    """Refuse to apply late what was held: only a newer evaluation may go on."""
    decision = context.ledger.decisions.get(asked["decision"])
    if decision.outcome != "held" or decision.closed_at is None:
        return None
    judged = _judged_at(evaluated)
    if judged is not None and judged > decision.closed_at:
        return None
    return Stay(
        "held",
        f"held before and not applied late ({decision.outcome_sentence}); it is decided anew: clear"
        " evaluate_challenger with its downstream, or force a retrain",
        "freeze",
    )


def _unapproved(
    context: ModelContext, asked: Payload, trained: Payload, evaluated: Payload
) -> Stay | None:
    """Refuse where the spec asks for a person's word and the ledger holds none for this."""
    if context.spec.promotion.approval == "none":
        return None
    answer = standing_answer(context, asked, trained, evaluated)
    if answer is None:
        return Stay(
            "refused",
            "the spec asks for approval and nobody was asked about this evaluation; the champion"
            " stays: clear approve with its downstream",
        )
    return None if answer.is_granted else Stay("refused", tell_answer(answer))


def _judged_at(evaluated: Payload) -> datetime | None:
    stamp = evaluated["evaluation"].get("evaluated_at")
    return None if stamp is None else datetime.fromisoformat(stamp)
