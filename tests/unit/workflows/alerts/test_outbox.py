"""Rows A01 to A03 of the faults: Slack that is slow, down, or does not take the token any more."""

from datetime import UTC, datetime, timedelta

import pytest

from drivers.telling import change_alerts, incidents, make_alert, roles, threads, title
from evergreen.alerts.incident_rules import QUALITY
from evergreen.ledger.records import Incident, OutboxEntry
from evergreen.records import Alert
from evergreen.workflows.alerts.incident_flow import end_incident, raise_alert
from evergreen.workflows.alerts.outbox import deliver_pending
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer

SOON = timedelta(hours=4)


def told(context: ModelContext) -> list[OutboxEntry]:
    return list(context.ledger.alerts.history(context.spec.name))


def states(context: ModelContext) -> list[str]:
    return [entry.state for entry in told(context)]


def end(context: ModelContext) -> None:
    end_incident(context, QUALITY, resolution="recovered", sentence="Calm again.")


def open_one(context: ModelContext) -> Incident:
    raise_alert(context, make_alert(context))
    found = context.ledger.incidents.open_for(context.spec.name, QUALITY)
    assert found is not None
    return found


def wake(context: ModelContext, incident: Incident) -> None:
    """Let a snooze end without waiting for it."""
    from evergreen.ledger.tables import IncidentRow

    with context.ledger._database.session() as session:
        session.get_one(IncidentRow, incident.id).snoozed_until = datetime.now(UTC)


def test_a_limit_of_slack_is_waited_for_and_the_alert_comes_once(
    context: ModelContext, slack: SlackServer
) -> None:
    slack.mode, slack.retry_after = "429_once", 0.1

    raise_alert(context, make_alert(context))

    assert states(context) == ["delivered"]
    assert (len(slack.messages), len(slack.requests)) == (1, 2)


def test_a_limit_that_lasts_longer_leaves_the_alert_for_later(
    context: ModelContext, slack: SlackServer
) -> None:
    slack.mode, slack.retry_after = "429", 3600

    raise_alert(context, make_alert(context))
    waiting = states(context)
    slack.mode = "ok"
    deliver_pending(context)

    assert (waiting, states(context), len(slack.messages)) == (["pending"], ["delivered"], 1)


@pytest.mark.parametrize("trouble", ["500", "drop", "html"])
def test_while_slack_is_down_alerts_wait_and_then_come_once_in_one_thread(
    context: ModelContext, slack: SlackServer, trouble: str
) -> None:
    slack.mode = trouble
    for kind in ("drift", "decay", "retrain_started"):
        raise_alert(context, make_alert(context, kind))
    end(context)
    while_down = states(context)
    slack.mode = "ok"

    first = deliver_pending(context)
    second = deliver_pending(context)

    assert while_down == ["pending"] * 4
    assert (first, second) == (
        {"delivered": 4, "undelivered": 0},
        {"delivered": 0, "undelivered": 0},
    )
    assert threads(slack) == [
        ("Recovered: drift", ["decay", "retrain_started", "Recovered: drift"])
    ]


def test_while_slack_is_down_only_the_first_in_line_is_tried(
    context: ModelContext, slack: SlackServer
) -> None:
    slack.mode = "500"
    for kind in ("drift", "decay"):
        raise_alert(context, make_alert(context, kind), is_sent_now=False)

    counts = deliver_pending(context)

    assert counts == {"delivered": 0, "undelivered": 2}
    assert [entry.attempts for entry in told(context)] == [1, 0]


def test_changes_that_waited_together_change_the_first_message_once(
    context: ModelContext, slack: SlackServer
) -> None:
    for n in range(5):
        raise_alert(context, make_alert(context, "drift", f"{n}"), is_sent_now=False)

    deliver_pending(context)

    assert threads(slack) == [("drift 4", [])]
    assert slack.threads[0].n_edits == 1


@pytest.mark.parametrize("code", ["token_revoked", "404", "channel_not_found"])
def test_what_no_retry_delivers_is_tried_once_and_sent_when_a_person_says_so(
    context: ModelContext, slack: SlackServer, code: str
) -> None:
    slack.mode = code
    raise_alert(context, make_alert(context))
    deliver_pending(context)
    raise_alert(context, make_alert(context, "decay"))
    given_up, errors = states(context), [entry.last_error for entry in told(context)]
    n_tried = len(slack.requests)
    slack.mode = "ok"

    untouched = deliver_pending(context)
    n_again = context.ledger.alerts.send_again(context.spec.name)
    deliver_pending(context)

    assert (given_up, n_tried) == (["undeliverable"] * 2, 1)
    assert code in errors[0]
    assert "evergreen alerts --resend" in errors[1]
    assert untouched == {"delivered": 0, "undelivered": 0}
    assert n_again == 2
    assert threads(slack) == [("drift", ["decay"])]


