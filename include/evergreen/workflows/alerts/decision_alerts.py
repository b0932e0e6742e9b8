"""The alerts about a decision: what crossed a limit, what follows, and what came of it."""

from evergreen.alerts import catalogue, incident_rules
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.records import Alert, PromotionVerdict
from evergreen.signals import PolicyDecision, PolicySignals
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.incident_flow import count_calm, raise_alert, tell_move
from evergreen.workflows.alerts.page_urls import report_url
from evergreen.workflows.alerts.run_alerts import alert_failed, links
from evergreen.workflows.decide.decide import report_path
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_state import RunInfo


def alert_opening(
    context: ModelContext, run: RunInfo, decision: PolicyDecision, signals: PolicySignals
) -> None:
    """Tell what crossed a limit and what follows, or count a calm batch.

    Trouble with the model is one incident, from the first batch over a limit on. Drift that does no
    harm is shown and not told. A batch of the past says nothing of how the model is now.
    """
    batch = signals.batch
    if not _is_past(context.spec, context.ledger, batch):
        if incident_rules.is_over_limit(decision, signals):
            _tell_trouble(context, run, decision, signals)
        else:
            count_calm(context, batch)
    if decision.verdict != "stand_down":
        decided = run.decision_id(context.spec.name, batch)
        alert = catalogue.retrain_started(
            context.spec.name,
            batch,
            decision=decision,
            requested_by=signals.request.requested_by,
            occurrence=decided,
            links=links(
                context.spec,
                context.settings,
                "retrain_started",
                run,
                batch=batch,
                decision=decided,
            ),
        )
        raise_alert(context, alert)


def _tell_trouble(
    context: ModelContext, run: RunInfo, decision: PolicyDecision, signals: PolicySignals
) -> None:
    name, batch = context.spec.name, signals.batch
    decided = run.decision_id(name, batch)
    if incident_rules.is_decayed(decision, signals):
        alert = catalogue.decay(
            name,
            batch,
            measurement=signals.decay,
            follow_up=decision.sentence,
            is_alarm=decision.is_alarm,
            links=links(
                context.spec, context.settings, "decay", run, batch=batch, decision=decided
            ),
        )
        raise_alert(context, alert)
    if signals.drift is not None and incident_rules.is_drift_told(decision, signals):
        alert = catalogue.drift(
            name,
            batch,
            measurement=signals.drift,
            share_to_retrain=context.spec.drift.share_to_retrain,
            follow_up=decision.sentence,
            links=links(
                context.spec,
                context.settings,
                "drift",
                run,
                batch=batch,
                decision=decided,
                report=report_url(
                    context.store, context.settings, decided, report_path(name, batch)
                ),
            ),
        )
        raise_alert(context, alert)


def _is_past(spec: ModelSpec, ledger: Ledger, batch: str) -> bool:
    """Return whether a decision about a newer batch was made already."""
    decided = ledger.decisions.decided_batches(spec.name)
    return any(other > batch for other in decided)


def alert_closing(
    context: ModelContext, run: RunInfo, decision: Decision, *, cause: str | None = None
) -> None:
    """Tell what came of a decision: promoted, kept, held, or a quiet day; each tells it once.

    ``cause`` is what held it, ``hold`` or ``freeze``.
    """
    if decision.outcome == "failed":
        alert_failed(context, run, error=decision.outcome_sentence)
    elif decision.outcome != "open":
        alert = _closing(context, run, decision, cause)
        named = alert.model_copy(update={"message_key": f"{alert.message_key}:{decision.id}"})
        if alert.kind in incident_rules.ENDS:
            tell_move(context, named, version=decision.champion_after)
        else:
            raise_alert(context, named)


def _closing(context: ModelContext, run: RunInfo, decision: Decision, cause: str | None) -> Alert:
    name, batch = context.spec.name, decision.batch
    if decision.outcome == "held":
        return catalogue.promotion_held(
            name,
            batch,
            version=decision.challenger_version,
            champion_version=decision.champion_after,
            cause="hold" if cause == "hold" else "freeze",
            sentence=decision.outcome_sentence,
            links=links(
                context.spec,
                context.settings,
                "promotion_held",
                run,
                batch=batch,
                decision=decision.id,
            ),
        )
    if decision.outcome == "stood_down":
        policy = PolicyDecision(verdict="stand_down", trigger="none", sentence=decision.sentence)
        return catalogue.stood_down(
            name,
            batch,
            decision=policy,
            links=links(
                context.spec, context.settings, "stood_down", run, batch=batch, decision=decision.id
            ),
        )
    if decision.outcome in ("promoted", "bootstrapped"):
        return catalogue.promoted(
            name,
            batch,
            version=decision.challenger_version or "",
            previous_version=decision.champion_before,
            evaluation=decision.evaluation,
            verdict=PromotionVerdict(verdict="promote", sentence=decision.outcome_sentence),
            links=links(
                context.spec, context.settings, "promoted", run, batch=batch, decision=decision.id
            ),
        )
    return catalogue.kept(
        name,
        batch,
        challenger_version=decision.challenger_version,
        champion_version=decision.champion_after,
        evaluation=decision.evaluation,
        verdict=PromotionVerdict(verdict="keep", sentence=decision.outcome_sentence),
        links=links(context.spec, context.settings, "kept", run, batch=batch, decision=decision.id),
    )
