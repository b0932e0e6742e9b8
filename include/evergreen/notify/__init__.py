"""Alerts to people: what each says, how it is written, and how it reaches Slack."""

from evergreen.notify.messages import to_blocks, to_fallback, to_text
from evergreen.notify.slack import SlackSender

__all__ = ["SlackSender", "to_blocks", "to_fallback", "to_text"]
