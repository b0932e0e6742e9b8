"""Small pieces of sentences, the same in messages, on pages and in the terminal."""

from collections.abc import Sequence

NOTHING_TO_DO = "Nothing to do."
HOURS_PER_DAY = 24
MINUTES_PER_HOUR = 60
SECONDS_PER_HOUR = 3600
WITH_ES = ("s", "x", "z", "ch", "sh")


def plural(count: int, noun: str) -> str:
    """``1 rule``, ``3 rules``, ``1,200 batches``; the noun may be several words."""
    ending = "es" if noun.endswith(WITH_ES) else "s"
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}{ending}"


def listed(sentences: Sequence[str], *, shown: int) -> list[str]:
    """Return the first ``shown`` sentences as list lines, and a line that counts the rest."""
    lines = [f"- {sentence}" for sentence in sentences[:shown]]
    if len(sentences) > shown:
        lines.append(f"- and {len(sentences) - shown} more")
    return lines


def hours(amount: float) -> str:
    """``4 seconds``, ``20 minutes``, ``6 hours``, ``8 days``."""
    if amount < 1 / MINUTES_PER_HOUR:
        return plural(round(amount * SECONDS_PER_HOUR), "second")
    if amount < 1:
        return plural(round(amount * MINUTES_PER_HOUR), "minute")
    if amount >= 2 * HOURS_PER_DAY:
        return f"{amount / HOURS_PER_DAY:.3g} days"
    return "1 hour" if amount == 1 else f"{amount:.3g} hours"


def shortened(text: str, limit: int) -> str:
    """Return the text with at most ``limit`` characters, and say how many were cut."""
    return (
        text if len(text) <= limit else f"{text[:limit]} ... ({len(text) - limit} more characters)"
    )
