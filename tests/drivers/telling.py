"""What tests of incidents share: alerts to raise, and how Slack and the ledger read afterwards."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from drivers.runs import DagRun, Run
from evergreen.ledger.records import OutboxEntry
from evergreen.records import Alert
from evergreen.spec.loader import load_spec
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer
from standins.slack_workspace import Message

BATCH = "2024-02-05"


def make_alert(context: ModelContext, kind: Any = "drift", name: str = "", **changes: Any) -> Alert:
    """Return an alert of a kind; ``name`` tells two of a kind apart."""
    model = context.spec.name
    fields: dict[str, Any] = {
        "model": model,
        "kind": kind,
        "message_key": f"{kind}:{model}:{name or BATCH}",
        "thread": f"{model}:{BATCH}",
        "title": f"{kind} {name}".strip(),
        "text": "what happened",
        "must_act": False,
    }
    return Alert.model_validate(fields | changes)


def a_run(context: ModelContext, run_id: str = "manual__1", **fields: Any) -> Run:
    """Return a run of the model's ``continual_training``."""
    return Run(DagRun(f"continual_training__{context.spec.name}", run_id, **fields))


def incidents(context: ModelContext) -> list[tuple[str, str, str]]:
    """Return topic, subject and resolution of the incidents, oldest first."""
    found = context.ledger.incidents.history(context.spec.name)[::-1]
    return [(one.topic, one.subject, one.resolution) for one in found]


def roles(context: ModelContext) -> list[str]:
    """Return the roles of all messages, oldest first."""
    return [entry.role for entry in context.ledger.alerts.history(context.spec.name)]


def raised(entries: Sequence[OutboxEntry]) -> list[OutboxEntry]:
    """Return what was told, without what incidents add: calm batches and endings."""
    return [entry for entry in entries if not entry.alert.message_key.startswith("incident:")]


def broken_threads(entries: Sequence[OutboxEntry], messages: Sequence[Message]) -> list[str]:
    """What is wrong with how messages came to Slack; empty when each came once in its thread.

    Args:
        entries: The outbox of a model.
        messages: What was posted.
    """
    came = Counter(str(m["metadata"]["event_payload"]["message_key"]) for m in messages)
    roots = {e.incident_id: e.message_ts for e in entries if e.role == "opening"}
    leads = {m["metadata"]["event_payload"]["message_key"]: m.get("thread_ts") for m in messages}
    wrong = [f"{name} came {n_times} times" for name, n_times in came.items() if n_times != 1]
    for entry in entries:
        name, is_root = (
            entry.alert.message_key,
            entry.role == "opening" or entry.incident_id is None,
        )
        if entry.state != "delivered" or entry.role == "update":
            continue
        if leads.get(name, "nowhere") != (None if is_root else roots[entry.incident_id]):
            wrong.append(f"{name} came in the thread {leads.get(name)}")
    return wrong


def title(message: Message) -> str:
    """Return the headline of a message in Slack."""
    return str(message["blocks"][0]["text"]["text"])


def threads(slack: SlackServer) -> list[tuple[str, list[str]]]:
    """Return each thread as the headline that it has now and those of its replies."""
    return [(title(thread.root), [title(r) for r in thread.replies]) for thread in slack.threads]


def change_alerts(context: ModelContext, **rules: Any) -> None:
    """Let the spec say this of alerts from now on, beside connection and channel."""
    file = context.loaded.folder / "model.yaml"
    kept, _, old = file.read_text().partition("\nalerts: {")
    section = ", ".join([old.partition("}")[0], *(f"{k}: {v}" for k, v in rules.items())])
    file.write_text(f"{kept}\nalerts: {{{section}}}\n")
    context.loaded = load_spec(context.loaded.folder, home=context.settings.home)
