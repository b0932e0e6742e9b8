import json
from datetime import UTC, datetime, timedelta

from builders.ledger_rows import Call, make_alert
from evergreen.ledger.ledger import Ledger


def test_alerts_and_those_that_nobody_received(call: Call, ledger: Ledger) -> None:
    for incident, title in (("a", "Sent"), ("b", "Waiting"), ("c", "Stuck")):
        ledger.alerts.raise_once(make_alert(incident, title=title))
    ledger.alerts.raise_once(make_alert("d", title="Shown"), state="logged")
    ledger.alerts.record_delivered("a", "1.0")
    ledger.alerts.record_failure("c", "token revoked", is_permanent=True)

    everything = call("alerts").out
    waiting = json.loads(call("alerts", "--undelivered", "--json").out)

    assert all(title in everything for title in ("Sent", "Waiting", "Stuck", "Shown"))
    assert "token revoked (1 attempt)" in everything
    assert [entry["alert"]["title"] for entry in waiting] == ["Waiting", "Stuck"]
    assert call("alerts", "--model", "other").out == "No alerts.\n"


def test_no_undelivered_alerts_is_good_news(call: Call, ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert("a"), state="logged")

    assert call("alerts", "--undelivered").out == "No undelivered alerts.\n"


def test_what_was_given_up_is_sent_again_on_request(call: Call, ledger: Ledger) -> None:
    ledger.alerts.raise_once(make_alert("c"))
    ledger.alerts.record_failure("c", "token revoked", is_permanent=True)

    said = call("alerts", "--resend").out
    again = call("alerts", "--resend").out

    assert said.startswith("1 refused alert: the watchdog sends again")
    assert again.startswith("0 refused alerts")
    assert [entry.alert.message_key for entry in ledger.alerts.pending()] == ["c"]


def test_incidents_tell_since_when_who_looks_and_how_they_ended(call: Call, ledger: Ledger) -> None:
    over = ledger.incidents.open_or_update(make_alert("a", title="Old drift"), topic="quality")
    assert over is not None
    ledger.incidents.close(over.id, resolution="resolved by promotion of v7")
    now = ledger.incidents.open_or_update(make_alert("b", title="New drift"), topic="quality")
    assert now is not None
    ledger.incidents.acknowledge(now.id, by="ann", reason="on it")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    ledger.incidents.snooze(now.id, until=tomorrow, by="ann", reason="on it")

    everything = call("incidents").out
    still_open = json.loads(call("incidents", "--open", "--json").out)

    assert "resolved by promotion of v7" in everything
    assert "acknowledged by ann just now: on it; snoozed by ann until" in everything
    assert [incident["title"] for incident in still_open] == ["New drift"]


def test_no_incidents_are_good_news(call: Call, ledger: Ledger) -> None:
    assert ledger.incidents.history() == []

    assert call("incidents").out == "No incidents.\n"
    assert call("incidents", "--open").out == "No open incidents.\n"
