from evergreen.ledger.ledger import Ledger
from evergreen.records import Alert


def make_alert(message_key: str = "drift:flights:2013-03-05") -> Alert:
    return Alert(
        model="flights",
        kind="drift",
        message_key=message_key,
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


def test_a_delivered_alert_leaves_the_outbox(ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert())

    ledger.alerts.record_delivered("drift:flights:2013-03-05", "171.5")

    assert ledger.alerts.pending() == []
    found = ledger.alerts.get("drift:flights:2013-03-05")
    assert found is not None
    assert (found.state, found.message_ts) == ("delivered", "171.5")


def test_a_failed_attempt_stays_pending_until_it_is_known_to_be_hopeless(ledger: Ledger) -> None:
    incident = make_alert().message_key
    ledger.alerts.raise_once(make_alert())

    ledger.alerts.record_failure(incident, "HTTP 500", is_permanent=False)
    after_500 = [(e.state, e.attempts, e.last_error) for e in ledger.alerts.history("flights")]
    ledger.alerts.record_failure(incident, "token_revoked", is_permanent=True)
    after_revoked = [(e.state, e.attempts, e.last_error) for e in ledger.alerts.history("flights")]

    assert after_500 == [("pending", 1, "HTTP 500")]
    assert after_revoked == [("undeliverable", 2, "token_revoked")]
    assert ledger.alerts.pending() == []


def test_what_was_given_up_is_sent_again_when_a_person_says_so(ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert())
    ledger.alerts.record_failure(make_alert().message_key, "token_revoked", is_permanent=True)

    n_others = ledger.alerts.send_again("other")
    n_mine = ledger.alerts.send_again("flights")

    assert (n_others, n_mine, ledger.alerts.send_again()) == (0, 1, 0)
    assert [entry.attempts for entry in ledger.alerts.pending("flights")] == [1]


def test_a_message_of_its_own_knows_its_channel(ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert(), channel="#ml")

    (entry,) = ledger.alerts.pending()
    assert (entry.channel, entry.incident_id, entry.role) == ("#ml", None, "note")


def test_a_message_is_found_by_its_name(ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert())

    found = ledger.alerts.get(make_alert().message_key)

    assert found is not None
    assert found.alert == make_alert()
