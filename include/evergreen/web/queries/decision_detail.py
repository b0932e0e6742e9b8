"""One decision and one incident in full, with their links."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from evergreen.errors import ExternalError
from evergreen.ledger.records import Decision, Delivery
from evergreen.presentation.signals import most_moved_first
from evergreen.registry.addresses import version_url
from evergreen.spec.decision_limits import Limits
from evergreen.web.queries.timeline_points import to_point
from evergreen.web.queries.view_models import DecisionDetail, IncidentDetail
from evergreen.web.server.authorization import dag_of
from evergreen.web.server.services import Services
from evergreen.web_addresses import PREFIX
from evergreen.workflows.decide.decision_history import Attempt, read_attempt

log = logging.getLogger(__name__)

MAX_INCIDENTS = 20
MAX_MESSAGES = 100
MAX_POINTS = 60
TOLD_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class ReadDecision:
    """One decision in full, and the limits of its spec; None if the spec has changed since."""

    detail: DecisionDetail
    limits: Limits | None


def decision_detail(services: Services, decision: Decision) -> DecisionDetail:
    """Return one decision in full; the caller has checked read access."""
    return read_decision(services, decision).detail


def read_decision(services: Services, decision: Decision) -> ReadDecision:
    """Return one decision in full, with the limits of its spec.

    Args:
        services: Ledger, specs and store.
        decision: The decision; the caller has checked read access.
    """
    read = services.specs.get(decision.model)
    attempt = read_attempt(services.ledger, decision, loaded=read.loaded if read else None)
    return ReadDecision(_detail(services, attempt), attempt.limits)


def _detail(services: Services, attempt: Attempt) -> DecisionDetail:
    decision = attempt.decision
    ledger, model = services.ledger, decision.model
    delivery = ledger.batches.delivery(model, "data", decision.batch)
    drift = decision.signals.drift
    end = (decision.closed_at or datetime.now(UTC)) + TOLD_WITHIN
    incidents = ledger.details.incidents_between(
        model, decision.decided_at, end, limit=MAX_INCIDENTS
    )
    return DecisionDetail(
        decision=decision,
        delivery=delivery,
        approval=attempt.approval,
        promotion=attempt.promotion,
        incidents=tuple(incidents),
        drift=most_moved_first(drift.columns) if drift else (),
        dag_id=dag_of(model),
        run_link=run_link(decision),
        mlflow_link=_mlflow_link(services, decision),
        report_link=_report_link(services, decision),
        docs_link=_docs_link(services, decision, delivery),
    )


def run_link(decision: Decision) -> str:
    """Return the address of a decision's run in Airflow's UI, from Airflow's root."""
    return f"/dags/{dag_of(decision.model)}/runs/{quote(decision.run_id, safe='')}"


def incident_detail(services: Services, incident_id: int) -> IncidentDetail | None:
    """Return one incident in full; None if there is none with that number.

    The caller must check read access to its model.
    """
    ledger = services.ledger
    incident = ledger.details.incident(incident_id)
    if incident is None:
        return None
    figures = ledger.overview.points((incident.model,), newest=MAX_POINTS)
    end = (incident.closed_at or datetime.now(UTC)) + TOLD_WITHIN
    points = [f for f in figures.get(incident.model, ()) if f.decided_at <= end]
    return IncidentDetail(
        incident=incident,
        messages=tuple(ledger.details.messages(incident.id, limit=MAX_MESSAGES)),
        points=tuple(map(to_point, points)),
        runbook=services.specs.runbook(incident.model, incident.kind),
    )


def _mlflow_link(services: Services, decision: Decision) -> str:
    if decision.challenger_version is None:
        return ""
    return version_url(services.settings.mlflow_url, decision.model, decision.challenger_version)


def _report_link(services: Services, decision: Decision) -> str:
    path = decision.report_path
    return f"{PREFIX}/reports/{decision.id}" if path and _is_stored(services, path) else ""


def _docs_link(services: Services, decision: Decision, delivery: Delivery | None) -> str:
    from evergreen.workflows.ingest.quality_gate import docs_folder

    if delivery is None or delivery.quality is None:
        return ""
    page = f"{docs_folder(delivery.model, delivery.batch)}/index.html"
    return f"{PREFIX}/data-docs/{decision.id}" if _is_stored(services, page) else ""


def _is_stored(services: Services, path: str) -> bool:
    """Return whether the store has a file; False while the store does not answer."""
    try:
        return services.store.exists(path)
    except ExternalError as err:
        log.warning("no link to %s: %s", path, err)
        return False
