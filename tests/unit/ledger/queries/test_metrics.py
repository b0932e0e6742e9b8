"""Totals for monitoring: what is due, in time, overdue, and how much of everything there is."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from builders.ledger_rows import add_decision, add_delivery, close_as_promoted, make_alert
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.queries.metrics import BatchCounts
from evergreen.ledger.records import Outcome

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = 3600.0
LIMITS = {"flights": 6 * HOUR}


def at(hours_ago: float) -> datetime:
    return NOW - timedelta(hours=hours_ago)


def run(ledger: Ledger, statement: str, **values: object) -> None:
    moments = {k: v.isoformat(sep=" ") for k, v in values.items() if isinstance(v, datetime)}
    with ledger._database.session() as session:
        session.execute(text(statement), {**values, **moments})


def take_in(ledger: Ledger, batch: str, *, hours_ago: float, model: str = "flights") -> None:
    """Let a batch have been taken in some hours ago."""
    add_delivery(ledger, batch)
    run(
        ledger,
        "UPDATE batches SET taken_at = :then, model = :model WHERE batch = :batch",
        then=at(hours_ago),
        model=model,
        batch=batch,
    )


def decide(
    ledger: Ledger,
    batch: str,
    *,
    hours_ago: float,
    outcome: Outcome = "kept",
    run_id: str = "run1",
    model: str = "flights",
) -> str:
    """Let a decision about a batch have come to an end some hours ago; give its id."""
    decision = add_decision(ledger, batch, run_id=run_id, model=model)
    run(
        ledger,
        "UPDATE decisions SET outcome = :outcome, closed_at = :then WHERE id = :id",
        outcome=outcome,
        then=at(hours_ago),
        id=decision.id,
    )
    return decision.id


def counts(ledger: Ledger, limits: dict[str, float] | None = None) -> BatchCounts:
    (found,) = ledger.gauges.batches(LIMITS if limits is None else limits, at=NOW)
    return found


@pytest.mark.parametrize(
    ("taken", "decided", "due_in_time_waiting_overdue"),
    [
        pytest.param(10, 4.01, (1, 1, 0, 0), id="decided just in time"),
        pytest.param(10, 3.99, (1, 0, 0, 0), id="decided just too late"),
        pytest.param(5.99, None, (0, 0, 1, 0), id="waits, not due yet"),
        pytest.param(6.01, None, (1, 0, 1, 1), id="waits past its limit"),
    ],
)
def test_a_batch_is_due_when_it_was_decided_or_is_past_its_limit(
    ledger: Ledger,
    taken: float,
    decided: float | None,
    due_in_time_waiting_overdue: tuple[int, ...],
) -> None:
    take_in(ledger, "2026-03-01", hours_ago=taken)
    if decided is not None:
        decide(ledger, "2026-03-01", hours_ago=decided)

    found = counts(ledger)

    assert found[1:5] == due_in_time_waiting_overdue
    assert found.newest == at(taken)
    assert found.oldest_waiting == (None if decided else at(taken))


@pytest.mark.parametrize("outcome", ["open", "failed"])
def test_a_decision_without_an_end_does_not_count(ledger: Ledger, outcome: Outcome) -> None:
    take_in(ledger, "2026-03-01", hours_ago=10)
    decide(ledger, "2026-03-01", hours_ago=8, outcome=outcome)

    assert counts(ledger)[1:5] == (1, 0, 1, 1)


def test_the_first_decision_about_a_batch_counts(ledger: Ledger) -> None:
    take_in(ledger, "2026-03-01", hours_ago=100)
    decide(ledger, "2026-03-01", hours_ago=1, run_id="forced later")
    decide(ledger, "2026-03-01", hours_ago=99)

    assert counts(ledger)[1:5] == (1, 1, 0, 0)


def test_a_rejected_batch_and_labels_are_not_waited_for(ledger: Ledger) -> None:
    take_in(ledger, "2026-03-01", hours_ago=10)
    add_delivery(ledger, "2026-03-02", broken_rule="all of temp is null")
    run(ledger, "UPDATE batches SET kind = 'labels' WHERE batch = '2026-03-01'")

    assert ledger.gauges.batches(LIMITS, at=NOW) == []


@pytest.mark.parametrize(
    ("asked", "n_in_time"),
    [pytest.param(19, 1, id="asked in time"), pytest.param(10, 0, id="asked too late")],
)
def test_the_time_a_person_takes_is_not_the_suites(
    ledger: Ledger, asked: float, n_in_time: int
) -> None:
    take_in(ledger, "2026-03-01", hours_ago=20)
    identity = decide(ledger, "2026-03-01", hours_ago=1)
    ledger.approvals.ask(identity, model="flights", version="2", due_at=NOW)
    run(ledger, "UPDATE approvals SET asked_at = :then", then=at(asked))

    assert counts(ledger)[1:5] == (1, n_in_time, 0, 0)


def test_each_model_has_a_limit_of_its_own(ledger: Ledger) -> None:
    for day, model in enumerate(("quick", "slow", "slower"), start=1):
        take_in(ledger, f"2026-03-0{day}", hours_ago=10, model=model)
        decide(ledger, f"2026-03-0{day}", hours_ago=5, model=model)

    found = ledger.gauges.batches({"quick": 4 * HOUR, "slow": 6 * HOUR, "slower": 6 * HOUR}, at=NOW)

    assert {c.model: c.n_in_time for c in found} == {"quick": 0, "slow": 1, "slower": 1}


def test_without_a_limit_batches_still_wait(ledger: Ledger) -> None:
    take_in(ledger, "2026-03-01", hours_ago=10)

    found = counts(ledger, {})

    assert (found.n_waiting, found.n_overdue) == (1, 0)


def test_decisions_promotions_and_undelivered_alerts_are_counted(ledger: Ledger) -> None:
    for batch in ("2026-02-01", "2026-02-08"):
        close_as_promoted(ledger, add_decision(ledger, batch))
    add_decision(ledger, "2026-02-15", verdict="stand_down", trigger="none")
    for state in ("pending", "pending", "logged"):
        ledger.alerts.raise_once(make_alert(f"{state}{datetime.now(UTC)}"), state=state)

    assert [tuple(c) for c in ledger.gauges.decisions()] == [
        ("flights", "retrain", "promoted", 2),
        ("flights", "stand_down", "open", 1),
    ]
    assert [tuple(c) for c in ledger.gauges.promotions()] == [("flights", "promotion", 2)]
    assert [tuple(c) for c in ledger.gauges.undelivered()] == [("flights", "pending", 2)]
