"""What every alert has in common: its identity, its thread, its links."""

from collections.abc import Sequence

from evergreen.records import Alert, AlertKind

Links = Sequence[tuple[str, str]]
NOTHING_TO_DO = "Nothing to do."


def links_of(*, run: str = "", report: str = "", runbook: str = "") -> tuple[tuple[str, str], ...]:
    """Give the usual links in their usual order, without those that are empty."""
    named = (("run", run), ("report", report), ("runbook", runbook))
    return tuple((label, url) for label, url in named if url)


def build_alert(
    kind: AlertKind,
    model: str,
    identity: Sequence[str],
    *,
    title: str,
    lines: Sequence[str],
    must_act: bool,
    links: Links,
    story: str = "",
) -> Alert:
    """Give the alert of one incident.

    Args:
        kind: What happened.
        model: The model.
        identity: What tells incidents of this kind apart, the batch first; empty parts fall out.
        title: One line.
        lines: Sentences, one a line; empty ones fall out.
        must_act: A person has to do something.
        links: (label, URL) pairs.
        story: What the thread is about; empty: the batch.
    """
    return Alert(
        model=model,
        kind=kind,
        incident=":".join([kind, model, *(part for part in identity if part)]),
        thread=f"{model}:{story or identity[0]}",
        title=title,
        text="\n".join(line for line in lines if line),
        must_act=must_act,
        links=tuple(links),
    )
