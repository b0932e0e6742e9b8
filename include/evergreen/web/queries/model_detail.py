"""One model in full, its timeline and its decisions."""

from datetime import UTC, datetime

import yaml

from evergreen.ledger.records import Decision
from evergreen.presentation.signals import most_moved_first
from evergreen.web.queries.model_facts import gather_facts
from evergreen.web.queries.models_list import MAX_PAGE_SIZE, pages_of, summarise
from evergreen.web.queries.timeline_points import to_line, to_point
from evergreen.web.queries.view_models import DecisionsPage, ModelDetail, Point
from evergreen.web.server.services import Services
from evergreen.web.server.spec_cache import ReadSpec

TIMELINE_POINTS = 104
MAX_POINTS = 1000
DETAILED_DECISIONS = 20
MAX_PROMOTIONS = 100
MAX_INCIDENTS = 20
MAX_ACTIONS = 20


def model_detail(
    services: Services, model: str, *, now: datetime | None = None
) -> ModelDetail | None:
    """Return one model in full; None if there is no such model.

    Args:
        services: Ledger, specs and store.
        model: The model; the caller has checked read access.
        now: The time of the report, in UTC; by default the clock's.
    """
    read = services.specs.get(model)
    if read is None:
        return None
    ledger, details = services.ledger, services.ledger.details
    facts = gather_facts(ledger.overview.of(model), {model: read}, now or datetime.now(UTC))[model]
    champion = facts.champion.version if facts.champion else None
    decisions = tuple(ledger.decisions.newest(model, limit=DETAILED_DECISIONS))
    measured = newest_measured(decisions)
    drift = measured.signals.drift if measured else None
    points = timeline(services, model)
    return ModelDetail(
        summary=summarise(model, facts).model_copy(update={"points": points}),
        points=points,
        promotions=tuple(details.promotions(model, limit=MAX_PROMOTIONS)),
        decisions=decisions,
        champion=details.version(model, champion) if champion else None,
        challenger=details.challenger(model, champion=champion),
        drift=most_moved_first(drift.columns) if drift else (),
        drift_batch=measured.batch if measured else None,
        drift_reference=read.loaded.spec.drift.reference if read.loaded else "",
        incidents=tuple(details.incidents((model,), limit=MAX_INCIDENTS)),
        approvals=facts.approvals,
        actions=tuple(ledger.actions.newest(model, limit=MAX_ACTIONS)),
        hold=facts.hold,
        spec=spec_text(read),
    )


def timeline(services: Services, model: str, *, newest: int = TIMELINE_POINTS) -> tuple[Point, ...]:
    """Return the numbers of a model's newest decisions, oldest first; ``MAX_POINTS`` at most."""
    n_points = min(max(1, newest), MAX_POINTS)
    found = services.ledger.overview.points((model,), newest=n_points)
    return tuple(map(to_point, found.get(model, ())))


def decisions_page(
    services: Services, model: str, *, page: int = 1, page_size: int = 25
) -> DecisionsPage:
    """Return one page of a model's decisions, newest first; a page beyond the end is the last."""
    size = min(max(1, page_size), MAX_PAGE_SIZE)
    n_decisions = services.ledger.details.count_decisions(model)
    n_pages = pages_of(n_decisions, size)
    page = min(max(1, page), n_pages)
    found = services.ledger.details.decisions(model, limit=size, skip=(page - 1) * size)
    return DecisionsPage(
        model=model,
        decisions=tuple(map(to_line, found)),
        n_decisions=n_decisions,
        page=page,
        n_pages=n_pages,
        page_size=size,
    )


def newest_measured(decisions: tuple[Decision, ...]) -> Decision | None:
    """Return the first of some decisions for which drift was measured."""
    return next((one for one in decisions if one.signals.drift is not None), None)


def spec_text(read: ReadSpec) -> str:
    """Return the spec as loaded, with every default, as YAML; empty if it cannot be read."""
    if read.loaded is None:
        return ""
    return yaml.safe_dump(
        read.loaded.spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True
    )
