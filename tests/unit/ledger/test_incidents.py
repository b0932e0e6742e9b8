from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from evergreen.errors import LedgerError, RequestError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Incident
from evergreen.records import Alert, Severity

TOPIC = "quality"


def make_alert(name: str = "drift:flights:1", *, severity: Severity = "warning") -> Alert:
    return Alert(
        model="flights",
        kind="drift",
        message_key=name,
        thread="flights:1",
        title=f"flights drifts ({name})",
        text="3 of 14 features\nNothing to do.",
        must_act=False,
        severity=severity,
    )


def opened(ledger: Ledger, alert: Alert | None = None) -> Incident:
    incident = ledger.incidents.open_or_update(alert or make_alert(), topic=TOPIC, channel="#a")
    assert incident is not None
    return incident


def roles(ledger: Ledger) -> list[str]:
    return [entry.role for entry in ledger.alerts.history()]


def test_the_first_alert_opens_and_the_next_ones_belong_to_it(ledger: Ledger) -> None:
    first = opened(ledger)
    second = opened(ledger, make_alert("drift:flights:2", severity="critical"))
    ledger.incidents.open_or_update(make_alert("drift:flights:3"), topic=TOPIC, is_step=False)

    assert (first.id, first.n_events, first.channel) == (second.id, 1, "#a")
    found = ledger.incidents.open_for("flights", TOPIC)
    assert found is not None
    assert (found.n_events, found.severity, found.sentence) == (3, "critical", "3 of 14 features")
    assert roles(ledger) == ["opening", "note", "update"]
    assert {entry.incident_id for entry in ledger.alerts.pending()} == {first.id}


def test_a_repeated_alert_changes_nothing(ledger: Ledger) -> None:
    first = opened(ledger)

    again = ledger.incidents.open_or_update(make_alert(), topic=TOPIC)

    assert again is None
    assert ledger.incidents.get(first.id) == first
    assert roles(ledger) == ["opening"]


def test_an_alert_of_a_closed_incident_does_not_open_it_anew(ledger: Ledger) -> None:
    ledger.incidents.close(opened(ledger).id, resolution="recovered")

    assert ledger.incidents.open_or_update(make_alert(), topic=TOPIC) is None
    assert ledger.incidents.open_of("flights") == []


def test_subjects_and_topics_are_incidents_of_their_own(ledger: Ledger) -> None:
    for topic, subject in (("data", "data"), ("data", "labels"), ("quality", "")):
        alert = make_alert(f"{topic}:{subject}")
        ledger.incidents.open_or_update(alert, topic=topic, subject=subject)

    assert len(ledger.incidents.open_of("flights")) == 3
    assert roles(ledger) == ["opening"] * 3


def test_processes_that_see_the_same_at_once_give_one_incident(ledger_url: str) -> None:
    with Ledger(ledger_url) as ledger:
        ledger.migrate()

    def tell(n: int) -> int | None:
        with Ledger(ledger_url) as mine:
            alert = make_alert(f"drift:flights:{n % 2}")
            incident = mine.incidents.open_or_update(alert, topic=TOPIC)
        return None if incident is None else incident.id

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(tell, range(6)))

    with Ledger(ledger_url) as ledger:
        assert len(ledger.incidents.history()) == 1
        assert sorted(roles(ledger)) == ["note", "opening"]
    assert found.count(None) == 4


def test_a_repeated_condition_is_told_once_per_incident(ledger: Ledger) -> None:
    def look() -> Incident | None:
        return ledger.incidents.open_or_update(make_alert(), topic="no_data", is_repeated=True)

    first = look()
    assert first is not None
    assert look() is None
    ledger.incidents.close(first.id, resolution="arrived")
    second = look()

    assert second is not None
    assert second.id != first.id
    assert roles(ledger) == ["opening", "opening"]


def test_a_condition_that_may_heal_by_itself_is_told_from_the_second_look(ledger: Ledger) -> None:
    def look() -> None:
        ledger.incidents.open_or_update(
            make_alert(), topic="alias_mismatch", is_repeated=True, told_from=2
        )

    look()
    after_first = roles(ledger)
    look()
    look()

    assert after_first == []
    assert roles(ledger) == ["opening"]


