from evergreen.ledger.ledger import Ledger
from evergreen.records import Alert


def make_alert(incident: str = "drift:flights:2013-03-05") -> Alert:
    return Alert(
        model="flights",
        kind="drift",
        incident=incident,
        thread="flights:2013-03-05",
        title="flights drifts",
        text="3 of 14 features",
        must_act=False,
        links=(("Run", "http://airflow/run"),),
    )


def test_an_incident_is_told_once(ledger: Ledger) -> None:
    first = ledger.alerts.raise_once(make_alert())
    second = ledger.alerts.raise_once(make_alert())

    assert (first, second) == (True, False)
    assert [entry.alert for entry in ledger.alerts.pending()] == [make_alert()]


def test_a_delivered_alert_leaves_the_outbox_and_leads_its_thread(ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert())

    ledger.alerts.record_delivered("drift:flights:2013-03-05", "171.5")

    assert ledger.alerts.pending() == []
    assert ledger.alerts.thread_ts("flights:2013-03-05") == "171.5"
    assert ledger.alerts.thread_ts("flights:2013-03-12") is None


def test_a_failed_attempt_stays_pending_until_it_is_known_to_be_hopeless(ledger: Ledger) -> None:
    incident = make_alert().incident
    ledger.alerts.raise_once(make_alert())

    ledger.alerts.record_failure(incident, "HTTP 500", is_permanent=False)
    after_500 = [(e.state, e.attempts, e.last_error) for e in ledger.alerts.history("flights")]
    ledger.alerts.record_failure(incident, "token_revoked", is_permanent=True)
    after_revoked = [(e.state, e.attempts, e.last_error) for e in ledger.alerts.history("flights")]

    assert after_500 == [("pending", 1, "HTTP 500")]
    assert after_revoked == [("undeliverable", 2, "token_revoked")]
    assert ledger.alerts.pending() == []


def test_an_incident_that_is_over_can_be_told_anew(ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert())

    was_there = ledger.alerts.resolve(make_alert().incident)
    again = ledger.alerts.raise_once(make_alert())

    assert (was_there, again) == (True, True)
    assert ledger.alerts.resolve("nothing") is False


def test_an_incident_that_is_over_can_still_be_delivered(ledger: Ledger) -> None:
    incident = make_alert().incident
    ledger.alerts.raise_once(make_alert())
    ledger.alerts.resolve(incident)

    (waiting,) = ledger.alerts.pending()
    ledger.alerts.record_delivered(waiting.alert.incident, "171.5")

    assert ledger.alerts.pending() == []
    assert ledger.alerts.get(incident) is None


def test_a_standing_incident_is_found(ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert())

    found = ledger.alerts.get(make_alert().incident)

    assert found is not None
    assert found.alert == make_alert()
