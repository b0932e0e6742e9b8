"""Words and numbers of a back-test, the same on the terminal and on the page."""

from html import escape

from evergreen.spec.metric_labels import METRIC_LABELS

METRIC_WORDS = METRIC_LABELS
ONE_PERCENT = 0.01


def printable(words: str) -> str:
    """Return words with a mark for each character that cannot be printed: names are not ours."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)


def shown(words: str) -> str:
    """Make words safe for the page: escaped, and with a mark for what cannot be printed."""
    return escape(printable(words))


def percent(share: float | None) -> str:
    """Return a share as whole per cent, ``-`` for none."""
    if share is None:
        return "-"
    return "less than 1%" if 0 < share < ONE_PERCENT else f"{share:.0%}"


def score_text(score: float | None) -> str:
    """Return a score with three decimals, ``-`` for none."""
    return "-" if score is None else f"{score:.3f}"
