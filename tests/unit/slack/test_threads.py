"""A message that is written anew in its place, and a picture in its thread."""

import logging
import traceback
from collections.abc import Callable, Iterator

import pytest

from evergreen.errors import NotifyError
from evergreen.records import Alert
from evergreen.slack import IncidentStatus, Posted, SlackSender
from standins.slack import SlackServer

MakeAlert = Callable[..., Alert]
TOKEN = "xoxb-canary-0123456789"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
STEPS = ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def sender(slack: SlackServer, waits: list[float]) -> SlackSender:
    return SlackSender(TOKEN, slack.base_url, 5, wait=waits.append)


@pytest.fixture
def posted(sender: SlackSender, make_alert: MakeAlert) -> Posted:
    return sender.send("#alerts", make_alert())


def show(sender: SlackSender, posted: Posted) -> bool:
    return sender.upload(posted.channel, posted.ts, PNG, title="AUC\nand drift", alt="two lines")


def test_send_gives_the_channels_id_that_edits_ask_for(posted: Posted) -> None:
    assert posted == Posted(channel="C00000001", ts="1700000000.000001")


def test_an_update_changes_the_message_in_its_place(
    slack: SlackServer, sender: SlackSender, posted: Posted, make_alert: MakeAlert
) -> None:
    over = IncidentStatus(resolution="recovered")

    is_updated = sender.update(posted.channel, posted.ts, make_alert(), status=over)

    (thread,) = slack.threads
    assert is_updated
    assert (thread.n_edits, len(slack.messages), thread.replies) == (1, 1, [])
    title = thread.root["blocks"][0]["text"]["text"]
    assert title == "Recovered: flights: data of 2013-03-05 rejected"


def test_an_update_switches_all_of_slacks_own_formatting_off(
    slack: SlackServer, sender: SlackSender, posted: Posted, make_alert: MakeAlert
) -> None:
    sender.update(posted.channel, posted.ts, make_alert())

    (body,) = slack.called("chat.update")
    assert (body["parse"], body["link_names"]) == ("none", False)


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_cannot_be_edited_any_more_is_left(
    code: str, slack: SlackServer, sender: SlackSender, posted: Posted, make_alert: MakeAlert
) -> None:
    slack.modes["chat.update"] = code

    assert not sender.update(posted.channel, posted.ts, make_alert())
    assert len(slack.called("chat.update")) == 1


@pytest.mark.parametrize(
    ("mode", "is_permanent"), [("500", False), ("html", False), ("token_revoked", True)]
)
def test_a_failed_update_is_told_like_a_failed_message(
    mode: str,
    is_permanent: bool,
    *,
    slack: SlackServer,
    sender: SlackSender,
    posted: Posted,
    make_alert: MakeAlert,
) -> None:
    slack.modes["chat.update"] = mode

    with pytest.raises(NotifyError) as caught:
        sender.update(posted.channel, posted.ts, make_alert())

    assert caught.value.is_permanent is is_permanent


def test_a_picture_arrives_in_its_thread_as_it_was_drawn(
    slack: SlackServer, sender: SlackSender, posted: Posted
) -> None:
    is_shown = show(sender, posted)

    (file,) = slack.threads[0].files
    assert is_shown
    assert file.content == PNG
    assert (file.title, file.alt) == ("AUC and drift", "two lines")
    assert [body for _, _, body in slack.requests if "initial_comment" in body] == []


def test_the_token_goes_to_slacks_api_and_not_to_the_address_of_the_file(
    slack: SlackServer, sender: SlackSender, posted: Posted
) -> None:
    show(sender, posted)

    sent = {path.split("/")[2]: authorization for path, authorization, _ in slack.requests}
    assert sent["upload"] == ""
    assert sent["files.completeUploadExternal"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("step", [STEPS[0], STEPS[2]])
def test_without_the_scope_for_files_there_is_no_picture_and_a_word_about_it(
    step: str,
    slack: SlackServer,
    sender: SlackSender,
    posted: Posted,
    caplog: pytest.LogCaptureFixture,
) -> None:
    slack.modes[step] = "missing_scope"

    with caplog.at_level(logging.WARNING):
        is_shown = show(sender, posted)

    assert not is_shown
    assert slack.threads[0].files == []
    assert "files:write" in caplog.text


@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_a_picture_waits_as_long_as_slack_asks(
    step: str, slack: SlackServer, sender: SlackSender, posted: Posted, waits: list[float]
) -> None:
    slack.modes[step], slack.retry_after = "429_once", 3

    assert show(sender, posted)
    assert waits == [3.0]
    assert len(slack.threads[0].files) == 1


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("mode", "is_permanent"), [("429", False), ("500", False), ("404", True), ("hang", False)]
)
def test_a_picture_that_fails_is_told_without_the_token(
    mode: str,
    is_permanent: bool,
    step: str,
    slack: SlackServer,
    posted: Posted,
) -> None:
    slack.modes[step], slack.retry_after = mode, 99
    sender = SlackSender(TOKEN, slack.base_url, 1)

    with pytest.raises(NotifyError) as caught:
        show(sender, posted)

    assert caught.value.is_permanent is is_permanent
    assert caught.value.retry_after_seconds == (99 if mode == "429" else None)
    told = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in told
    assert f"/{step}/" not in told
    assert slack.threads[0].files == []


def test_a_channels_name_is_not_enough_for_a_picture(sender: SlackSender, posted: Posted) -> None:
    with pytest.raises(NotifyError) as caught:
        sender.upload("#alerts", posted.ts, PNG, title="t", alt="a")

    assert caught.value.is_permanent
    assert "channel_not_found" in str(caught.value)
