"""The list of models: who needs a person comes first, and everything has a bound."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest

from evergreen.ledger.ledger import Ledger
from evergreen.web.queries.model_state import ORDER
from evergreen.web.queries.models_list import MAX_PAGE_SIZE, SPARKLINE_POINTS, models_page, pages_of
from evergreen.web.queries.view_models import ModelsPage
from evergreen.web.server.services import Services

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALL = frozenset(ORDER)


def read(services: Services, visible: Collection[str] = ALL, **asked: Any) -> ModelsPage:
    return models_page(services, visible, now=NOW, **asked)


def test_each_model_is_in_the_state_it_was_left_in(services: Services) -> None:
    page = read(services)

    assert {model.name: model.state for model in page.models} == {state: state for state in ORDER}
    assert all(model.state_sentence for model in page.models)
    assert page.counts == dict.fromkeys(ORDER, 1)


def test_who_needs_somebody_comes_first_then_the_name(services: Services) -> None:
    models = read(services).models

    ranks = [(-model.attention, model.name) for model in models]
    assert ranks == sorted(ranks)
    assert (models[0].name, models[-1].name) == ("unreadable", "fresh")


def test_a_row_says_what_the_ledger_knows(services: Services) -> None:
    (row,) = read(services, {"decaying"}).models
    newest = services.ledger.decisions.history("decaying")[-1]
    champion = services.ledger.promotions.latest("decaying")
    delivery = services.ledger.batches.delivery("decaying", "data", newest.batch)
    assert champion is not None
    assert delivery is not None
    assert row.last is not None

    assert (row.owner, row.last_sentence) == ("team-0", newest.sentence)
    assert (row.champion_version, row.champion_since) == (champion.version, champion.promoted_at)
    assert (row.last.decision, row.last.metric_name) == (newest.id, "auc")
    assert row.next_batch_at is not None
    assert (row.next_batch_at - delivery.taken_at).days == 7


def test_intervals_are_those_of_95_per_cent(services: Services) -> None:
    (row,) = read(services, {"fresh"}).models
    assert row.last is not None
    metric, low, high = row.last.metric, row.last.metric_low, row.last.metric_high
    assert metric is not None
    assert low is not None
    assert high is not None

    assert high - metric == pytest.approx(1.96 * 0.0068, rel=1e-3)
    assert metric - low == pytest.approx(high - metric)


def test_sparklines_are_oldest_first_and_bounded(services: Services) -> None:
    (row,) = read(services, {"fresh"}).models

    moments = [point.decided_at for point in row.points]
    assert moments == sorted(moments)
    assert 0 < len(moments) <= SPARKLINE_POINTS


def test_what_may_not_be_read_is_neither_shown_nor_counted(services: Services) -> None:
    page = read(services, {"fresh", "late", "one that does not exist"})

    assert {model.name for model in page.models} == {"fresh", "late"}
    assert (page.n_models, page.counts) == (2, {"late": 1, "fresh": 1})
    assert read(services, ()).n_models == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("drift", {"drifting", "drifting_harmless"}, id="part of a name"),
        pytest.param("  FRESH ", {"fresh"}, id="in any case"),
        pytest.param("TEAM-0", ALL - {"unreadable"}, id="by owner"),
        pytest.param("%", set(), id="no wildcard"),
        pytest.param("", ALL, id="all"),
    ],
)
def test_search_is_by_name_or_owner(services: Services, query: str, found: set[str]) -> None:
    page = read(services, query=query)

    assert {model.name for model in page.models} == found
    assert sum(page.counts.values()) == len(found)


def test_a_state_filters_the_rows_and_not_the_counts(services: Services) -> None:
    page = read(services, state="late")

    assert [model.name for model in page.models] == ["late"]
    assert (page.n_models, sum(page.counts.values())) == (1, len(ORDER))
    assert read(services, state="no such state").models == ()


def test_pages_follow_each_other(services: Services) -> None:
    pages = [read(services, page=page, page_size=5) for page in (1, 2, 3)]

    assert [len(page.models) for page in pages] == [5, 5, 2]
    assert {model.name for page in pages for model in page.models} == ALL
    assert {page.n_pages for page in pages} == {3}


@pytest.mark.parametrize(
    ("asked", "page", "page_size"),
    [
        pytest.param({"page": 99, "page_size": 5}, 3, 5, id="beyond the end"),
        pytest.param({"page": -1, "page_size": 5}, 1, 5, id="before the start"),
        pytest.param({"page_size": 10**6}, 1, MAX_PAGE_SIZE, id="too large"),
        pytest.param({"page_size": 0}, 1, 1, id="none at all"),
    ],
)
def test_pages_have_bounds(
    services: Services, asked: dict[str, Any], page: int, page_size: int
) -> None:
    found = read(services, **asked)

    assert (found.page, found.page_size) == (page, page_size)


@pytest.mark.parametrize(
    ("n_items", "n_pages"),
    [(0, 1), (1, 1), (25, 1), (26, 2)],
    ids=["none", "one", "just full", "one more"],
)
def test_there_is_always_a_page(n_items: int, n_pages: int) -> None:
    assert pages_of(n_items, 25) == n_pages


def test_without_models_the_page_is_empty(empty_desk: Services) -> None:
    page = read(empty_desk)

    assert (page.models, page.n_models, page.n_pages, page.counts) == ((), 0, 1, {})


def test_a_hold_of_all_models_freezes_each(services: Services) -> None:
    with Ledger(services.settings.ledger_url) as ledger:
        ledger.holds.hold("*", reason="storm", held_by="bob")
        try:
            page = read(services)
        finally:
            ledger.holds.release("*", reason="over", released_by="bob")

    assert page.counts["frozen"] == 3  # its own hold, new and fresh
