"""Small pieces of the alerts' sentences."""

from collections.abc import Sequence

from evergreen.records import Evaluation

HOURS_PER_DAY = 24
MINUTES_PER_HOUR = 60


def plural(count: int, noun: str) -> str:
    """``1 rule``, ``3 rules``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(sentences: Sequence[str], *, shown: int) -> list[str]:
    """Give the first ``shown`` sentences as list lines, and a line that counts the rest."""
    lines = [f"- {sentence}" for sentence in sentences[:shown]]
    if len(sentences) > shown:
        lines.append(f"- and {len(sentences) - shown} more")
    return lines


def hours(amount: float) -> str:
    """``20 minutes``, ``6 hours``, ``8 days``."""
    if amount < 1:
        return plural(round(amount * MINUTES_PER_HOUR), "minute")
    if amount >= 2 * HOURS_PER_DAY:
        return f"{amount / HOURS_PER_DAY:.3g} days"
    return "1 hour" if amount == 1 else f"{amount:.3g} hours"


def shortened(text: str, limit: int) -> str:
    """Give the text with at most ``limit`` characters, and say how many were cut."""
    return (
        text if len(text) <= limit else f"{text[:limit]} ... ({len(text) - limit} more characters)"
    )


def evaluation_line(evaluation: Evaluation | None) -> str:
    """Both scores on the same rows; empty where nothing was evaluated."""
    if evaluation is None:
        return ""
    scores = [f"challenger {_score(evaluation.challenger.value)}"]
    if evaluation.champion is not None:
        scores.append(f"champion {_score(evaluation.champion.value)}")
    metric = evaluation.challenger.name
    return f"{metric} on {evaluation.n_rows} rows of {evaluation.holdout}: {', '.join(scores)}."


def gain_line(evaluation: Evaluation | None) -> str:
    """The paired gain with its 95 % interval; empty where there was no champion."""
    if evaluation is None or evaluation.gain is None:
        return ""
    low, high = evaluation.gain_low, evaluation.gain_high
    error = "" if evaluation.gain_se is None else f", standard error {evaluation.gain_se:.4f}"
    if low is not None and high is not None:
        error = f", 95 % interval {low:+.4f} to {high:+.4f}"
    return f"Gain {evaluation.gain:+.4f}{error} (positive: the challenger is better)."


def _score(value: float | None) -> str:
    return "not computable" if value is None else f"{value:.4f}"
