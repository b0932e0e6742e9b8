from datetime import UTC, datetime, timedelta

import pytest
from bench.histories import make_history, write_histories

from builders.ledger_rows import make_alert
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Incident

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def seeded(ledger: Ledger, ledger_url: str) -> Ledger:
    write_histories(ledger_url, [make_history("flights", "fresh", n_weeks=30, now=NOW, seed=3)])
    return ledger


def open_incident(ledger: Ledger, name: str, *, model: str = "flights") -> Incident:
    found = ledger.incidents.open_or_update(make_alert(name, model=model), topic=name)
    assert found is not None
    return found


def test_pages_of_decisions_follow_each_other_newest_first(seeded: Ledger) -> None:
    details = seeded.details
    pages = [details.decisions("flights", limit=20, skip=skip) for skip in (0, 20, 40)]

    ids = [line.figures.id for page in pages for line in page]
    assert ids == [d.id for d in reversed(seeded.decisions.history("flights"))]
    assert [len(page) for page in pages] == [20, 10, 0]
    assert details.count_decisions("flights") == 30
    assert details.count_decisions("none") == 0


def test_a_line_says_what_its_decision_says(seeded: Ledger) -> None:
    (line,) = seeded.details.decisions("flights", limit=1)
    decision = seeded.decisions.get(line.figures.id)

    for name in line._fields[1:]:
        assert getattr(line, name) == getattr(decision, name)


def test_versions_that_are_not_known_are_none(seeded: Ledger) -> None:
    champion = seeded.promotions.latest("flights")
    assert champion is not None

    found = seeded.details.version("flights", champion.version)
    challenger = seeded.details.challenger("flights", champion=champion.version)

    assert found == seeded.versions.get("flights", champion.version)
    assert challenger is not None
    assert challenger.version != champion.version
    assert seeded.details.version("flights", "99") is None
    assert seeded.details.challenger("none", champion=None) is None


def test_promotions_are_newest_first_and_no_more_than_asked(seeded: Ledger) -> None:
    found = seeded.details.promotions("flights", limit=2)

    assert found == list(reversed(seeded.promotions.history("flights")))[:2]


def test_open_incidents_come_before_closed_ones(ledger: Ledger) -> None:
    first, second, third = (open_incident(ledger, name) for name in ("a", "b", "c"))
    open_incident(ledger, "d", model="hidden")
    ledger.incidents.close(third.id, resolution="recovered")

    details = ledger.details
    found = [incident.id for incident in details.incidents(["flights"], limit=10)]

    assert found == [second.id, first.id, third.id]
    assert [i.id for i in details.incidents(["flights"], limit=1, skip=1)] == [first.id]
    assert third.id not in {i.id for i in details.incidents(["flights"], limit=9, only_open=True)}
    assert details.incidents([], limit=9) == []


@pytest.mark.parametrize(
    ("start", "end", "is_found"),
    [
        pytest.param(-5, -1, False, id="before it began"),
        pytest.param(-5, 5, True, id="it began within"),
        pytest.param(1, 5, True, id="while it was open"),
    ],
)
def test_an_incident_belongs_to_the_spans_in_which_it_was_open(
    ledger: Ledger, start: int, end: int, is_found: bool
) -> None:
    opened = open_incident(ledger, "a").opened_at
    span = opened + timedelta(minutes=start), opened + timedelta(minutes=end)

    assert bool(ledger.details.incidents_between("flights", *span, limit=9)) is is_found


def test_a_closed_incident_does_not_reach_beyond_its_end(ledger: Ledger) -> None:
    incident = open_incident(ledger, "a")
    ledger.incidents.close(incident.id, resolution="recovered")
    after = datetime.now(UTC) + timedelta(minutes=1)

    assert ledger.details.incidents_between("flights", after, after, limit=9) == []


def test_messages_of_an_incident_are_its_own(ledger: Ledger) -> None:
    incident = open_incident(ledger, "a")
    open_incident(ledger, "b")

    (message,) = ledger.details.messages(incident.id, limit=10)

    assert (message.alert.message_key, message.incident_id) == ("a", incident.id)
    assert ledger.details.incident(incident.id) == incident
    assert ledger.details.incident(10**6) is None
