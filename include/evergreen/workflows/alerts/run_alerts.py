"""The alerts about deliveries, runs and the champion's alias, and when they are over."""

from collections.abc import Mapping
from datetime import timedelta

from evergreen import dag_ids
from evergreen.alerts import catalogue, incident_rules
from evergreen.data.batches import is_batch_id
from evergreen.ledger.records import Delivery, DeliveryKind
from evergreen.records import Alert
from evergreen.settings import Settings
from evergreen.spec.model import ModelSpec
from evergreen.workflows.alerts.incident_flow import (
    RECOVERED,
    count_calm,
    end_incident,
    raise_alert,
)
from evergreen.workflows.alerts.page_urls import decision_url, docs_url, runbook_url
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_state import RunInfo

ASIDE = (dag_ids.WRITE_DRIFT_REPORT,)
LONGEST_RUN_ID = 80
SECONDS_PER_HOUR = 3600.0


def alert_rejected(context: ModelContext, kind: DeliveryKind, batch: str) -> None:
    """Tell that a delivery was rejected, with the rules that it broke."""
    delivery = context.ledger.batches.delivery(context.spec.name, kind, batch)
    if delivery is None:
        return
    quality = delivery.quality
    reasons = [r.sentence for r in quality.broken_rules] if quality else [delivery.sentence]
    has_docs = kind == "data" and quality is not None
    raise_alert(
        context,
        catalogue.data_rejected(
            context.spec.name,
            batch,
            reasons=reasons,
            what=kind,
            delivery=(delivery.sha256 or f"{delivery.taken_at:%Y%m%dT%H%M%S%f}")[:20],
            n_rules=len(quality.rules) if quality else None,
            n_rows=delivery.n_rows,
            links=links(
                context.spec,
                context.settings,
                "data_rejected",
                batch=batch,
                report=docs_url(context, batch) if has_docs else "",
            ),
        ),
        subject=kind,
    )


def rejection_is_over(context: ModelContext, kind: DeliveryKind, batch: str) -> None:
    """Take an accepted delivery into what was told of rejected ones.

    It is over when all that was rejected has been accepted since, or when deliveries are sound for
    some time: then the rejected ones stay in quarantine.
    """
    name = context.spec.name
    incident = context.ledger.incidents.open_for(name, incident_rules.DATA, kind)
    if incident is None:
        return
    told = [
        f"{entry.alert.message_key}:" for entry in context.ledger.alerts.of_incident(incident.id)
    ]
    rejected = [
        delivery.batch
        for delivery in context.ledger.batches.deliveries(name, kind, status="rejected")
        if any(known.startswith(f"data_rejected:{name}:{delivery.batch}:") for known in told)
    ]
    if rejected:
        stay = f"{', '.join(rejected)} in quarantine until delivered again"
        count_calm(
            context,
            batch,
            topic=incident_rules.DATA,
            subject=kind,
            finding=f"the {kind} of {batch} were accepted, {stay}",
        )
        return
    end_incident(
        context,
        incident_rules.DATA,
        subject=kind,
        resolution="resolved by an accepted delivery",
        sentence=f"The {kind} of batch {batch} were accepted.",
    )


def alert_failed(context: ModelContext, run: RunInfo, *, error: str) -> None:
    """Tell that a run failed for good: one alert per run, however many of its tasks failed."""
    raise_alert(
        context,
        failed_alert(context, run, error=error),
        subject=failed_subject(run.dag_id, run.task_id),
        is_step=True if run.n_cleared else None,  # who cleared it wants to know
    )


def failed_subject(dag_id: str, task_id: str) -> str:
    """Return the subject of a run's failures: its DAG, or a side task of it."""
    return f"{dag_id}.{task_id}" if task_id in ASIDE else dag_id


def failure_is_over(context: ModelContext, run: RunInfo, subject: str) -> None:
    """Tell that a DAG, or a side task, works again, where its failure had been told."""
    end_incident(
        context,
        incident_rules.FAILED,
        subject=subject,
        resolution=RECOVERED,
        sentence=f"Run {run.run_id} of {run.dag_id} went through.",
    )


