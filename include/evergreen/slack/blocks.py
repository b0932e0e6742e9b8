"""An alert as a Slack message and as plain text for a terminal or a log.

In the order in which one reads it at night: what, how bad and whether to act, the numbers, what to
type, where to look. Titles, texts and numbers go into ``plain_text`` objects, where Slack knows no
formatting; only our own words, the links and the commands are mrkdwn. Limits:
docs.slack.dev/reference/block-kit/blocks (header 150, section 3000, field 2000 characters).
"""

from typing import Any

from evergreen.presentation.escaping import clean, escape, neutralise, one_line, usable_url
from evergreen.presentation.phrases import NOTHING_TO_DO, shortened
from evergreen.records import Alert
from evergreen.slack.status_line import IncidentStatus, status_of

Block = dict[str, Any]
MAX_TITLE = 150
MAX_TEXT = 1200
MAX_LINES = 14
MAX_SECTION = 3000
MAX_FALLBACK = 1500
MAX_NUMBERS = 3
MAX_NUMBER = 120
MAX_FIELD = 1000
MAX_COMMANDS = 2
MAX_COMMAND = 400
MAX_LABEL = 80
MAX_LINKS = 8
NO_TITLE = "(no title)"


def to_blocks(alert: Alert, status: IncidentStatus | None = None) -> list[Block]:
    """Return the message as Slack blocks: title, status, numbers, text, what to type, links.

    Args:
        alert: What to tell.
        status: How its incident stands, for the message that opens a thread: it is written anew
            when that changes, and shortened when it is over. None: nothing is said of that.
    """
    is_over = status is not None and status.is_over
    title = escape(title_of(alert, status), limit=MAX_TITLE)
    blocks: list[Block] = [{"type": "header", "text": _plain(title)}]
    blocks.append(_context(status_of(alert, status)))
    if alert.numbers and not is_over:
        blocks.append({"type": "section", "fields": [_field(pair) for pair in _numbers(alert)]})
    text = escape(_text(alert, is_over=is_over), limit=MAX_TEXT)
    if text:
        blocks.append({"type": "section", "text": _plain(text)})
    commands = showable(alert.commands) if alert.must_act and not is_over else []
    if commands:
        blocks.append(_code(commands))
    links = [_link(label, url) for label, url in alert.links[:MAX_LINKS]]
    if links:
        blocks.append(_context(_fitting(links)))
    return blocks


def to_fallback(alert: Alert, status: IncidentStatus | None = None) -> str:
    """The message's one text for notifications, where blocks are not shown; no formatting."""
    is_over = status is not None and status.is_over
    marks = [] if is_over or alert.severity == "info" else [alert.severity.capitalize()]
    marks += ["action needed"] if alert.must_act and not is_over else []
    head = ", ".join(marks)
    title = title_of(alert, status)
    whole = [f"{head[:1].upper()}{head[1:]}: {title}" if head else title]
    if not is_over:
        whole += [f"{label}: {value}" for label, value in _numbers(alert)]
    return escape("\n".join([*whole, _text(alert, is_over=is_over)]), limit=MAX_FALLBACK)


def to_text(alert: Alert) -> str:
    """Return the alert for a terminal or a log: plain lines, nothing that a terminal would obey."""
    acting = "ACTION NEEDED" if alert.must_act else "no action needed"
    title = one_line(alert.title) or NO_TITLE
    lines = [f"[{one_line(alert.kind)}] {title} ({alert.severity}, {acting})"]
    lines += [f"    {label}: {value}" for label, value in _numbers(alert)]
    lines += [f"    {line}" for line in clean(alert.text).split("\n") if line]
    lines += [f"    type: {command}" for command in showable(alert.commands)]
    lines += [f"    {one_line(label)}: {one_line(url)}" for label, url in alert.links]
    return "\n".join(lines)


def title_of(alert: Alert, status: IncidentStatus | None = None) -> str:
    """Return the headline on one line; what is over says so first."""
    title = one_line(alert.title) or NO_TITLE
    if status is None or not status.is_over:
        return title
    return f"{status.ending}: {title}"


def showable(commands: tuple[str, ...]) -> list[str]:
    """Return the commands that can be shown as they are; half a command must not be typed."""
    fit = [
        command
        for command in commands
        if command == one_line(command)
        and "`" not in command
        and len(escape(command, limit=MAX_SECTION)) <= MAX_COMMAND
    ]
    return fit[:MAX_COMMANDS]


def _text(alert: Alert, *, is_over: bool) -> str:
    """Return the text without a line that only repeats the status."""
    lines = [line for line in alert.text.split("\n") if line != NOTHING_TO_DO]
    text = clean("\n".join(lines), max_lines=MAX_LINES)
    return text.split("\n")[0] if is_over else text


def _numbers(alert: Alert) -> list[tuple[str, str]]:
    cut = [(one_line(label), one_line(value)) for label, value in alert.numbers[:MAX_NUMBERS]]
    return [(shortened(label, MAX_NUMBER), shortened(value, MAX_NUMBER)) for label, value in cut]


def _field(pair: tuple[str, str]) -> Block:
    return _plain(escape("\n".join(pair), limit=MAX_FIELD))


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _code(commands: list[str]) -> Block:
    shown = escape("\n".join(commands), limit=MAX_SECTION)
    text = f"Type:\n```\n{shown}\n```"
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


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
