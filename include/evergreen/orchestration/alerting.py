"""Raising and delivering alerts: stored first, then sent; what cannot be sent waits."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from evergreen.data.batches import is_batch_id
from evergreen.errors import NotifyError
from evergreen.failpoints import failpoint
from evergreen.ledger.decisions import decision_id
from evergreen.ledger.entries import Decision, Delivery, DeliveryKind, OutboxEntry
from evergreen.notify import alerts
from evergreen.notify.messages import to_text
from evergreen.orchestration.deciding import report_path
from evergreen.orchestration.runs import run_url
from evergreen.orchestration.workbench import Workbench
from evergreen.records import Alert, PromotionVerdict
from evergreen.signals import PolicyDecision, PolicySignals

log = logging.getLogger(__name__)
QUIET = ("stood_down",)
ASIDE = ("write_drift_report",)
LONGEST_RUN_ID = 80
SECONDS_PER_HOUR = 3600.0


def raise_alert(bench: Workbench, alert: Alert, *, is_sent_now: bool = True) -> bool:
    """Store an alert, show it in the log, and try to deliver it; False when it was told before.

    Outside a run of Airflow, where its connections are not at hand, the watchdog is left to send
    it: ``is_sent_now`` is False.
    """
    channel = bench.spec.alerts.channel
    is_sent = bool(channel) and (alert.kind not in QUIET or bench.spec.alerts.send_quiet)
    if not bench.ledger.alerts.raise_once(alert, state="pending" if is_sent else "logged"):
        return False
    failpoint("after_alert_stored")
    if not is_sent_now:
        return True
    log.warning("%s", to_text(alert))
    if is_sent:
        deliver_pending(bench)
    return True


def deliver_pending(bench: Workbench) -> dict[str, int]:
    """Send what waits in the model's outbox, oldest first, each story in its own thread.

    Returns:
        How many were ``delivered`` and how many still wait or never will be (``undelivered``).
    """
    waiting = [e for e in bench.ledger.alerts.pending() if e.alert.model == bench.spec.name]
    delivered = 0
    for entry in waiting:
        try:
            delivered += _deliver(bench, entry)
        except NotifyError as err:
            bench.ledger.alerts.record_failure(
                entry.alert.incident, str(err), is_permanent=err.is_permanent
            )
            log.error("alert %s not delivered: %s", entry.alert.incident, err)  # noqa: TRY400
            if not err.is_permanent:
                break  # Slack is down; the rest would only wait as well
    return {"delivered": delivered, "undelivered": len(waiting) - delivered}


def alert_rejected(bench: Workbench, kind: DeliveryKind, batch: str) -> None:
    """Tell that a delivery was rejected, with the rules that it broke."""
    delivery = bench.ledger.batches.delivery(bench.spec.name, kind, batch)
    if delivery is None:
        return
    quality = delivery.quality
    reasons = [r.sentence for r in quality.broken_rules] if quality else [delivery.sentence]
    docs = f"reports/{bench.spec.name}/{batch}/data_docs/index.html"
    raise_alert(
        bench,
        alerts.data_rejected(
            bench.spec.name,
            batch,
            reasons=reasons,
            what=kind,
            delivery=(delivery.sha256 or f"{delivery.taken_at:%Y%m%dT%H%M%S%f}")[:20],
            links=links(bench, "data_rejected", report=docs if quality else ""),
        ),
    )


def alert_opening(
    bench: Workbench, context: Any, decision: PolicyDecision, signals: PolicySignals
) -> None:
    """Tell what crossed a limit and what follows: one message that opens the batch's thread.

    Drift that does no harm is shown and not told.
    """
    name, batch = bench.spec.name, signals.batch
    drifted = signals.drift is not None and bool(signals.drift.drifted or signals.drift.faults)
    if signals.drift is not None and drifted and not decision.is_harmless_drift:
        alert = alerts.drift(
            name,
            batch,
            measurement=signals.drift,
            share_to_retrain=bench.spec.drift.share_to_retrain,
            follow_up=decision.sentence,
            links=links(bench, "drift", context, report=report_path(name, batch)),
        )
        raise_alert(bench, alert)
    if decision.verdict != "stand_down":
        alert = alerts.retrain_started(
            name,
            batch,
            decision=decision,
            requested_by=signals.request.requested_by,
            occurrence=decision_id(name, batch, context["dag_run"].run_id),
            links=links(bench, "retrain_started", context),
        )
        raise_alert(bench, alert)


def alert_closing(
    bench: Workbench, context: Any, decision: Decision, *, cause: str | None = None
) -> None:
    """Tell what came of a decision: promoted, kept, held, or a quiet day; each tells it once.

    ``cause`` is what held it, ``hold`` or ``freeze``.
    """
    if decision.outcome == "failed":
        alert_failed(bench, context, task_id="record_decision", error=decision.outcome_sentence)
    elif decision.outcome != "open":
        alert = _closing(bench, context, decision, cause)
        incident = f"{alert.incident}:{decision.id}"
        raise_alert(bench, alert.model_copy(update={"incident": incident}))


def _closing(bench: Workbench, context: Any, decision: Decision, cause: str | None) -> Alert:
    name, batch = bench.spec.name, decision.batch
    if decision.outcome == "held":
        return alerts.promotion_held(
            name,
            batch,
            version=decision.challenger_version,
            champion_version=decision.champion_after,
            cause="hold" if cause == "hold" else "freeze",
            sentence=decision.outcome_sentence,
            links=links(bench, "promotion_held", context),
        )
    if decision.outcome == "stood_down":
        policy = PolicyDecision(verdict="stand_down", trigger="none", sentence=decision.sentence)
        return alerts.stood_down(name, batch, decision=policy)
    if decision.outcome in ("promoted", "bootstrapped"):
        return alerts.promoted(
            name,
            batch,
            version=decision.challenger_version or "",
            previous_version=decision.champion_before,
            evaluation=decision.evaluation,
            verdict=PromotionVerdict(verdict="promote", sentence=decision.outcome_sentence),
            links=links(bench, "promoted", context),
        )
    return alerts.kept(
        name,
        batch,
        challenger_version=decision.challenger_version,
        champion_version=decision.champion_after,
        evaluation=decision.evaluation,
        verdict=PromotionVerdict(verdict="keep", sentence=decision.outcome_sentence),
        links=links(bench, "kept", context),
    )


def alert_failed(bench: Workbench, context: Any, *, task_id: str, error: str) -> None:
    """Tell that a run failed for good: one alert per run, however many of its tasks say so."""
    run, n_tries = context["dag_run"], context["ti"].try_number
    raise_alert(bench, failed_alert(bench, run, task_id=task_id, error=error, n_tries=n_tries))


def failed_alert(bench: Workbench, run: Any, *, task_id: str, error: str, n_tries: int) -> Alert:
    """Give the alert of a failed run; its incident is the run, and anew after it was cleared.

    A task beside the way, whose failure leaves the run green, is an incident of its own.
    """
    run_id = run.run_id if len(run.run_id) <= LONGEST_RUN_ID else decision_id("", "", run.run_id)
    conf = run.conf if isinstance(run.conf, Mapping) else {}
    batch = str(run.partition_key or conf.get("batch"))
    if not is_batch_id(batch):
        batch = run_id
    alert = alerts.failed(
        bench.spec.name,
        batch,
        dag_id=run.dag_id,
        task_id=task_id,
        error=error,
        n_tries=n_tries,
        links=links(bench, "failed", {"dag_run": run}),
    )
    incident = f"failed:{run.dag_id}:{run_id}:{run.clear_number or 0}"
    if task_id in ASIDE:
        incident += f":{task_id}"
    return alert.model_copy(update={"incident": incident})


def alert_no_data(bench: Workbench, context: Any, kind: DeliveryKind, batch: str | None) -> None:
    """Tell that the next delivery did not come in time; told once until something arrives."""
    location = bench.spec.landing if kind == "data" else bench.spec.labels
    alert = alerts.no_data(
        bench.spec.name,
        batch or "(the first)",
        waited_hours=bench.spec.arrivals.wait_hours,
        location=location.uri,
        what=kind,
        links=links(bench, "no_data", context),
    )
    raise_alert(bench, alert.model_copy(update={"incident": _no_data_incident(bench, kind)}))


def no_data_is_over(bench: Workbench, kind: DeliveryKind) -> None:
    """Tell that data has come after all, where "no data" had been told."""
    incident = _no_data_incident(bench, kind)
    told = bench.ledger.alerts.get(incident)
    if told is not None and bench.ledger.alerts.resolve(incident):
        over = alerts.resolved(told.alert, sentence=f"The {kind} has arrived.")
        stamp = f"{told.raised_at:%Y%m%dT%H%M%S%f}"
        raise_alert(bench, over.model_copy(update={"incident": f"{over.incident}:{stamp}"}))


def alert_late(bench: Workbench, delivery: Delivery, *, waited: timedelta) -> None:
    """Tell that an accepted batch has no decision within its time."""
    decisions = bench.ledger.decisions.of_batch(delivery.model, delivery.batch)
    stage = "It was accepted, but no decision was begun."
    if decisions:
        stage = f"A decision was begun ({decisions[-1].verdict}) and is {decisions[-1].outcome}."
    alert = alerts.late_decision(
        delivery.model,
        delivery.batch,
        waited_hours=waited.total_seconds() / SECONDS_PER_HOUR,
        limit_hours=bench.spec.arrivals.decide_within_hours,
        stage=stage,
        links=links(bench, "late_decision"),
    )
    raise_alert(bench, alert)


def alert_mismatch(bench: Workbench, *, sentence: str) -> None:
    """Tell that the champion alias names another version, or another file, than the ledger."""
    latest = bench.ledger.promotions.latest(bench.spec.name)
    named = bench.registry.get_alias(bench.spec.name, "champion")
    alert = alerts.alias_mismatch(
        bench.spec.name,
        epoch=0 if latest is None else latest.epoch,
        ledger_version=None if latest is None else latest.version,
        alias_version=None if named is None else named.version,
        links=links(bench, "alias_mismatch"),
    )
    if latest is not None and named is not None and latest.version == named.version:
        alert = alert.model_copy(update={"text": sentence})  # the alias is right, the file is not
    raise_alert(bench, alert)


def links(
    bench: Workbench, kind: str, context: Any = None, *, report: str = ""
) -> tuple[tuple[str, str], ...]:
    """Give the links of an alert: the run, the report's place, and the runbook."""
    runbook = bench.spec.runbooks.get(kind, f"{kind}.md")
    base = bench.settings.runbook_url
    return alerts.links_of(
        run="" if context is None else run_url(bench.settings.airflow_url, context),
        report=bench.store.uri_of(report) if report else "",
        runbook=f"{base}/{runbook}" if base else f"include/runbooks/{runbook}",
    )


def _no_data_incident(bench: Workbench, kind: DeliveryKind) -> str:
    """Give the one incident of a model under which missing data, or labels, is told."""
    return f"no_data:{bench.spec.name}:{kind}"


def _deliver(bench: Workbench, entry: OutboxEntry) -> int:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

    from evergreen.notify.slack import SlackSender

    rules = bench.spec.alerts
    try:
        connection = Connection.get(rules.slack_connection_id)
    except (AirflowException, AirflowRuntimeError) as err:
        raise NotifyError(
            f"Airflow did not give the connection {rules.slack_connection_id!r}; add it with the"
            " bot token as its password"
        ) from err
    sender = SlackSender(
        connection.password or "", base_url=connection.extra_dejson.get("base_url")
    )
    thread = bench.ledger.alerts.thread_ts(entry.alert.thread)
    message_ts = sender.send(rules.channel, entry.alert, thread_ts=thread).ts
    failpoint("after_alert_sent")
    bench.ledger.alerts.record_delivered(entry.alert.incident, message_ts)
    return 1
