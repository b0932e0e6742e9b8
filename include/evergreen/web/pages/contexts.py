"""What each template is given besides the view itself."""

import re
from urllib.parse import quote

from evergreen.ledger.records import Approval
from evergreen.presentation.signals import signals_of
from evergreen.records import Json
from evergreen.spec.decision_limits import Limits
from evergreen.web.pages.advice import advise
from evergreen.web.pages.charts import timeline
from evergreen.web.pages.labels import metric_words
from evergreen.web.pages.runbooks import BATCH
from evergreen.web.pages.sparkline import make_sparkline
from evergreen.web.queries.view_models import (
    DecisionDetail,
    IncidentDetail,
    ModelDetail,
    ModelsPage,
    ModelSummary,
)
from evergreen.web.server.authorization import dag_of


def of_models(view: ModelsPage) -> Json:
    """Return the context of the list of models."""
    return {"here": "models", "view": view, "rows": [_row(model) for model in view.models]}


def of_model(detail: ModelDetail, *, base: str, may_edit: bool, csrf: str) -> Json:
    """Return the context of a model's page; ``base`` is the path under which the pages lie."""
    return {
        "here": "models",
        "detail": detail,
        "points": detail.points,
        "summary": detail.summary,
        "advice": advise(detail),
        "timeline": timeline(detail.points, detail.promotions, base=base),
        "filled": _filled(detail),
        "drift_decision": _measured(detail),
        "waiting": [_waiting(detail, one) for one in detail.approvals if one.answer == "open"],
        "may_edit": may_edit,
        "csrf": csrf,
    }


def of_decision(
    detail: DecisionDetail, *, limits: Limits | None, may_edit: bool, csrf: str
) -> Json:
    """Return the context of a decision's page; ``limits`` are those of the spec it was made by."""
    return {
        "here": "models",
        "detail": detail,
        "decision": detail.decision,
        "delivery": detail.delivery,
        "approval": detail.approval,
        "signals": signals_of(detail.decision.signals, detail.decision.state_after, limits),
        "limits": limits,
        "may_edit": may_edit,
        "csrf": csrf,
    }


def of_incident(view: IncidentDetail, *, base: str, may_edit: bool, csrf: str) -> Json:
    """Return the context of an incident's page."""
    return {
        "here": "models",
        "view": view,
        "incident": view.incident,
        "commands": _commands(view),
        "points": view.points,
        "timeline": timeline(view.points, (), base=base),
        "may_edit": may_edit,
        "csrf": csrf,
    }


def _commands(view: IncidentDetail) -> tuple[str, ...]:
    """Return what to type while an incident is open: what the newest message that says so says."""
    if not view.incident.is_open:
        return ()
    told = [one.alert for one in sorted(view.messages, key=lambda one: one.raised_at)]
    return next((alert.commands for alert in reversed(told) if alert.commands), ())


def _filled(detail: ModelDetail) -> Json:
    """Return what a runbook fills into its commands when it is opened from here."""
    batch = detail.summary.last.batch if detail.summary.last else ""
    return {"model": detail.summary.name, "batch": batch if re.fullmatch(BATCH, batch) else ""}


def _measured(detail: ModelDetail) -> str:
    """Return the decision whose drift is shown, whose bins can be asked for; empty for none."""
    found = (d.id for d in detail.decisions if d.batch == detail.drift_batch and d.signals.drift)
    return next(found, "")


def _row(model: ModelSummary) -> Json:
    name = next((p.metric_name for p in reversed(model.points) if p.metric_name), None)
    metrics = [p.metric for p in model.points]
    shares = [p.drifted_share for p in model.points]
    return {
        "model": model,
        "metric_name": name,
        "metric": _newest(metrics),
        "drifted": _newest(shares),
        "metric_line": make_sparkline(metrics, what=metric_words(name)[0]),
        "drift_line": make_sparkline(shares, what="drifted share", is_share=True),
    }


def _newest(values: list[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _waiting(detail: ModelDetail, approval: Approval) -> Json:
    """Return a question and where it is answered, relative to Airflow's root."""
    dag = quote(dag_of(detail.summary.name), safe="")
    run = next((d.run_id for d in detail.decisions if d.id == approval.decision_id), "")
    task = f"/runs/{quote(run, safe='')}/tasks/approve" if run else ""
    return {"approval": approval, "link": f"/dags/{dag}{task}/required_actions"}
