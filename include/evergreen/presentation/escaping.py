"""Texts from people or data, made safe for Slack and the terminal: shown, never run as commands.

Source: docs.slack.dev/messaging/formatting-message-text (only ``&``, ``<`` and ``>`` are escaped;
everything in angle brackets is a command, a mention or a link).
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

MAX_LINES = 40
MAX_URL = 2000
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Slack has no escape for its formatting marks; these look alike and mean nothing to it.
LOOK_ALIKES = {"*": "\u2217", "`": "\u02cb", "~": "\u223c", "_": "\u02cd", "|": "\u00a6"}
KEPT_CONTROLS = "\n"
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
EMPTY_LINES = re.compile(r"\n\s*\n\s*\n+")


def clean(text: str, *, max_lines: int = MAX_LINES) -> str:
    """Return the text without control and direction marks, surrogates and excess lines."""
    flat = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    seen = "".join(
        char if char in KEPT_CONTROLS or unicodedata.category(char) not in HIDDEN else "\ufffd"
        for char in flat
    )
    lines = EMPTY_LINES.sub("\n\n", seen).strip().split("\n")
    if len(lines) > max_lines:
        lines = [*lines[:max_lines], f"... ({len(lines) - max_lines} more lines)"]
    return "\n".join(lines)


def one_line(text: str) -> str:
    """Return the cleaned text on one line."""
    return " ".join(clean(text).split())


def escape(text: str, *, limit: int) -> str:
    """Return the text escaped for Slack and cut to ``limit`` characters, as Slack counts them.

    The cut never splits an entity; a mark at the end says how many characters were cut.
    """
    pieces = [ENTITIES.get(char, char) for char in text]
    if _width(pieces) <= limit:
        return "".join(pieces)
    kept, room = 0, limit - len(_marker(len(pieces)))
    while kept < len(pieces) and (room := room - _units(pieces[kept])) >= 0:
        kept += 1
    return "".join(pieces[:kept]) + _marker(len(pieces) - kept)


def neutralise(text: str) -> str:
    """Return the text with Slack's formatting marks replaced, for use inside mrkdwn."""
    return "".join(LOOK_ALIKES.get(char, char) for char in text)


def usable_url(url: str) -> str | None:
    """Return the address so that it cannot end Slack's link early; None if it is not http(s)."""
    plain = one_line(url)
    try:
        parts = urlsplit(plain)
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc or len(plain) > MAX_URL:
        return None
    return quote(plain, safe="%/:?#[]@!$&'()*+,;=-._~").replace("&", "&amp;")


def _width(pieces: list[str]) -> int:
    return sum(_units(piece) for piece in pieces)


def _units(piece: str) -> int:
    return len(piece.encode("utf-16-le")) // 2


def _marker(count: int) -> str:
    return f" ... (cut, {count} more)"
