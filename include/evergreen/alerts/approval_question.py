"""The question that a person reads and answers in Airflow: plain Markdown, made of escaped text."""

import re
from collections.abc import Sequence
from datetime import datetime

from evergreen.alerts.builder import Links
from evergreen.alerts.manual_actions import ON_TIMEOUT, of_guards
from evergreen.presentation.escaping import one_line, usable_url
from evergreen.records import Evaluation

MARKS = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&-])")
MAX_TEXT = 1500


def subject_of(model: str, version: str) -> str:
    """Return the headline of the question."""
    return f"{model}: may version {version} become champion?"


def body_of(
    *,
    version: str,
    champion_version: str | None,
    batch: str,
    decision: str,
    verdict: str,
    evaluation: Evaluation,
    due_at: datetime,
    on_timeout: str,
    approvers: Sequence[str] = (),
    links: Links = (),
) -> str:
    """Return what a person needs to know to answer, as a Markdown list.

    Args:
        version: The challenger.
        champion_version: The champion; None where there is none yet.
        batch: The batch that was decided on.
        decision: The policy's sentence: why a challenger was trained.
        verdict: The rule's sentence: why it would be promoted.
        evaluation: Both on the same rows.
        due_at: When the time to answer ends.
        on_timeout: ``keep`` or ``promote``: what happens then.
        approvers: Who may answer; empty: everybody with the right to in Airflow.
        links: Where to look further; what is no web address is left out.
    """
    facts = (
        ("Challenger", f"version {version}"),
        ("Champion", f"version {champion_version}" if champion_version else "none yet"),
        ("Batch", batch),
        ("Why it was trained", decision),
        ("Why it would be promoted", verdict),
        (f"{evaluation.challenger.name} on {evaluation.n_rows} rows", _scores(evaluation)),
        ("Gain", _gain(evaluation)),
        ("Guards", of_guards(evaluation)),
        ("Rows from", str(evaluation.holdout)),
        ("Who may answer", ", ".join(approvers)),
        ("Answer until", f"{due_at:%Y-%m-%d %H:%M} UTC; after that {ON_TIMEOUT[on_timeout]}"),
    )
    lines = [f"- **{_plain(name)}:** {_plain(text)}" for name, text in facts if text]
    return "\n".join([*lines, *_linked(links)])


def _scores(evaluation: Evaluation) -> str:
    champion = evaluation.champion
    scores = [f"challenger {_number(evaluation.challenger.value)}"]
    if champion is not None:
        scores.append(f"champion {_number(champion.value)}")
    return ", ".join(scores)


def _gain(evaluation: Evaluation) -> str:
    if evaluation.gain is None:
        return ""
    low, high = evaluation.gain_low, evaluation.gain_high
    if low is None or high is None:
        return f"{evaluation.gain:+.4f}"
    return f"{evaluation.gain:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}"


def _linked(links: Links) -> Sequence[str]:
    found = [(label, usable_url(url)) for label, url in links]
    shown = [f"[{_plain(label)}]({_target(url)})" for label, url in found if url]
    return [f"- **Look at:** {', '.join(shown)}"] if shown else []


def _target(url: str) -> str:
    """Return an address that cannot end Markdown's link early."""
    return url.replace("&amp;", "&").replace("(", "%28").replace(")", "%29")


def _number(value: float | None) -> str:
    return "not computable" if value is None else f"{value:.4f}"


def _plain(text: str) -> str:
    """Return text that Markdown shows and never obeys, on one line."""
    flat = one_line(text)
    if len(flat) > MAX_TEXT:
        flat = f"{flat[:MAX_TEXT]} ... ({len(flat) - MAX_TEXT} more characters)"
    return MARKS.sub(r"\\\1", flat)
