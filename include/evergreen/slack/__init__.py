"""Slack as a place to tell people: blocks, threads, a chart, and what may go wrong there."""

from evergreen.slack.blocks import to_blocks, to_fallback, to_text
from evergreen.slack.sender import Posted, SlackSender
from evergreen.slack.status_line import IncidentStatus

__all__ = ["IncidentStatus", "Posted", "SlackSender", "to_blocks", "to_fallback", "to_text"]
