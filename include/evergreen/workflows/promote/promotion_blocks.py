"""Why a challenger that won does not become champion now: held, frozen, or not approved."""

from typing import TYPE_CHECKING

from evergreen import dag_ids
from evergreen.errors import PromotionError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Approval
from evergreen.presentation.formatting import duration
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decision_run import DecisionRun, Evaluated, Stay, Trained
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.holds import holding
from evergreen.workflows.train.lineage import read_lineage

if TYPE_CHECKING:
    from evergreen.storage.store import Store

SECONDS_PER_HOUR = 3600.0
SHOWN = 12


def check_one_spec(
    ledger: Ledger, store: "Store", run: DecisionRun, trained: Trained, evaluated: Evaluated
) -> None:
    """Refuse to promote what was not decided, trained and evaluated by one and the same spec.

    The lineage of a former champion is that of its own time and is not compared.

    Raises:
        PromotionError: They differ; the text names each.
    """
    if ledger.promotions.by_decision(run.model, run.decision_id) is not None:
        return  # what was begun is finished
    decision = ledger.decisions.get(run.decision_id)
    found = {
        "the run": run.spec_hash,
        "the decision": decision.spec_hash,
        "the training": trained.spec_hash,
        "the evaluation": evaluated.spec_hash,
    }
    lineage = read_lineage(store, trained.folder, trained.sha256)
    if lineage is not None and not trained.is_former:
        found["the lineage"] = lineage.spec_hash
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{what} {spec_hash[:SHOWN]}" for what, spec_hash in found.items())
        raise PromotionError(
            f"the spec changed during this run of {run.model} {run.batch}: {listed}; nothing was"
            f" changed: clear {dag_ids.CHECK_REQUEST} with its downstream"
        )


def why_not_now(
    context: ModelContext, run: DecisionRun, trained: Trained, evaluated: Evaluated
) -> Stay | None:
    """Tell why a challenger that won is not promoted in this run; None where it may be.

    What was begun is finished, whatever holds by now.
    """
    if context.ledger.promotions.by_decision(context.spec.name, run.decision_id) is not None:
        return None
    return (
        _held_before(context.ledger, run, evaluated)
        or holding(context)
        or _unapproved(context.spec, context.ledger, run, trained, evaluated)
    )


def why_not_asked(context: ModelContext, run: DecisionRun, evaluated: Evaluated) -> Stay | None:
    """Tell why nobody needs to be asked about this challenger; None where somebody does."""
    if not evaluated.has_won:
        return Stay(outcome="kept", sentence=f"kept the champion: {evaluated.verdict.sentence}")
    if run.request.dry_run:
        return Stay(
            outcome="kept", sentence=f"dry run, nobody is asked: {evaluated.verdict.sentence}"
        )
    return _held_before(context.ledger, run, evaluated) or holding(context)


def standing_answer(
    ledger: Ledger, run: DecisionRun, trained: Trained, evaluated: Evaluated
) -> Approval | None:
    """Return the approval request for this evaluation, open or answered; None where there is none.

    An answer counts only for the version and the evaluation that it was given for.
    """
    found = ledger.approvals.get(run.decision_id)
    if found is None or found.version != trained.version:
        return None
    judged = evaluated.evaluation.evaluated_at
    return None if judged is not None and judged > found.asked_at else found


def tell_answer(approval: Approval) -> str:
    """Say who answered what."""
    comment = f": {approval.comment}" if approval.comment else ""
    within = duration((approval.due_at - approval.asked_at).total_seconds() / SECONDS_PER_HOUR)
    return {
        "open": "nobody has answered yet",
        "approved": f"approved by {approval.answered_by or 'somebody'}{comment}",
        "refused": f"refused by {approval.answered_by or 'somebody'}{comment}; the champion stays",
        "timed_out_keep": f"nobody answered within {within}; the champion stays",
        "timed_out_promote": f"nobody answered within {within}, and the spec promotes then",
    }[approval.answer]


def _held_before(ledger: Ledger, run: DecisionRun, evaluated: Evaluated) -> Stay | None:
    """Refuse to apply a held promotion late: only a newer evaluation may be promoted."""
    decision = ledger.decisions.get(run.decision_id)
    if decision.outcome != "held" or decision.closed_at is None:
        return None
    judged = evaluated.evaluation.evaluated_at
    if judged is not None and judged > decision.closed_at:
        return None
    return Stay(
        outcome="held",
        sentence=f"held before and not applied late ({decision.outcome_sentence}); a new decision"
        " is needed: clear evaluate_challenger with its downstream, or force a retrain",
        cause="freeze",
    )


def _unapproved(
    spec: ModelSpec, ledger: Ledger, run: DecisionRun, trained: Trained, evaluated: Evaluated
) -> Stay | None:
    """Refuse where the spec asks for approval and the ledger has none for this evaluation."""
    if spec.promotion.approval == "none":
        return None
    answer = standing_answer(ledger, run, trained, evaluated)
    if answer is None:
        return Stay(
            outcome="refused",
            sentence="the spec asks for approval and nobody was asked about this evaluation; the"
            " champion stays: clear approve with its downstream",
        )
    return None if answer.is_granted else Stay(outcome="refused", sentence=tell_answer(answer))
