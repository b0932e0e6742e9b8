"""The list of models: one page of it, from a fixed number of reads for any number of models."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime

from evergreen.web.queries.model_facts import gather_facts
from evergreen.web.queries.model_state import Facts, state_of
from evergreen.web.queries.timeline_points import to_point
from evergreen.web.queries.view_models import ModelsPage, ModelSummary
from evergreen.web.server.services import Services

MAX_PAGE_SIZE = 100
PAGE_SIZE = 25
SPARKLINE_POINTS = 30


def models_page(
    services: Services,
    visible: Collection[str],
    *,
    query: str = "",
    state: str = "",
    page: int = 1,
    page_size: int = PAGE_SIZE,
    now: datetime | None = None,
) -> ModelsPage:
    """Return one page of the models, those needing attention first, then by name.

    Args:
        services: Ledger, specs and store.
        visible: Models that the user may read; others are neither shown nor counted.
        query: Part of a name or of an owner, in any case; empty: all.
        state: Only models in this state; empty: all.
        page: From 1; one beyond the end gives the last.
        page_size: Models on a page, 1 to ``MAX_PAGE_SIZE``.
        now: The time of the report, in UTC; by default the clock's.
    """
    moment = now or datetime.now(UTC)
    specs = {name: read for name, read in services.specs.read_all().items() if name in visible}
    facts = gather_facts(services.ledger.overview, specs, moment)
    matching = [
        summary
        for summary in (summarise(name, one) for name, one in facts.items())
        if _matches(summary, query.strip().casefold())
    ]
    counts = Counter(summary.state for summary in matching)
    wanted = [summary for summary in matching if state in ("", summary.state)]
    wanted.sort(key=lambda summary: (-summary.attention, summary.name))
    size = min(max(1, page_size), MAX_PAGE_SIZE)
    n_pages = pages_of(len(wanted), size)
    page = min(max(1, page), n_pages)
    return ModelsPage(
        models=_with_points(services, wanted[(page - 1) * size : page * size]),
        n_models=len(wanted),
        page=page,
        n_pages=n_pages,
        page_size=size,
        query=query,
        state=state,
        counts=dict(counts),
    )


def summarise(name: str, facts: Facts) -> ModelSummary:
    """Return a model as a row of the list, without its sparklines."""
    found, champion, latest = state_of(facts), facts.champion, facts.latest
    return ModelSummary(
        name=name,
        state=found.state,
        state_sentence=found.sentence,
        attention=found.attention,
        owner=facts.spec.owner if facts.spec else "",
        champion_version=champion.version if champion else None,
        champion_since=champion.promoted_at if champion else None,
        last=to_point(latest.figures) if latest else None,
        last_sentence=latest.said if latest else "",
        next_batch_at=facts.next_batch_at,
        open_incidents=len(facts.incidents),
    )


def pages_of(n_items: int, page_size: int) -> int:
    """Return the number of pages, at least 1."""
    return max(1, -(-n_items // page_size))


def _matches(summary: ModelSummary, query: str) -> bool:
    return query in summary.name.casefold() or query in summary.owner.casefold()


def _with_points(services: Services, models: list[ModelSummary]) -> tuple[ModelSummary, ...]:
    names = [model.name for model in models]
    points = services.ledger.overview.points(names, newest=SPARKLINE_POINTS)
    return tuple(
        model.model_copy(update={"points": tuple(map(to_point, points.get(model.name, ())))})
        for model in models
    )
