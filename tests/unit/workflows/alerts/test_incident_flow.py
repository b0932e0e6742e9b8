import logging
from datetime import UTC, datetime, timedelta

import pytest

from drivers.telling import BATCH, change_alerts, incidents, make_alert, roles, threads
from evergreen.alerts.incident_rules import QUALITY
from evergreen.workflows.alerts.incident_flow import (
    count_calm,
    end_incident,
    raise_alert,
    tell_move,
)
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer


def states(context: ModelContext) -> list[str]:
    return [entry.state for entry in context.ledger.alerts.history(context.spec.name)]


def test_without_a_channel_an_alert_is_kept_and_logged(
    context: ModelContext, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        is_new = raise_alert(context, make_alert(context))

    assert (is_new, states(context)) == (True, ["logged"])
    assert "what happened" in caplog.text


def test_five_retries_tell_once(context: ModelContext, slack: SlackServer) -> None:
    told = [raise_alert(context, make_alert(context)) for _ in range(5)]

    assert told == [True, False, False, False, False]
    assert len(slack.requests) == 1


def test_a_quiet_day_is_kept_and_not_sent(context: ModelContext, slack: SlackServer) -> None:
    raise_alert(context, make_alert(context, "stood_down"))

    assert states(context) == ["logged"]
    assert (incidents(context), slack.requests) == ([], [])


def test_trouble_that_stays_changes_the_first_message_only(
    context: ModelContext, slack: SlackServer
) -> None:
    for n in range(4):
        raise_alert(context, make_alert(context, "drift", f"week {n}"))

    (thread,) = slack.threads
    assert threads(slack) == [("drift week 3", [])]
    assert thread.n_edits == 3


def test_steps_are_replies_and_a_promotion_is_the_last_of_them(
    context: ModelContext, slack: SlackServer
) -> None:
    raise_alert(context, make_alert(context, "drift"))
    raise_alert(context, make_alert(context, "retrain_started"))
    tell_move(context, make_alert(context, "kept"), version="6")
    tell_move(context, make_alert(context, "promoted"), version="7")

    assert incidents(context) == [(QUALITY, "", "resolved by promotion of v7")]
    assert threads(slack) == [
        ("Resolved by promotion of v7: drift", ["retrain_started", "kept", "promoted"])
    ]


def test_a_retrain_and_its_result_outside_of_trouble_are_one_message(
    context: ModelContext, slack: SlackServer
) -> None:
    raise_alert(context, make_alert(context, "retrain_started"))
    tell_move(context, make_alert(context, "promoted"), version="7")
    tell_move(context, make_alert(context, "promoted"), version="7")

    assert threads(slack) == [("promoted", [])]
    assert incidents(context) == [("champion", "", "told")]


def test_a_rerun_of_an_old_promotion_does_not_end_new_trouble(context: ModelContext) -> None:
    tell_move(context, make_alert(context, "promoted"), version="7")
    raise_alert(context, make_alert(context, "drift"))

    is_new = tell_move(context, make_alert(context, "promoted"), version="7")

    assert not is_new
    assert context.ledger.incidents.open_for(context.spec.name, QUALITY) is not None


def test_a_move_by_hand_ends_what_was_open_before_it(
    context: ModelContext, slack: SlackServer
) -> None:
    raise_alert(context, make_alert(context, "drift"))
    raise_alert(context, make_alert(context, "rollback_held", must_act=True))

    tell_move(context, make_alert(context, "rolled_back"), version="3", moved_at=datetime.now(UTC))

    assert threads(slack) == [
        ("Resolved by rollback to v3: drift", ["Resolved by rollback to v3: drift"]),
        (
            "Resolved by rollback to v3: rollback_held",
            ["Resolved by rollback to v3: rollback_held"],
        ),
        ("rolled_back", []),
    ]


def test_a_move_that_is_told_late_leaves_later_trouble_open(context: ModelContext) -> None:
    raise_alert(context, make_alert(context, "drift"))
    before = datetime.now(UTC) - timedelta(hours=1)

    tell_move(context, make_alert(context, "forced"), version="3", moved_at=before)

    assert context.ledger.incidents.open_for(context.spec.name, QUALITY) is not None


def test_a_quiet_kind_is_kept_and_what_follows_opens_the_thread(
    context: ModelContext, slack: SlackServer
) -> None:
    change_alerts(context, quiet="[drift]")

    raise_alert(context, make_alert(context, "drift"))
    raise_alert(context, make_alert(context, "retrain_started"))
    tell_move(context, make_alert(context, "promoted"), version="7")

    assert threads(slack) == [("Resolved by promotion of v7: retrain_started", ["promoted"])]


def test_an_incident_of_quiet_kinds_alone_ends_in_silence(
    context: ModelContext, slack: SlackServer
) -> None:
    change_alerts(context, quiet="[drift]")

    raise_alert(context, make_alert(context, "drift"))
    end_incident(context, QUALITY, resolution="recovered", sentence="Calm.")
    raise_alert(context, make_alert(context, "drift", "later"))
    tell_move(context, make_alert(context, "promoted"), version="7")

    assert threads(slack) == [("promoted", [])]
    assert [resolution for _, _, resolution in incidents(context)] == [
        "recovered",
        "resolved by promotion of v7",
        "told",
    ]


def test_an_alias_that_is_in_step_at_the_next_look_was_never_told(
    context: ModelContext, slack: SlackServer
) -> None:
    raise_alert(context, make_alert(context, "alias_mismatch", must_act=True))
    is_ended = end_incident(context, "alias_mismatch", resolution="recovered", sentence="In step.")

    assert is_ended
    assert (roles(context), slack.requests) == ([], [])


def test_flapping_opens_once_and_resolves_once(context: ModelContext, slack: SlackServer) -> None:
    for n in range(8):
        if n % 2 == 0:
            raise_alert(context, make_alert(context, "drift", f"{n}"))
        else:
            count_calm(context, f"{n}")
    while_flapping = incidents(context)
    for n in (8, 8, 9, 10):
        count_calm(context, f"{n}")

    assert while_flapping == [(QUALITY, "", "")]
    assert incidents(context) == [(QUALITY, "", "recovered")]
    assert threads(slack) == [("Recovered: drift 0", ["Recovered: drift 0"])]


def test_how_many_calm_batches_end_trouble_is_said_by_the_spec(
    context: ModelContext, slack: SlackServer
) -> None:
    change_alerts(context, calm_batches=1)
    raise_alert(context, make_alert(context))

    count_calm(context, BATCH)

    assert incidents(context) == [(QUALITY, "", "recovered")]
    assert len(slack.threads[0].replies) == 1


def test_outside_a_run_the_watchdog_is_left_to_send(
    context: ModelContext, slack: SlackServer
) -> None:
    raise_alert(context, make_alert(context), is_sent_now=False)

    assert (states(context), slack.requests) == (["pending"], [])


def test_those_on_call_hear_of_an_incident_that_becomes_graver(
    context: ModelContext, slack: SlackServer
) -> None:
    change_alerts(context, routes='[{severity: critical, channel: "#oncall"}]')

    raise_alert(context, make_alert(context, "drift", severity="warning"))
    for n in (1, 2):
        raise_alert(context, make_alert(context, "decay", f"{n}", severity="critical"))

    assert [message["channel"] for message in slack.messages if "thread_ts" not in message] == [
        "#ml-alerts",
        "#oncall",
    ]
    assert threads(slack) == [("drift", ["decay 1"]), ("decay 1", [])]
