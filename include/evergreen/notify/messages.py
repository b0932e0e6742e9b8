"""An alert as a Slack message and as plain text for a terminal or a log.

Titles and texts go into ``plain_text`` objects, where Slack knows no formatting; only our own line
about acting, and the links, are mrkdwn. Limits: docs.slack.dev/reference/block-kit/blocks (header
150, section 3000 characters) and chat.postMessage (text 4000 recommended).
"""

from typing import Any

from evergreen.notify.escaping import clean, escape, neutralise, one_line, usable_url
from evergreen.notify.standing import Standing
from evergreen.records import Alert

Block = dict[str, Any]
MAX_TITLE = 150
MAX_SECTION = 3000
MAX_FALLBACK = 3000
MAX_LABEL = 80
MAX_LINKS = 8
NO_TITLE = "(no title)"


def to_blocks(alert: Alert, standing: Standing | None = None) -> list[Block]:
    """Give the message as Slack blocks: title, text, whether to act, links."""
    title = escape(_title(alert, standing), limit=MAX_TITLE)
    text = escape(clean(alert.text), limit=MAX_SECTION)
    blocks: list[Block] = [{"type": "header", "text": _plain(title)}]
    if text:
        blocks.append({"type": "section", "text": _plain(text)})
    blocks.append(_context("*Action needed*" if alert.must_act else "No action needed"))
    links = [_link(label, url) for label, url in alert.links[:MAX_LINKS]]
    if links:
        blocks.append(_context(_fitting(links)))
    return blocks


def to_fallback(alert: Alert, standing: Standing | None = None) -> str:
    """Give the message's one text for notifications, where blocks are not shown; no formatting."""
    acting = "Action needed: " if alert.must_act else ""
    whole = f"{acting}{_title(alert, standing)}\n{clean(alert.text)}"
    return escape(whole, limit=MAX_FALLBACK)


def to_text(alert: Alert) -> str:
    """Give the alert for a terminal or a log: plain lines, nothing that a terminal would obey."""
    acting = "ACTION NEEDED" if alert.must_act else "no action needed"
    lines = [f"[{one_line(alert.kind)}] {one_line(alert.title) or NO_TITLE} ({acting})"]
    lines += [f"    {line}" for line in clean(alert.text).split("\n") if line]
    lines += [f"    {one_line(label)}: {one_line(url)}" for label, url in alert.links]
    return "\n".join(lines)


def _title(alert: Alert, standing: Standing | None) -> str:
    title = one_line(alert.title) or NO_TITLE
    if standing is None or not standing.is_over:
        return title
    ending = one_line(standing.resolution) or "over"
    return f"{ending[:1].upper()}{ending[1:]}: {title}"


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _link(label: str, url: str) -> str:
    name = escape(neutralise(one_line(label)) or "link", limit=MAX_LABEL)
    target = usable_url(url)
    if target:
        return f"<{target}|{name}>"
    return f"{name}: {escape(neutralise(one_line(url)), limit=MAX_LABEL)}"


def _fitting(links: list[str]) -> str:
    """Join the links that fit; one too many falls away whole, because half a link is none."""
    text = links[0]
    for link in links[1:]:
        if len(text) + len(link) + 3 <= MAX_SECTION:
            text += f" · {link}"
    return text
