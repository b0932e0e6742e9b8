"""The overview of all models, on histories of many weeks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from bench.histories import History, as_model, make_history, write_histories
from sqlalchemy import event

from builders.ledger_rows import add_decision, add_delivery, close_as_promoted
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.tables import DecisionRow
from evergreen.web.queries.view_models import State

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def seeded(ledger: Ledger, ledger_url: str) -> Ledger:
    states: tuple[State, ...] = ("fresh", "late", "waiting_for_approval", "frozen")
    write_histories(
        ledger_url,
        [make_history(state, state, n_weeks=6, now=NOW, seed=i) for i, state in enumerate(states)],
    )
    return ledger


@contextmanager
def counted_queries(ledger: Ledger) -> Iterator[list[str]]:
    """Collect the statements that the ledger sends."""
    sent: list[str] = []

    def note(*args: object) -> None:
        if args[2] != "BEGIN":
            sent.append(str(args[2]))

    engine = ledger.overview._database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def read_all(ledger: Ledger, names: list[str]) -> None:
    overview = ledger.overview
    overview.latest()
    overview.points(names, newest=30)
    overview.champions()
    overview.deliveries()
    overview.waiting()
    overview.running()
    overview.open_approvals(at=NOW)
    overview.open_incidents()
    overview.holds()


def test_the_newest_decision_of_each_model_is_given(seeded: Ledger) -> None:
    latest = seeded.overview.latest()

    assert latest.keys() == {"fresh", "late", "waiting_for_approval", "frozen"}
    for model, found in latest.items():
        newest = seeded.decisions.history(model)[-1]
        assert (found.figures.id, found.sentence) == (newest.id, newest.sentence)


def test_of_two_decisions_at_one_moment_one_is_the_newest(ledger: Ledger, ledger_url: str) -> None:
    history = make_history("twice", "fresh", n_weeks=1, now=NOW)
    row = history.rows[DecisionRow][0]
    both = [{**row, "id": "b" * 16}, {**row, "id": "a" * 16}]
    write_histories(ledger_url, [History("twice", {DecisionRow: both})])

    assert ledger.overview.latest()["twice"].figures.id == "b" * 16
    assert [p.id[0] for p in ledger.overview.points(["twice"], newest=2)["twice"]] == ["a", "b"]


def test_points_are_the_newest_of_each_asked_model_oldest_first(seeded: Ledger) -> None:
    points = seeded.overview.points(["fresh", "late", "no such model"], newest=3)

    assert points.keys() == {"fresh", "late"}
    for model, some in points.items():
        assert [p.id for p in some] == [d.id for d in seeded.decisions.history(model)[-3:]]


def test_the_champion_is_the_version_of_the_highest_epoch(ledger: Ledger) -> None:
    for batch in ("2013-01-08", "2013-01-15"):
        close_as_promoted(ledger, add_decision(ledger, batch))

    found = ledger.overview.champions()["flights"]

    assert found == ledger.promotions.latest("flights")
    assert found.epoch == 2


def test_the_newest_delivery_counts_whatever_became_of_it(ledger: Ledger) -> None:
    add_delivery(ledger, "2013-01-08")
    add_delivery(ledger, "2013-01-15", broken_rule="all of temp is null")

    found = ledger.overview.deliveries()["flights"]

    assert (found.batch, found.status) == ("2013-01-15", "rejected")


def test_batches_wait_from_the_first_that_nobody_decided_about(ledger: Ledger) -> None:
    for batch in ("2013-01-08", "2013-01-15", "2013-01-22"):
        add_delivery(ledger, batch)
    add_delivery(ledger, "2013-01-29", broken_rule="all of temp is null")
    close_as_promoted(ledger, add_decision(ledger, "2013-01-08"))
    add_decision(ledger, "2013-01-15")

    waiting = ledger.overview.waiting()["flights"]

    assert (waiting.n_batches, waiting.batch) == (2, "2013-01-15")


def test_nothing_waits_once_the_newest_batch_is_decided(seeded: Ledger) -> None:
    assert seeded.overview.waiting().keys() == {"late", "waiting_for_approval"}


def test_batches_of_a_model_without_decisions_wait(ledger: Ledger) -> None:
    add_delivery(ledger, "2013-01-08")

    assert ledger.overview.waiting()["flights"].n_batches == 1


def test_open_decisions_and_questions_are_given(seeded: Ledger) -> None:
    running = seeded.overview.running()
    asked = seeded.overview.open_approvals(at=NOW)

    assert running.keys() == asked.keys() == {"waiting_for_approval"}
    (approval,) = asked["waiting_for_approval"]
    assert approval.decision_id == running["waiting_for_approval"][0].id
    assert seeded.overview.open_approvals(at=NOW + timedelta(days=2)) == {}


def test_holds_of_one_model_and_of_all_are_given_until_released(ledger: Ledger) -> None:
    ledger.holds.hold("flights", reason="books", held_by="ann")
    ledger.holds.hold("*", reason="storm", held_by="bob")
    ledger.holds.release("flights", reason="closed", released_by="ann")

    assert [hold.model for hold in ledger.overview.holds()] == ["*"]


def test_of_one_model_only_its_own_is_read(seeded: Ledger) -> None:
    mine, other = seeded.overview.of("late"), seeded.overview.of("fresh")

    assert mine.latest().keys() == {"late"}
    assert mine.champions().keys() == mine.deliveries().keys() == mine.waiting().keys() == {"late"}
    assert not other.running()
    assert not other.open_approvals(at=NOW)
    assert not other.waiting()
    assert seeded.overview.of("none").latest() == {}


def test_an_empty_ledger_has_nothing(ledger: Ledger) -> None:
    overview = ledger.overview

    assert not overview.latest()
    assert not overview.champions()
    assert not overview.deliveries()
    assert not overview.waiting()
    assert not overview.running()
    assert not overview.points(["flights"], newest=3)


def test_the_number_of_queries_does_not_grow_with_the_models(
    ledger: Ledger, ledger_url: str
) -> None:
    life = make_history("life", "fresh", n_weeks=2, now=NOW)
    counts = []
    for n_models in (2, 20):
        names = [f"of_{n_models}_{i}" for i in range(n_models)]
        write_histories(ledger_url, [as_model(life, name) for name in names])
        with counted_queries(ledger) as sent:
            read_all(ledger, names)
        counts.append(len(sent))

    assert counts[0] == counts[1] <= 9


def test_no_read_of_the_list_touches_json(seeded: Ledger) -> None:
    with counted_queries(seeded) as sent:
        read_all(seeded, ["fresh"])

    read = " ".join(sent)
    for column in ("signals", "decided,", "evaluation", "state_after", "quality"):
        assert column not in read


def test_reading_keeps_nobody_from_writing(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('reading')}/ledger.db"
    with Ledger(url) as reader, Ledger(url) as writer:
        writer.migrate()
        with reader.overview._database.reading() as session:
            session.connection()
            writer.holds.hold("flights", reason="books", held_by="ann")

        assert len(reader.overview.holds()) == 1
