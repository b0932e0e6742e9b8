"""Short phrases that messages, pages and the terminal share."""

from collections.abc import Sequence

NOTHING_TO_DO = "Nothing to do."


def listed(sentences: Sequence[str], *, shown: int) -> list[str]:
    """Return the first ``shown`` sentences as list lines, and a line that counts the rest."""
    lines = [f"- {sentence}" for sentence in sentences[:shown]]
    if len(sentences) > shown:
        lines.append(f"- and {len(sentences) - shown} more")
    return lines


def shortened(text: str, limit: int) -> str:
    """Return the text with at most ``limit`` characters, and say how many were cut."""
    return (
        text if len(text) <= limit else f"{text[:limit]} ... ({len(text) - limit} more characters)"
    )
