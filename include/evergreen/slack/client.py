"""One call to Slack's Web API: waits where Slack asks for it, and turns its errors into ours."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from evergreen.errors import NotifyError
from evergreen.slack.errors import (
    FIELD_TO_DROP,
    RATE_LIMITS,
    SlackRefusedError,
    describe,
    is_permanent,
)

Body = dict[str, Any]
SLACK = "https://slack.com/api/"
MAX_WAITS = 2
MAX_WAIT_SECONDS = 30.0
DEFAULT_WAIT_SECONDS = 1.0
TOO_MANY = 429
MAX_REASON = 300

log = logging.getLogger(__name__)
# slack_sdk logs whole requests at DEBUG; its lines say nothing that our errors do not.
_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False
_quiet.setLevel(logging.CRITICAL)


class SlackCalls:
    """Calls Slack with one bot token, which appears in no text that this class makes.

    Args:
        token: Bot token (``xoxb-...``).
        base_url: Address of Slack's Web API; None: Slack itself.
        timeout_seconds: Limit for connecting and for each read.
        wait: How to wait when Slack asks for it.
    """

    def __init__(
        self,
        token: str,
        base_url: str | None,
        timeout_seconds: int,
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

    @property
    def base_url(self) -> str:
        """Address of Slack's Web API."""
        return self._client.base_url

    def call(self, method: str, body: Body, *, may_drop: bool = False) -> Body:
        """Call one method of ``slack_sdk.WebClient`` and give Slack's answer.

        Args:
            method: Such as ``chat_postMessage``.
            body: Its arguments, ``channel`` among them.
            may_drop: An argument that Slack refuses besides the text is left out.

        Raises:
            SlackRefusedError: Slack did not take it; ``is_permanent`` when no retry helps.
            NotifyError: No answer, or none that is understood; ``retry_after_seconds`` when Slack
                asked for a longer wait than is spent here.
        """
        body = dict(body)
        n_waits = 0
        while True:
            reply = self._try(method, body)
            if reply.data is not None:
                return reply.data
            if reply.wait_seconds is not None:
                n_waits += 1
                self._wait_or_give_up(reply.wait_seconds, n_waits)
                continue
            field = FIELD_TO_DROP.get(reply.code, "") if may_drop else ""
            if field not in body:
                raise self._refused(reply, str(body["channel"]))
            log.warning("Slack refused %s (%s); sending without it", field, reply.code)
            del body[field]

    def _refused(self, reply: "_Reply", channel: str) -> SlackRefusedError:
        return SlackRefusedError(
            self._scrubbed(describe(reply.code, reply.status, channel)),
            code=self._scrubbed(reply.code),
            is_permanent=is_permanent(reply.code, reply.status),
        )

    def _wait_or_give_up(self, seconds: float, n_waits: int) -> None:
        if n_waits > MAX_WAITS or seconds > MAX_WAIT_SECONDS:
            raise NotifyError(
                f"Slack limits how fast we send and asked for {seconds:g} s of patience (wait"
                f" {n_waits}; at most {MAX_WAITS} of {MAX_WAIT_SECONDS:g} s are spent here); send"
                " the alert again later",
                retry_after_seconds=seconds,
            )
        self._wait(seconds)

    def _try(self, method: str, body: Body) -> "_Reply":
        from slack_sdk.errors import SlackApiError, SlackClientError

        try:
            answer = getattr(self._client, method)(**body)
            return _Reply(data=dict(answer.data))
        except SlackApiError as err:
            return _refusal(err.response)
        except HTTPError as err:  # the address that a file is uploaded to, outside the Web API
            with err:
                return _Reply(status=err.code, wait_seconds=_asked_wait(err.code, "", err.headers))
        except (OSError, HTTPException) as err:  # refused, reset, timed out, half an answer
            reason = f"{type(err).__name__}: {err}"[:MAX_REASON]
        except (SlackClientError, AttributeError, TypeError, ValueError) as err:
            reason = f"its answer was not understood ({type(err).__name__})"
        # Without the cause: slack_sdk's objects carry the request with the token in its headers.
        raise NotifyError(
            f"no answer from Slack at {self.base_url}: {self._scrubbed(reason)}. The alert may"
            " have arrived or not; send it again, its client_msg_id stays the same"
        ) from None

    def _scrubbed(self, text: str) -> str:
        return text.replace(self._token, "***")


@dataclass(frozen=True)
class _Reply:
    """What Slack answered: ``data`` when it took the call, else why not."""

    data: Body | None = None
    code: str = ""
    status: int = 200
    wait_seconds: float | None = None


def _refusal(response: Any) -> _Reply:
    status = int(response.status_code)
    data = response.data if isinstance(response.data, dict) else {}
    code = str(data.get("error") or "")
    wait = _asked_wait(status, code, response.headers)
    return _Reply(code=code, status=status, wait_seconds=wait)


def _asked_wait(status: int, code: str, headers: Any) -> float | None:
    """Read Retry-After; what is not a number of seconds becomes a short wait."""
    if status != TOO_MANY and code not in RATE_LIMITS:
        return None
    named = {str(name).lower(): value for name, value in dict(headers or {}).items()}
    try:
        seconds = float(named.get("retry-after", ""))
    except (TypeError, ValueError):
        return DEFAULT_WAIT_SECONDS
    return seconds if 0 <= seconds < math.inf else DEFAULT_WAIT_SECONDS
