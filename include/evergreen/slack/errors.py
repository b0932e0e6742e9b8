"""Slack's error codes: which no retry can heal, and what to do about each.

Source: docs.slack.dev/reference/methods, section Errors of chat.postMessage, chat.update,
files.getUploadURLExternal and files.completeUploadExternal.
"""

from evergreen.errors import NotifyError

REMEDIES = {
    "account_inactive": "the bot was removed from the workspace; install the app again",
    "channel_not_found": "there is no such channel for this bot; correct alerts.channel",
    "ekm_access_denied": "the workspace's administrators have suspended posting",
    "invalid_auth": "the token is not valid; put a new bot token into the Slack connection",
    "is_archived": "the channel is archived; correct alerts.channel",
    "missing_scope": "the bot lacks a scope, such as chat:write; add it and install the app again",
    "no_permission": "the bot may not post there; give it chat:write and invite it",
    "not_allowed_token_type": "the token is of the wrong kind; use a bot token (xoxb-...)",
    "not_authed": "no token arrived; put a bot token into the Slack connection",
    "not_in_channel": "invite the bot into the channel",
    "org_login_required": "the workspace is being moved; ask its administrators",
    "restricted_action": "the workspace's settings forbid this bot to post there",
    "restricted_action_non_threadable_channel": "the channel does not take replies",
    "restricted_action_read_only_channel": "the channel is read-only; correct alerts.channel",
    "restricted_action_thread_only_channel": "only replies go there; correct alerts.channel",
    "team_access_not_granted": "the bot has no access to this workspace; install the app there",
    "token_expired": "the token has expired; put a new bot token into the Slack connection",
    "token_revoked": "the token was revoked; put a new bot token into the Slack connection",
}
MALFORMED = frozenset(
    {
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_json",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)
RATE_LIMITS = frozenset({"rate_limited", "ratelimited", "message_limit_exceeded"})
# The message was deleted, is not the bot's, or the workspace lets no message be edited so late.
NO_EDIT = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"}
)
GONE_STATUSES = frozenset({400, 401, 403, 404, 405, 410})
OK = 200
SERVER_ERROR = 500

# A message without these is better than none: the parent or the earlier message was deleted, say.
FIELD_TO_DROP = {
    "cannot_reply_to_message": "thread_ts",
    "duplicate_channel_not_found": "client_msg_id",
    "duplicate_message_not_found": "client_msg_id",
    "invalid_metadata_format": "metadata",
    "invalid_metadata_schema": "metadata",
    "metadata_too_large": "metadata",
    "thread_not_found": "thread_ts",
}
MAX_CODE = 200


class SlackRefusedError(NotifyError):
    """Slack answered, and said no.

    Attributes:
        code: Slack's own word for it; empty where it gave none.
    """

    def __init__(self, message: str, *, code: str, is_permanent: bool) -> None:
        super().__init__(message, is_permanent=is_permanent)
        self.code = code


def is_permanent(code: str, status: int) -> bool:
    """Say whether no retry helps. An unknown code may pass, so the alert is kept and retried."""
    if status >= SERVER_ERROR:
        return False
    known = (REMEDIES, MALFORMED, NO_EDIT)
    return any(code in codes for codes in known) or status in GONE_STATUSES


def describe(code: str, status: int, channel: str) -> str:
    """Say what Slack refused and what to do, in one sentence."""
    parts = [f"HTTP {status}" if status != OK else "", repr(code)[:MAX_CODE] if code else ""]
    said = ", ".join(part for part in parts if part) or "no reason"
    text = f"Slack did not take the alert for channel {channel!r}: {said}"
    if code in REMEDIES:
        return f"{text}; {REMEDIES[code]}"
    if code in MALFORMED:
        return f"{text}; the message itself is at fault, please report it"
    return (
        f"{text}; check alerts.channel and the Slack connection"
        if is_permanent(code, status)
        else text
    )