def test_a_missing_connection_leaves_the_alert_waiting(
    context: ModelContext, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_DEFAULT")

    raise_alert(context, make_alert(context))

    (entry,) = told(context)
    assert entry.state == "pending"
    assert "connection 'slack_default'" in entry.last_error


def test_a_first_message_that_somebody_deleted_does_not_keep_the_end_back(
    context: ModelContext, slack: SlackServer
) -> None:
    open_one(context)
    slack.modes = {"chat.update": "message_not_found"}

    end(context)

    assert states(context) == ["delivered", "delivered"]
    assert title(slack.messages[-1]) == "Recovered: drift"


def test_a_picture_that_cannot_be_drawn_leaves_the_message_delivered(
    context: ModelContext, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr("evergreen.workflows.alerts.outbox.show_picture", broken)

    raise_alert(context, make_alert(context))

    assert (states(context), len(slack.messages)) == (["delivered"], 1)


def test_a_route_leads_a_whole_thread_elsewhere(context: ModelContext, slack: SlackServer) -> None:
    change_alerts(context, routes='[{kinds: [drift], channel: "#drift"}]')

    raise_alert(context, make_alert(context, "drift"))
    raise_alert(context, make_alert(context, "decay"))
    raise_alert(context, make_alert(context, "failed"), subject="ingest")

    assert slack.messages[0]["channel"] == "#drift"
    assert slack.messages[1]["thread_ts"] == slack.threads[0].ts
    assert slack.messages[2]["channel"] == "#ml-alerts"


def test_while_an_incident_is_snoozed_only_its_end_is_sent(
    context: ModelContext, slack: SlackServer
) -> None:
    incident = open_one(context)
    context.ledger.incidents.snooze(
        incident.id, until=datetime.now(UTC) + SOON, by="ann", reason="known"
    )
    raise_alert(context, make_alert(context, "decay"))
    raise_alert(context, make_alert(context, "drift", "2"))
    n_sent = len(slack.requests)

    end(context)
    deliver_pending(context)

    assert n_sent == 1
    assert threads(slack) == [("Recovered: drift", ["Recovered: drift"])]
    assert "2 updates left out while it was snoozed." in slack.messages[-1]["text"]
    assert context.ledger.alerts.snoozed(context.spec.name) == []


def test_what_was_left_out_is_summed_up_once_when_the_snooze_ends(
    context: ModelContext, slack: SlackServer
) -> None:
    incident = open_one(context)
    context.ledger.incidents.snooze(
        incident.id, until=datetime.now(UTC) + SOON, by="ann", reason="known"
    )
    for kind in ("decay", "retrain_started"):
        raise_alert(context, make_alert(context, kind))
    left_out = states(context)
    wake(context, incident)

    for _ in range(2):
        deliver_pending(context)

    assert left_out == ["delivered", "snoozed", "snoozed"]
    assert threads(slack) == [("drift", ["2 updates while snoozed: drift"])]


def test_another_incident_is_not_snoozed_with_it(context: ModelContext, slack: SlackServer) -> None:
    incident = open_one(context)
    context.ledger.incidents.snooze(
        incident.id, until=datetime.now(UTC) + SOON, by="ann", reason="known"
    )

    raise_alert(context, make_alert(context, "no_data"), subject="data")

    assert len(slack.threads) == 2


def test_who_looks_at_an_incident_stands_in_its_first_message(
    context: ModelContext, slack: SlackServer
) -> None:
    incident = open_one(context)

    context.ledger.incidents.acknowledge(incident.id, by="ann", reason="on it")
    deliver_pending(context)

    assert roles(context) == ["opening", "update"]
    assert "acknowledged by ann" in str(slack.threads[0].root["blocks"])
    assert len(slack.messages) == 1


def test_a_message_of_an_older_version_still_goes_out(
    context: ModelContext, slack: SlackServer
) -> None:
    context.ledger.alerts.raise_once(make_alert(context))

    deliver_pending(context)

    assert threads(slack) == [("drift", [])]
    assert incidents(context) == []


def test_what_is_told_when_it_is_over_already_says_so(
    context: ModelContext, slack: SlackServer
) -> None:
    alert: Alert = make_alert(context)
    raise_alert(context, alert, is_sent_now=False)
    end_incident(
        context, QUALITY, resolution="recovered", sentence="Calm again.", is_sent_now=False
    )

    deliver_pending(context)

    assert title(slack.messages[0]) == "Recovered: drift"
