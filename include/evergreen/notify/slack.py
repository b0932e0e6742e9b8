"""Slack: one alert to one channel with a bot token, through ``chat.postMessage``.

Errors come out as ``NotifyError``, permanent when no retry helps. A reply that is lost after Slack
took the message leads to a second try by the caller; ``client_msg_id`` is the same then, so Slack,
or a reader of ``metadata``, can tell that it is the same incident.
"""

import logging
import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from evergreen.errors import NotifyError
from evergreen.notify.messages import to_blocks, to_fallback
from evergreen.notify.slack_errors import FIELD_TO_DROP, RATE_LIMITS, describe, is_permanent
from evergreen.records import Alert

SLACK = "https://slack.com/api/"
MAX_WAITS = 2
MAX_WAIT_SECONDS = 30.0
DEFAULT_WAIT_SECONDS = 1.0
TOO_MANY = 429
MAX_REASON = 300
NAMESPACE = uuid.UUID("6f9c2f52-3a0e-5d0b-9f0e-6a2f4f0c7b11")

log = logging.getLogger(__name__)
# slack_sdk logs whole requests at DEBUG; its lines say nothing that our errors do not.
_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False
_quiet.setLevel(logging.CRITICAL)


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
        from slack_sdk import WebClient

        if base_url is not None and not base_url.startswith(("http://", "https://")):
            raise NotifyError(
                f"Slack's address is {base_url!r}; expected https://...", is_permanent=True
            )
        if not token.strip():
            raise NotifyError(
                "the Slack connection holds no bot token; put it (xoxb-...) into its password",
                is_permanent=True,
            )
        self._token = token.strip()
        self._wait = wait
        self._client = WebClient(
            token=self._token,
            base_url=base_url or SLACK,
            timeout=timeout_seconds,
            logger=_quiet,
            retry_handlers=[],  # its own retry on a lost connection could post twice
        )

    def __repr__(self) -> str:
        return f"SlackSender(base_url={self._client.base_url!r})"

    def send(self, channel: str, alert: Alert, thread_ts: str | None = None) -> str:
        """Post the alert and give Slack's ``ts`` of the message.

        Args:
            channel: Channel name or id.
            alert: What to tell.
            thread_ts: ``ts`` of the message that opened the thread; None: a message of its own.

        Raises:
            NotifyError: Slack did not take it. ``is_permanent`` when no retry helps;
                ``retry_after_seconds`` when Slack asked for a longer wait than is spent here.
        """
        body = _body(channel, alert, thread_ts)
        n_waits = 0
        while True:
            reply = self._post(body)
            if reply.ts is not None:
                return reply.ts
            if reply.wait_seconds is not None:
                n_waits += 1
                self._wait_or_give_up(reply.wait_seconds, n_waits)
                continue
            field = FIELD_TO_DROP.get(reply.code, "")
            if field not in body:
                raise NotifyError(
                    self._scrubbed(describe(reply.code, reply.status, channel)),
                    is_permanent=is_permanent(reply.code, reply.status),
                )
            log.warning("Slack refused %s (%s); sending without it", field, reply.code)
            del body[field]

    def _wait_or_give_up(self, seconds: float, n_waits: int) -> None:
        if n_waits > MAX_WAITS or seconds > MAX_WAIT_SECONDS:
            raise NotifyError(
                f"Slack limits how fast we send and asked for {seconds:g} s of patience (wait"
                f" {n_waits}; at most {MAX_WAITS} of {MAX_WAIT_SECONDS:g} s are spent here); send"
                " the alert again later",
                retry_after_seconds=seconds,
            )
        self._wait(seconds)

    def _post(self, body: dict[str, Any]) -> "_Reply":
        from slack_sdk.errors import SlackApiError, SlackClientError

        try:
            response = self._client.chat_postMessage(**body)
            return _Reply(ts=str(response.get("ts") or ""))
        except SlackApiError as err:
            return _refusal(err.response)
        except (OSError, HTTPException) as err:  # refused, reset, timed out, half an answer
            reason = f"{type(err).__name__}: {err}"[:MAX_REASON]
        except (SlackClientError, AttributeError, TypeError, ValueError) as err:
            reason = f"its answer was not understood ({type(err).__name__})"
        # Without the cause: slack_sdk's objects carry the request with the token in its headers.
        raise NotifyError(
            f"no answer from Slack at {self._client.base_url}: {self._scrubbed(reason)}. The alert"
            " may have arrived or not; send it again, its client_msg_id stays the same"
        ) from None

    def _scrubbed(self, text: str) -> str:
        return text.replace(self._token, "***")


@dataclass(frozen=True)
class _Reply:
    """What Slack answered: ``ts`` when it took the message, else why not."""

    ts: str | None = None
    code: str = ""
    status: int = 200
    wait_seconds: float | None = None


def _refusal(response: Any) -> _Reply:
    status = int(response.status_code)
    data = response.data if isinstance(response.data, dict) else {}
    code = str(data.get("error") or "")
    wait = None
    if status == TOO_MANY or code in RATE_LIMITS:
        headers = {str(name).lower(): value for name, value in (response.headers or {}).items()}
        wait = _seconds(headers.get("retry-after"))
    return _Reply(code=code, status=status, wait_seconds=wait)


def _seconds(asked: Any) -> float:
    """Read Retry-After; what is not a number of seconds becomes a short wait."""
    try:
        seconds = float(asked)
    except (TypeError, ValueError):
        return DEFAULT_WAIT_SECONDS
    return seconds if 0 <= seconds < math.inf else DEFAULT_WAIT_SECONDS


def _body(channel: str, alert: Alert, thread_ts: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "channel": channel,
        "text": to_fallback(alert),
        "blocks": to_blocks(alert),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "client_msg_id": str(uuid.uuid5(NAMESPACE, f"{channel}\n{alert.incident}")),
        "metadata": {
            "event_type": "evergreen_alert",
            "event_payload": {
                "incident": alert.incident,
                "kind": alert.kind,
                "model": alert.model,
                "thread": alert.thread,
            },
        },
    }
    if thread_ts:
        body["thread_ts"] = thread_ts
    return body
