"""The tabs on Airflow's own pages of a DAG, a run and a task: our pages without their frame.

Every DAG has these tabs. A DAG that Evergreen does not manage gets a page that says so.
"""

import re
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from evergreen import dag_ids
from evergreen.ledger.records import Decision
from evergreen.spec.model import NAME
from evergreen.web.pages.layout import TemplateValues, render
from evergreen.web.pages.routes import decision_values, model_values
from evergreen.web.queries.lookups import known_model
from evergreen.web.server.authorization import UserDep, dag_of
from evergreen.web.server.services import Services, ServicesDep

KINDS = {
    dag_ids.INGEST: "ingests the batches and checks them at the quality gate",
    dag_ids.SCORE: "scores the batches with the champion",
    dag_ids.LABELS: "ingests the labels and joins them to the predictions",
    dag_ids.CONTINUAL_TRAINING: "decides, trains, evaluates and promotes",
    dag_ids.ROLLBACK: "makes a former champion the champion again",
    dag_ids.FORCE_PROMOTE: "makes a named version the champion",
    dag_ids.HOLD: "holds and releases promotions",
    dag_ids.WATCH_CHAMPION: "compares a new champion with the former one",
    dag_ids.REDELIVERY: "ingests a corrected batch",
    dag_ids.BACKTEST: "replays the policies on the model's history",
}
FOR_ALL = (*dag_ids.SUITE, dag_ids.SPEC_PROBLEMS)
NOT_OURS = "This DAG is not managed by Evergreen, so there is nothing to show."
OF_ALL = "This DAG works for all models, so it has no page of one model."
NO_DECISION = "This run made no decision. The newest decision of its model is shown."

router = APIRouter(prefix="/embed", include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class ElsewhereValues(TemplateValues):
    """The values of the page that says why there is nothing else to show."""

    template: ClassVar[str] = "elsewhere.html"
    text: str


class Place(NamedTuple):
    """The kind of a DAG and its model; ``model`` is empty for a DAG of all models, or of none."""

    kind: str
    model: str

    @property
    def decides(self) -> bool:
        """Whether it is the DAG that makes decisions."""
        return self.kind == dag_ids.CONTINUAL_TRAINING


@router.get("/dag/{dag_id}")
def show_dag(request: Request, dag_id: str, services: ServicesDep, user: UserDep) -> HTMLResponse:
    """Show the model that a DAG works for."""
    place = place_of(dag_id)
    if not place.model:
        return _elsewhere(request, place)
    values = model_values(request, services, user, place.model)
    return render(request, replace(values, is_embedded=True))


@router.get("/run/{dag_id}/{run_id:path}")
def show_run(
    request: Request, dag_id: str, run_id: str, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show the decision of a run; for a run without one, the model's newest decision."""
    place = place_of(dag_id)
    if not place.model:
        return _elsewhere(request, place)
    model = known_model(services, place.model, user)
    made = services.ledger.decisions.of_run(model, run_id) if place.decides else ()
    if not made:
        return _newest(request, services, user, place, note=_about(place))
    return _decision(request, services, user, made[-1], note="")


@router.get("/task/{dag_id}/{task_id}")
def show_task(
    request: Request, dag_id: str, task_id: str, services: ServicesDep, user: UserDep
) -> HTMLResponse:
    """Show the newest decision of the model that a task works for."""
    place = place_of(dag_id)
    if not place.model:
        return _elsewhere(request, place)
    known_model(services, place.model, user)
    note = f"The newest decision of the model; the task {task_id} may be part of it."
    return _newest(
        request,
        services,
        user,
        place,
        note=note if place.decides else _about(place),
    )


def place_of(dag_id: str) -> Place:
    """Return kind and model of a DAG by its id: ``<kind>__<model>``, or the id of one for all."""
    kind, model = dag_ids.kind_of(dag_id), dag_ids.model_of(dag_id) or ""
    if dag_id in FOR_ALL:
        return Place(dag_id, "")
    if kind in KINDS and re.fullmatch(NAME, model):
        return Place(kind, model)
    return Place("", "")


def _about(place: Place) -> str:
    if place.decides:
        return NO_DECISION
    return f"This DAG {KINDS[place.kind]}; decisions are made by {dag_of(place.model)}."


def _newest(
    request: Request, services: Services, user: BaseUser, place: Place, *, note: str
) -> HTMLResponse:
    newest = services.ledger.decisions.newest(place.model, limit=1)
    if not newest:
        text = f"{note} There is no decision about {place.model} yet."
        return render(request, ElsewhereValues(is_embedded=True, text=text))
    return _decision(request, services, user, newest[0], note=note)


def _decision(
    request: Request, services: Services, user: BaseUser, decision: Decision, *, note: str
) -> HTMLResponse:
    values = decision_values(services, user, decision)
    return render(request, replace(values, is_embedded=True, note=note))


def _elsewhere(request: Request, place: Place) -> HTMLResponse:
    text = OF_ALL if place.kind else NOT_OURS
    return render(request, ElsewhereValues(is_embedded=True, text=text))
