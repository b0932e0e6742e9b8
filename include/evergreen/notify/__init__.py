"""Alerts to people: what each says, how it is written, and how it reaches Slack."""

from evergreen.notify.messages import to_blocks, to_fallback, to_text
from evergreen.notify.slack import Posted, SlackSender
from evergreen.notify.standing import Standing

__all__ = ["Posted", "SlackSender", "Standing", "to_blocks", "to_fallback", "to_text"]
