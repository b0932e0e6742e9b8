"""The JSON API: the data of the pages, typed, in bounded pieces; it needs read access."""

from threading import BoundedSemaphore
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime

from evergreen.errors import DataError
from evergreen.measurements import ColumnDrift
from evergreen.presentation.signals import most_moved_first
from evergreen.web.queries.decision_detail import decision_detail
from evergreen.web.queries.feature_bins import feature_bins
from evergreen.web.queries.lookups import decision_for, incident_for, known_model, model_for
from evergreen.web.queries.model_detail import MAX_POINTS, TIMELINE_POINTS, decisions_page, timeline
from evergreen.web.queries.models_list import MAX_PAGE_SIZE, PAGE_SIZE, models_page
from evergreen.web.queries.view_models import (
    ChampionAt,
    DecisionDetail,
    DecisionsPage,
    FeatureBins,
    IncidentDetail,
    IncidentsPage,
    ModelDetail,
    ModelsPage,
    Point,
    State,
)
from evergreen.web.server.authorization import DecisionId, IncidentId, ModelName, UserDep
from evergreen.web.server.services import ServicesDep, VisibleDep

MAX_PAGE = 100_000
MAX_COUNTED_AT_ONCE = 2
WAIT_SECONDS = 10.0

router = APIRouter(prefix="/api", tags=["evergreen"])

PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE, description="From 1.")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Entries on a page.")]

# Counting a batch again keeps a core busy, so only a few requests do it at once.
_counting = BoundedSemaphore(MAX_COUNTED_AT_ONCE)


@router.get("/models")
def list_models(
    *,
    services: ServicesDep,
    visible: VisibleDep,
    query: Annotated[str, Query(max_length=200, description="Part of name or owner.")] = "",
    state: Annotated[State | Literal[""], Query(description="Only models in this state.")] = "",
    page: PageNumber = 1,
    page_size: PageSize = PAGE_SIZE,
) -> ModelsPage:
    """Return one page of the models, those needing attention first."""
    return models_page(services, visible, query=query, state=state, page=page, page_size=page_size)


@router.get("/models/{model}")
def show_model(model: ModelName, services: ServicesDep, user: UserDep) -> ModelDetail:
    """Return one model in full: champion, challenger, timeline, drift, incidents, spec."""
    return model_for(services, model, user)


@router.get("/models/{model}/timeline")
def show_timeline(
    model: ModelName,
    services: ServicesDep,
    user: UserDep,
    newest: Annotated[
        int, Query(ge=1, le=MAX_POINTS, description="How many decisions.")
    ] = TIMELINE_POINTS,
) -> tuple[Point, ...]:
    """Return the numbers of a model's newest decisions, oldest first."""
    return timeline(services, known_model(services, model, user), newest=newest)


@router.get("/models/{model}/decisions")
def list_decisions(
    model: ModelName,
    services: ServicesDep,
    user: UserDep,
    page: PageNumber = 1,
    page_size: PageSize = PAGE_SIZE,
) -> DecisionsPage:
    """Return one page of a model's decisions, newest first."""
    named = known_model(services, model, user)
    return decisions_page(services, named, page=page, page_size=page_size)


@router.get("/models/{model}/champion")
def show_champion_at(
    model: ModelName,
    services: ServicesDep,
    user: UserDep,
    at: Annotated[AwareDatetime, Query(description="With a time zone: 2013-03-05T12:00:00Z.")],
) -> ChampionAt:
    """Return the version that was champion at a given time."""
    named = known_model(services, model, user)
    promotion = services.ledger.promotions.champion_at(named, at)
    return ChampionAt(model=named, at=at, promotion=promotion)


@router.get("/decisions/{decision_id}")
def show_decision(decision_id: DecisionId, services: ServicesDep, user: UserDep) -> DecisionDetail:
    """Return one decision in full: signals, evaluation, approval, promotion, links."""
    return decision_detail(services, decision_for(services, decision_id, user))


@router.get("/decisions/{decision_id}/drift")
def show_drift(
    decision_id: DecisionId, services: ServicesDep, user: UserDep
) -> tuple[ColumnDrift, ...]:
    """Return the drift of each feature, largest shift first; empty if it was not measured."""
    drift = decision_for(services, decision_id, user).signals.drift
    return most_moved_first(drift.columns) if drift else ()


@router.get("/decisions/{decision_id}/bins")
def show_bins(
    decision_id: DecisionId,
    services: ServicesDep,
    user: UserDep,
    feature: Annotated[
        str, Query(min_length=1, max_length=200, description="Name of the feature.")
    ],
) -> FeatureBins:
    """Return the distribution of a feature in the champion's reference and in the batch."""
    decision = decision_for(services, decision_id, user)
    if not _counting.acquire(timeout=WAIT_SECONDS):
        raise HTTPException(503, "the server is counting other batches now; try again in a minute")
    try:
        return feature_bins(services, decision, feature)
    except DataError as err:
        raise HTTPException(404, str(err)) from err
    finally:
        _counting.release()


@router.get("/incidents")
def list_incidents(
    *,
    services: ServicesDep,
    visible: VisibleDep,
    model: Annotated[str, Query(max_length=50, description="Only of this model.")] = "",
    only_open: Annotated[bool, Query(description="Without closed ones.")] = False,
    page: PageNumber = 1,
    page_size: PageSize = PAGE_SIZE,
) -> IncidentsPage:
    """Return one page of the incidents of all models that you may read: open ones first."""
    models = visible if not model else visible & {model}
    skip = (page - 1) * page_size
    found = services.ledger.details.incidents(
        models, limit=page_size + 1, skip=skip, only_open=only_open
    )
    return IncidentsPage(
        incidents=tuple(found[:page_size]),
        page=page,
        page_size=page_size,
        has_more=len(found) > page_size,
    )


@router.get("/incidents/{incident_id}")
def show_incident(incident_id: IncidentId, services: ServicesDep, user: UserDep) -> IncidentDetail:
    """Return one incident with its messages and the decisions made while it was open."""
    return incident_for(services, incident_id, user)
