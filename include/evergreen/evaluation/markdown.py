"""Texts that people and data made, as Markdown shows and never obeys them."""

import unicodedata
from collections.abc import Iterable, Sequence

MAX_LENGTH = 600
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
MARKS = frozenset("\\`*_[]|~")  # the others mean something at the start of a line only
# Entities where a backslash would not do: HTML, links without brackets, formulas.
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "@": "&#64;", "$": "&#36;"}


def escape(value: object) -> str:
    """Return a value as one line of Markdown that reads as it is written, without any markup.

    Control and direction marks become U+FFFD, and what is too long is cut.
    """
    line = " ".join(str(value).split())
    seen = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in HIDDEN else c for c in line
    )
    if len(seen) > MAX_LENGTH:
        seen = f"{seen[:MAX_LENGTH]} (cut, {len(seen) - MAX_LENGTH} more)"
    escaped = "".join(ENTITIES.get(c, f"\\{c}" if c in MARKS else c) for c in seen)
    # A scheme or www. alone makes a link in some renderers.
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;").replace("WWW.", "WWW&#46;")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; every cell is escaped, and one that is None is a dash."""
    lines = [_row(header), _row(["---"] * len(header))]
    lines += [_row(["-" if cell is None else escape(cell) for cell in row]) for row in rows]
    return "\n".join(lines)


def facts(rows: Iterable[tuple[str, object]]) -> str:
    """Return a list of names and values; values are escaped, those that are None left out."""
    return "\n".join(f"- **{name}:** {escape(value)}" for name, value in rows if value is not None)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
