"""The values of each template of the main pages, made from the views."""

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from evergreen.ledger.records import Approval, Decision, Delivery, Incident
from evergreen.presentation.signals import Signal, signals_of
from evergreen.spec.decision_limits import Limits
from evergreen.web.pages.advice import Advice, advise
from evergreen.web.pages.charts import Timeline, make_timeline
from evergreen.web.pages.labels import metric_words
from evergreen.web.pages.layout import TemplateValues
from evergreen.web.pages.runbooks import BATCH, Filled
from evergreen.web.pages.sparkline import Sparkline, make_sparkline
from evergreen.web.queries.view_models import (
    DecisionDetail,
    DecisionsPage,
    IncidentDetail,
    ModelDetail,
    ModelsPage,
    ModelSummary,
    Point,
)
from evergreen.web.server.authorization import dag_of


@dataclass(frozen=True)
class FormRights:
    """Whether the user may act on a model, and the token of the forms if so."""

    may_edit: bool
    csrf: str


@dataclass(frozen=True)
class ModelRow:
    """One row of the list of models.

    Attributes:
        model: The model.
        metric_name: Code of its metric; None if none was measured.
        metric: The newest measured value.
        drifted: The newest measured share of drifted features, 0..1.
        metric_line: The newest metrics.
        drift_line: The newest drifted shares.
    """

    model: ModelSummary
    metric_name: str | None
    metric: float | None
    drifted: float | None
    metric_line: Sparkline
    drift_line: Sparkline


@dataclass(frozen=True)
class WaitingApproval:
    """An open approval, and where to answer it, relative to Airflow's root."""

    approval: Approval
    link: str


@dataclass(frozen=True, kw_only=True)
class ModelsValues(TemplateValues):
    """The values of the list of models."""

    template: ClassVar[str] = "models.html"
    here: str = "models"
    view: ModelsPage
    rows: tuple[ModelRow, ...]


@dataclass(frozen=True, kw_only=True)
class ModelValues(TemplateValues):
    """The values of a model's page.

    Attributes:
        filled: Model and batch for the commands of a runbook that is opened from this page.
        drift_decision: Id of the decision whose drift is shown; empty for none.
        waiting: Open approvals.
    """

    template: ClassVar[str] = "model.html"
    here: str = "models"
    detail: ModelDetail
    summary: ModelSummary
    points: tuple[Point, ...]
    advice: Advice
    timeline: Timeline
    filled: Filled
    drift_decision: str
    waiting: tuple[WaitingApproval, ...]
    may_edit: bool
    csrf: str


@dataclass(frozen=True, kw_only=True)
class DecisionsValues(TemplateValues):
    """The values of the list of a model's decisions."""

    template: ClassVar[str] = "decisions.html"
    here: str = "models"
    view: DecisionsPage


@dataclass(frozen=True, kw_only=True)
class DecisionValues(TemplateValues):
    """The values of a decision's page; ``limits`` are those of its spec, None if unknown now."""

    template: ClassVar[str] = "decision.html"
    here: str = "models"
    detail: DecisionDetail
    decision: Decision
    delivery: Delivery | None
    approval: Approval | None
    signals: tuple[Signal, ...]
    limits: Limits | None
    may_edit: bool
    csrf: str


@dataclass(frozen=True, kw_only=True)
class IncidentValues(TemplateValues):
    """The values of an incident's page; ``commands`` are what to type while it is open."""

    template: ClassVar[str] = "incident.html"
    here: str = "models"
    view: IncidentDetail
    incident: Incident
    commands: tuple[str, ...]
    points: tuple[Point, ...]
    timeline: Timeline
    may_edit: bool
    csrf: str


def of_models(view: ModelsPage) -> ModelsValues:
    """Return the values of the list of models."""
    return ModelsValues(view=view, rows=tuple(_row(model) for model in view.models))


def of_model(detail: ModelDetail, *, base: str, rights: FormRights) -> ModelValues:
    """Return the values of a model's page; ``base`` is the path of the pages."""
    return ModelValues(
        detail=detail,
        summary=detail.summary,
        points=detail.points,
        advice=advise(detail),
        timeline=make_timeline(detail.points, detail.promotions, base=base),
        filled=_filled(detail),
        drift_decision=_measured(detail),
        waiting=tuple(_waiting(detail, one) for one in detail.approvals if one.answer == "open"),
        may_edit=rights.may_edit,
        csrf=rights.csrf,
    )


def of_decision(
    detail: DecisionDetail, *, limits: Limits | None, rights: FormRights
) -> DecisionValues:
    """Return the values of a decision's page; ``limits`` are those of the spec of the decision."""
    signals = signals_of(detail.decision.signals, detail.decision.state_after, limits)
    return DecisionValues(
        detail=detail,
        decision=detail.decision,
        delivery=detail.delivery,
        approval=detail.approval,
        signals=tuple(signals),
        limits=limits,
        may_edit=rights.may_edit,
        csrf=rights.csrf,
    )


def of_incident(view: IncidentDetail, *, base: str, rights: FormRights) -> IncidentValues:
    """Return the values of an incident's page; ``base`` is the path of the pages."""
    return IncidentValues(
        view=view,
        incident=view.incident,
        commands=_commands(view),
        points=view.points,
        timeline=make_timeline(view.points, (), base=base),
        may_edit=rights.may_edit,
        csrf=rights.csrf,
    )


def _commands(view: IncidentDetail) -> tuple[str, ...]:
    """Return what to type while an incident is open, from the newest message with commands."""
    if not view.incident.is_open:
        return ()
    told = [one.alert for one in sorted(view.messages, key=lambda one: one.raised_at)]
    return next((alert.commands for alert in reversed(told) if alert.commands), ())


def _filled(detail: ModelDetail) -> Filled:
    batch = detail.summary.last.batch if detail.summary.last else ""
    return Filled(model=detail.summary.name, batch=batch if re.fullmatch(BATCH, batch) else "")


def _measured(detail: ModelDetail) -> str:
    """Return the id of the decision whose drift is shown; empty if there is none."""
    found = (d.id for d in detail.decisions if d.batch == detail.drift_batch and d.signals.drift)
    return next(found, "")


def _row(model: ModelSummary) -> ModelRow:
    name = next((p.metric_name for p in reversed(model.points) if p.metric_name), None)
    metrics = [p.metric for p in model.points]
    shares = [p.drifted_share for p in model.points]
    return ModelRow(
        model=model,
        metric_name=name,
        metric=_newest(metrics),
        drifted=_newest(shares),
        metric_line=make_sparkline(metrics, what=metric_words(name)[0]),
        drift_line=make_sparkline(shares, what="drifted share", is_share=True),
    )


def _newest(values: list[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _waiting(detail: ModelDetail, approval: Approval) -> WaitingApproval:
    dag = quote(dag_of(detail.summary.name), safe="")
    run = next((d.run_id for d in detail.decisions if d.id == approval.decision_id), "")
    task = f"/runs/{quote(run, safe='')}/tasks/approve" if run else ""
    return WaitingApproval(approval, f"/dags/{dag}{task}/required_actions")
