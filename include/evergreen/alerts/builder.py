"""What every alert has in common: its identity, its thread, its links."""

import json
import shlex
from collections.abc import Sequence
from datetime import datetime

from evergreen.presentation.escaping import one_line
from evergreen.records import Alert, AlertKind, Severity

Links = Sequence[tuple[str, str]]


def links_of(
    *, run: str = "", decision: str = "", report: str = "", runbook: str = ""
) -> tuple[tuple[str, str], ...]:
    """Return the usual links in their usual order, without those that are empty."""
    named = (
        ("runbook", runbook),
        ("decision", decision),
        ("run", run),
        ("report", report),
    )
    return tuple((label, url) for label, url in named if url)


def why(model: str, batch: str) -> str:
    """Return the command that shows one decision in full."""
    return shlex.join(["evergreen", "why", model, batch])


def trigger(dag: str, **conf: str) -> str:
    """Return the command that starts a run of a DAG."""
    return shlex.join(["airflow", "dags", "trigger", dag, "--conf", json.dumps(conf)])


def build_alert(
    kind: AlertKind,
    model: str,
    identity: Sequence[str],
    *,
    title: str,
    lines: Sequence[str],
    must_act: bool,
    severity: Severity,
    links: Links,
    story: str = "",
    numbers: Sequence[tuple[str, str]] = (),
    commands: Sequence[str] = (),
    since: datetime | None = None,
) -> Alert:
    """Return the alert of one incident.

    Args:
        kind: What happened.
        model: The model.
        identity: What tells incidents of this kind apart, the batch first; empty parts fall out.
        title: One line.
        lines: Sentences, one a line, whatever they quote; empty ones fall out.
        must_act: A person has to do something.
        severity: ``critical``: what serves is in doubt, act at once. ``warning``: act in the
            morning, or know that something is wrong. ``info``: it goes as it should.
        links: (label, URL) pairs.
        story: What the thread is about; empty: the batch.
        numbers: (label, value) pairs, the most telling first.
        commands: What to type.
        since: When the condition began.
    """
    return Alert(
        model=model,
        kind=kind,
        message_key=":".join([kind, model, *(part for part in identity if part)]),
        thread=f"{model}:{story or identity[0]}",
        title=title,
        text="\n".join(one_line(line) for line in lines if line),
        must_act=must_act,
        links=tuple(links),
        severity=severity,
        numbers=tuple(numbers),
        commands=tuple(commands),
        since=since,
    )