def failed_alert(context: ModelContext, run: RunInfo, *, error: str) -> Alert:
    """Return the alert of a failed run: one per run, and one more after each clearing of it.

    The failure of a side task leaves the run green and has an alert of its own.
    """
    run_id = run.run_id if len(run.run_id) <= LONGEST_RUN_ID else run.decision_id("", "")
    conf = run.conf if isinstance(run.conf, Mapping) else {}
    batch = str(run.partition_key or conf.get("batch"))
    if not is_batch_id(batch):
        batch = run_id
    alert = catalogue.failed(
        context.spec.name,
        batch,
        dag_id=run.dag_id,
        task_id=run.task_id,
        error=error,
        n_tries=run.n_tries,
        run_id=run.run_id,
        links=links(context.spec, context.settings, "failed", run, batch=batch),
    )
    message_key = f"failed:{run.dag_id}:{run_id}:{run.n_cleared}"
    if run.task_id in ASIDE:
        message_key += f":{run.task_id}"
    return alert.model_copy(update={"message_key": message_key})


def alert_no_data(
    context: ModelContext, run: RunInfo, kind: DeliveryKind, batch: str | None
) -> None:
    """Tell that the next delivery did not come in time; told once until something arrives."""
    location = context.spec.landing if kind == "data" else context.spec.labels
    alert = catalogue.no_data(
        context.spec.name,
        batch or "(the first)",
        waited_hours=context.spec.arrivals.wait_hours,
        location=location.uri,
        what=kind,
        links=links(context.spec, context.settings, "no_data", run, batch=batch or ""),
    )
    told_once = alert.model_copy(update={"message_key": f"no_data:{context.spec.name}:{kind}"})
    raise_alert(context, told_once, subject=kind)


def no_data_is_over(context: ModelContext, kind: DeliveryKind) -> None:
    """Tell that a delivery has arrived after "no data" was told."""
    end_incident(
        context,
        incident_rules.NO_DATA,
        subject=kind,
        resolution=RECOVERED,
        sentence=f"The {kind} has arrived.",
    )


def alert_late(context: ModelContext, delivery: Delivery, *, waited: timedelta) -> None:
    """Tell that an accepted batch has no decision within its time."""
    decisions = context.ledger.decisions.of_batch(delivery.model, delivery.batch)
    stage = "It was accepted, but no decision was begun."
    if decisions:
        stage = f"A decision was begun ({decisions[-1].verdict}) and is {decisions[-1].outcome}."
    alert = catalogue.late_decision(
        delivery.model,
        delivery.batch,
        waited_hours=waited.total_seconds() / SECONDS_PER_HOUR,
        limit_hours=context.spec.arrivals.decide_within_hours,
        stage=stage,
        since=delivery.taken_at,
        links=links(context.spec, context.settings, "late_decision", batch=delivery.batch),
    )
    raise_alert(context, alert)


def alert_mismatch(context: ModelContext, *, sentence: str) -> None:
    """Tell that the champion alias names another version, or another file, than the ledger."""
    latest = context.ledger.promotions.latest(context.spec.name)
    named = context.registry.get_alias(context.spec.name, "champion")
    alert = catalogue.alias_mismatch(
        context.spec.name,
        epoch=0 if latest is None else latest.epoch,
        ledger_version=None if latest is None else latest.version,
        alias_version=None if named is None else named.version,
        links=links(context.spec, context.settings, "alias_mismatch"),
    )
    if latest is not None and named is not None and latest.version == named.version:
        alert = alert.model_copy(update={"text": sentence})  # the alias is right, the file is not
    raise_alert(context, alert)


def links(
    spec: ModelSpec,
    settings: Settings,
    kind: str,
    run: RunInfo | None = None,
    *,
    batch: str = "",
    decision: str = "",
    report: str = "",
) -> tuple[tuple[str, str], ...]:
    """Return the links of an alert: what to do, the decision, the run, the report.

    Args:
        spec: The model's spec.
        settings: Of the installation.
        kind: The kind of alert.
        run: The run that tells it; None outside a run.
        batch: What the runbook's commands are filled in with.
        decision: Id of the decision that it is about; empty for none.
        report: Address of a report; empty for none.
    """
    return catalogue.links_of(
        run="" if run is None else run.url(settings.airflow_url),
        decision=decision_url(settings, decision),
        report=report,
        runbook=runbook_url(spec, settings, kind, batch=batch),
    )
