import logging
import time
import traceback
from collections.abc import Callable, Iterator

import pytest

from evergreen.errors import NotifyError
from evergreen.records import Alert
from evergreen.slack import SlackSender
from standins.slack import SlackServer

MakeAlert = Callable[..., Alert]
TOKEN = "xoxb-canary-0123456789"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


class Waits(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def make_sender(
    slack: SlackServer, waits: Waits | None = None, timeout_seconds: int = 5
) -> SlackSender:
    return SlackSender(
        TOKEN, slack.base_url, timeout_seconds, wait=Waits() if waits is None else waits
    )


def refusal(sender: SlackSender, alert: Alert) -> NotifyError:
    with pytest.raises(NotifyError) as caught:
        sender.send("#alerts", alert)
    return caught.value


def test_send_posts_blocks_and_gives_the_message_id(
    slack: SlackServer, make_alert: MakeAlert
) -> None:
    ts = make_sender(slack).send("#alerts", make_alert()).ts

    ((path, authorization, body),) = slack.requests
    assert ts == "1700000000.000001"
    assert path == "/api/chat.postMessage"
    assert authorization == f"Bearer {TOKEN}"
    assert body["channel"] == "#alerts"
    assert body["blocks"][0]["text"]["text"] == "flights: data of 2013-03-05 rejected"
    assert "thread_ts" not in body


def test_send_switches_all_of_slacks_own_formatting_off(
    slack: SlackServer, make_alert: MakeAlert
) -> None:
    make_sender(slack).send("#alerts", make_alert())

    (body,) = slack.messages
    assert body["mrkdwn"] is False
    assert body["link_names"] is False
    assert body["parse"] == "none"
    assert body["unfurl_links"] is False


def test_send_answers_in_the_thread(slack: SlackServer, make_alert: MakeAlert) -> None:
    make_sender(slack).send("#alerts", make_alert(), thread_ts="1700000000.000009")

    assert slack.messages[0]["thread_ts"] == "1700000000.000009"


def test_same_incident_has_the_same_client_msg_id(
    slack: SlackServer, make_alert: MakeAlert
) -> None:
    sender = make_sender(slack)

    sender.send("#alerts", make_alert())
    sender.send("#alerts", make_alert())
    sender.send("#alerts", make_alert(message_key="drift:flights:2013-03-05"))
    sender.send("#other", make_alert())

    ids = [body["client_msg_id"] for _, _, body in slack.requests]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert slack.messages[0]["metadata"] == {
        "event_type": "evergreen_alert",
        "event_payload": {
            "message_key": "data_rejected:flights:2013-03-05",
            "kind": "data_rejected",
            "model": "flights",
            "thread": "flights:2013-03-05",
        },
    }


def test_lost_reply_then_second_try_is_one_message(
    slack: SlackServer, make_alert: MakeAlert
) -> None:
    sender = make_sender(slack)
    slack.script = ["drop"]

    error = refusal(sender, make_alert())
    ts = sender.send("#alerts", make_alert()).ts

    assert not error.is_permanent
    assert len(slack.messages) == 1
    assert ts == "1700000000.000001"


def test_rate_limit_is_waited_for_and_the_message_arrives_once(
    slack: SlackServer, make_alert: MakeAlert
) -> None:
    waits = Waits()
    slack.mode, slack.retry_after = "429_once", 3

    make_sender(slack, waits).send("#alerts", make_alert())

    assert waits == [3.0]
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [
        pytest.param(30, [30.0, 30.0], id="as long as we are willing to wait, twice"),
        pytest.param(31, [], id="longer than that"),
    ],
)
def test_lasting_rate_limit_is_handed_back(
    retry_after: float, waited: list[float], slack: SlackServer, make_alert: MakeAlert
) -> None:
    waits = Waits()
    slack.mode, slack.retry_after = "429", retry_after

    error = refusal(make_sender(slack, waits), make_alert())

    assert waits == waited
    assert error.retry_after_seconds == retry_after
    assert not error.is_permanent


@pytest.mark.parametrize(
    "code",
    [
        "invalid_auth",
        "token_revoked",
        "account_inactive",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "no_permission",
        "missing_scope",
        "invalid_blocks",
    ],
)
def test_refusals_that_no_retry_heals_are_permanent(
    code: str, slack: SlackServer, make_alert: MakeAlert
) -> None:
    slack.mode = code

    error = refusal(make_sender(slack), make_alert())

    assert error.is_permanent
    assert code in str(error)
    assert "#alerts" in str(error)
    assert len(slack.requests) == 1


@pytest.mark.parametrize("mode", ["500", "html", "fatal_error", "a_code_nobody_knows"])
def test_failures_that_may_pass_are_not_permanent(
    mode: str, slack: SlackServer, make_alert: MakeAlert
) -> None:
    slack.mode = mode

    error = refusal(make_sender(slack), make_alert())

    assert not error.is_permanent
    assert error.retry_after_seconds is None
    assert len(slack.requests) == 1


def test_address_that_is_not_slacks_is_permanent(slack: SlackServer, make_alert: MakeAlert) -> None:
    slack.mode = "404"

    error = refusal(make_sender(slack), make_alert())

    assert error.is_permanent
    assert "HTTP 404" in str(error)


def test_hanging_slack_is_given_up_after_the_time_limit(
    slack: SlackServer, make_alert: MakeAlert
) -> None:
    slack.mode = "hang"
    begun = time.monotonic()

    error = refusal(make_sender(slack, timeout_seconds=1), make_alert())

    assert not error.is_permanent
    assert time.monotonic() - begun < 10


def test_refused_connection_is_not_permanent(make_alert: MakeAlert) -> None:
    with SlackServer() as gone:
        sender = make_sender(gone)

    assert not refusal(sender, make_alert()).is_permanent


@pytest.mark.parametrize(
    ("code", "dropped"),
    [
        ("thread_not_found", "thread_ts"),
        ("duplicate_message_not_found", "client_msg_id"),
        ("invalid_metadata_format", "metadata"),
    ],
)
def test_what_slack_refuses_besides_the_text_is_left_out(
    code: str, dropped: str, slack: SlackServer, make_alert: MakeAlert
) -> None:
    slack.script = [code]

    make_sender(slack).send("#alerts", make_alert(), thread_ts="1.1")

    assert dropped not in slack.messages[0]
    assert len(slack.requests) == 2


def test_token_stands_in_no_error_trace_repr_or_log(
    slack: SlackServer, make_alert: MakeAlert, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sender = make_sender(slack, timeout_seconds=1)
    seen = [repr(sender), str(vars(sender).keys())]

    for mode in ("invalid_auth", "500", "429", "html", "hang", TOKEN):
        slack.mode, slack.retry_after = mode, 99
        error = refusal(sender, make_alert())
        seen += ["".join(traceback.format_exception(error)), repr(error)]

    assert TOKEN not in "\n".join(seen)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("token", ["", "  \n"])
def test_empty_token_is_refused_at_once(token: str) -> None:
    with pytest.raises(NotifyError) as caught:
        SlackSender(token)

    assert caught.value.is_permanent


def test_address_that_is_no_url_is_refused_at_once() -> None:
    with pytest.raises(NotifyError) as caught:
        SlackSender(TOKEN, "slack.example")

    assert caught.value.is_permanent
