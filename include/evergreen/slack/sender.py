"""Slack: alerts as messages in one channel, kept up to date, with a picture where one helps.

Errors come out as ``NotifyError``, permanent when no retry helps. A reply that is lost after Slack
took a message leads to a second try by the caller; ``client_msg_id`` is the same then, so Slack,
or a reader of ``metadata``, can tell that it is the same incident.
"""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from evergreen.presentation.escaping import one_line
from evergreen.records import Alert, Record
from evergreen.slack.blocks import to_blocks, to_fallback
from evergreen.slack.client import Body, SlackCalls
from evergreen.slack.errors import NO_EDIT, SlackRefusedError
from evergreen.slack.status_line import IncidentStatus

NAMESPACE = uuid.UUID("6f9c2f52-3a0e-5d0b-9f0e-6a2f4f0c7b11")
MAX_FILE_TITLE = 200
MAX_ALT = 1000
FILE_NAME = "metric_and_drift.png"

log = logging.getLogger(__name__)


class Posted(Record):
    """Where a message stands: ``channel`` is Slack's id, which edits and files ask for."""

    channel: str
    ts: str


class SlackSender:
    """Sends alerts with one bot token.

    Args:
        token: Bot token (``xoxb-...``); it appears in no text that this class makes.
        base_url: Address of Slack's Web API; None: Slack itself.
        timeout_seconds: Limit for connecting and for each read.
        wait: How to wait when Slack asks for it; a test gives its own.
    """

    def __init__(
        self,
        token: str,
        base_url: str | None = None,
        timeout_seconds: int = 10,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = SlackCalls(token, base_url, timeout_seconds, wait=wait)

    def __repr__(self) -> str:
        return f"SlackSender(base_url={self._calls.base_url!r})"

    def send(
        self,
        channel: str,
        alert: Alert,
        thread_ts: str | None = None,
        *,
        status: IncidentStatus | None = None,
    ) -> Posted:
        """Post the alert and tell where it stands.

        Args:
            channel: Channel name or id.
            alert: What to tell.
            thread_ts: ``ts`` of the message that opened the thread; None: a message of its own.
            status: How its incident stands; None: nothing is said of that, as in a reply.

        Raises:
            NotifyError: Slack did not take it. ``is_permanent`` when no retry helps;
                ``retry_after_seconds`` when Slack asked for a longer wait than is spent here.
        """
        body = {
            **_content(channel, alert, status),
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "client_msg_id": str(uuid.uuid5(NAMESPACE, f"{channel}\n{alert.message_key}")),
        }
        if thread_ts:
            body["thread_ts"] = thread_ts
        answer = self._calls.call("chat_postMessage", body, may_drop=True)
        return Posted(channel=str(answer.get("channel") or channel), ts=str(answer.get("ts") or ""))

    def update(
        self, channel: str, ts: str, alert: Alert, *, status: IncidentStatus | None = None
    ) -> bool:
        """Write a message anew in its place; nobody is notified of that.

        Args:
            channel: Channel id, as ``send`` gave it.
            ts: Slack's name of the message.
            alert: What it says from now on.
            status: How its incident stands.

        Returns:
            False when the message is gone or may no longer be edited, which is logged.

        Raises:
            NotifyError: As for ``send``.
        """
        body = {**_content(channel, alert, status), "ts": ts}
        try:
            self._calls.call("chat_update", body, may_drop=True)
        except SlackRefusedError as err:
            if err.code not in NO_EDIT:
                raise
            log.warning("message %s of %s stays as it is: %s", ts, alert.message_key, err)
            return False
        return True

    def upload(self, channel: str, thread_ts: str, png: bytes, *, title: str, alt: str) -> bool:
        """Show a picture in a thread.

        It is not safe to repeat: a reply that is lost after Slack took the picture would show it
        twice. So call it once, and go on without a picture when it fails.

        Args:
            channel: Channel id, as ``send`` gave it.
            thread_ts: ``ts`` of the message that opened the thread.
            png: The picture.
            title: One line above it.
            alt: What it shows, for people who do not see it.

        Returns:
            False when the bot lacks the scope ``files:write``, which is logged.

        Raises:
            NotifyError: As for ``send``.
        """
        body = {
            "channel": channel,
            "thread_ts": thread_ts,
            "content": png,
            "filename": FILE_NAME,
            "title": one_line(title)[:MAX_FILE_TITLE],
            "alt_txt": one_line(alt)[:MAX_ALT],
        }
        try:
            self._calls.call("files_upload_v2", body)
        except SlackRefusedError as err:
            if err.code != "missing_scope":
                raise
            log.warning("no picture in Slack: the bot lacks the scope files:write; add it")
            return False
        return True


def _content(channel: str, alert: Alert, status: IncidentStatus | None) -> Body:
    """Return what a message says, with all of Slack's own reading of the text switched off."""
    body: dict[str, Any] = {
        "channel": channel,
        "text": to_fallback(alert, status),
        "blocks": to_blocks(alert, status),
        "parse": "none",
        "link_names": False,
        "metadata": {
            "event_type": "evergreen_alert",
            "event_payload": {
                "message_key": alert.message_key,
                "kind": alert.kind,
                "model": alert.model,
                "thread": alert.thread,
            },
        },
    }
    return body