def test_what_happened_once_is_closed_at_once_and_told_once(ledger: Ledger) -> None:
    first = ledger.incidents.tell_once(make_alert("promoted"), topic="champion")
    again = ledger.incidents.tell_once(make_alert("promoted"), topic="champion")
    other = ledger.incidents.tell_once(make_alert("forced"), topic="champion")

    assert first is not None
    assert other is not None
    assert (again, first.is_open, first.id != other.id) == (None, False, True)
    assert roles(ledger) == ["opening", "opening"]


def test_calm_looks_are_counted_once_each_and_start_anew_after_trouble(ledger: Ledger) -> None:
    incident = opened(ledger)

    counts = [ledger.incidents.calm(incident.id, make_alert(f"calm:{n}")) for n in (1, 1, 2)]
    opened(ledger, make_alert("drift:flights:2"))
    after_trouble = ledger.incidents.calm(incident.id, make_alert("calm:3"))
    ledger.incidents.close(incident.id, resolution="recovered")

    assert (counts, after_trouble) == ([1, 1, 2], 1)
    assert ledger.incidents.calm(incident.id, make_alert("calm:4")) == 0


def test_an_incident_is_closed_once_with_one_message(ledger: Ledger) -> None:
    incident = opened(ledger)

    closed = [
        ledger.incidents.close(incident.id, resolution="recovered", alert=make_alert("closing"))
        for _ in range(2)
    ]

    assert closed[0] is not None
    assert closed[1] is None
    assert (closed[0].resolution, closed[0].is_open) == ("recovered", False)
    assert roles(ledger) == ["opening", "closing"]
    assert ledger.incidents.open_for("flights", TOPIC) is None


def test_an_acknowledgement_is_kept_and_shown_by_the_first_message(ledger: Ledger) -> None:
    incident = opened(ledger)

    found = ledger.incidents.acknowledge(incident.id, by="ann", reason="looking")

    assert (found.acknowledged_by, found.acknowledge_reason) == ("ann", "looking")
    assert found.acknowledged_at is not None
    assert roles(ledger) == ["opening", "update"]


def test_an_acknowledgement_of_what_was_only_logged_sends_nothing(ledger: Ledger) -> None:
    incident = ledger.incidents.open_or_update(make_alert(), topic=TOPIC, state="logged")
    assert incident is not None

    ledger.incidents.acknowledge(incident.id, by="ann", reason="looking")

    assert ledger.alerts.pending() == []


def test_a_snooze_is_kept_with_its_end_and_its_reason(ledger: Ledger) -> None:
    until = datetime.now(UTC) + timedelta(hours=4)

    found = ledger.incidents.snooze(opened(ledger).id, until=until, by="ann", reason="known")

    assert (found.snoozed_until, found.snoozed_by, found.snooze_reason) == (until, "ann", "known")


def test_people_cannot_act_without_a_reason_on_the_past_or_on_what_is_over(ledger: Ledger) -> None:
    incident, soon = opened(ledger), datetime.now(UTC) + timedelta(hours=1)

    with pytest.raises(RequestError, match="a reason is needed"):
        ledger.incidents.acknowledge(incident.id, by="ann", reason=" ")
    with pytest.raises(RequestError, match="has passed"):
        ledger.incidents.snooze(
            incident.id, until=datetime(2020, 1, 1, tzinfo=UTC), by="a", reason="b"
        )
    ledger.incidents.close(incident.id, resolution="recovered")
    with pytest.raises(RequestError, match="is over: recovered"):
        ledger.incidents.snooze(incident.id, until=soon, by="ann", reason="known")
    with pytest.raises(LedgerError, match="no incident 99"):
        ledger.incidents.acknowledge(99, by="ann", reason="looking")


def test_history_gives_the_newest_first_and_what_was_open_since(ledger: Ledger) -> None:
    old = opened(ledger)
    ledger.incidents.close(old.id, resolution="recovered")
    between = datetime.now(UTC)
    new = opened(ledger, make_alert("drift:flights:9"))

    assert [i.id for i in ledger.incidents.history("flights")] == [new.id, old.id]
    assert [i.id for i in ledger.incidents.history(limit=1)] == [new.id]
    assert [i.id for i in ledger.incidents.history(since=between)] == [new.id]
    assert ledger.incidents.history("other") == []


def test_where_the_first_message_stands_is_kept(ledger: Ledger) -> None:
    incident = opened(ledger)

    ledger.incidents.record_posted(incident.id, channel="C1", message_ts="171.5")

    found = ledger.incidents.get(incident.id)
    assert (found.channel, found.message_ts) == ("C1", "171.5")
