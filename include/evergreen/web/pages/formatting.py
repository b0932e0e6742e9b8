"""Texts as the pages show them: links that may be followed, mappings and sentences."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def web_address(link: str) -> str:
    """Return the address if a browser may follow it: http, https, or a path here; else nothing."""
    if not link.isprintable() or " " in link or "\\" in link:
        return ""
    if link.startswith("/") and not link.startswith("//"):
        return link
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return link if parts.scheme in ("http", "https") and parts.netloc else ""


def brief(values: Mapping[str, object]) -> str:
    """Return a small mapping as one line, in the order it has."""
    return ", ".join(f"{key}: {value}" for key, value in values.items() if value not in (None, ""))


def told(sentence: str) -> str:
    """Return a sentence with a capital at its start; names of columns stay as they are."""
    head, _, rest = sentence.partition(" ")
    return f"{head[:1].upper()}{head[1:]} {rest}".rstrip() if head.isalpha() else sentence
