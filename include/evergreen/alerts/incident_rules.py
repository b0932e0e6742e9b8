"""Which alert opens, goes on with or ends which incident, and what its messages say.

People get one thread per condition of a model, from its first sign to its end. What is over as
soon as it has happened is told once; what heals by itself within its grace is never told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from evergreen.presentation.formatting import plural
from evergreen.presentation.phrases import NOTHING_TO_DO, listed
from evergreen.records import Alert, AlertKind, Severity
from evergreen.signals import PolicyDecision, PolicySignals
from evergreen.spec.alerting import Alerts

RANK: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}
LOOKS_TO_CONFIRM = 2
SHOWN = 8


@dataclass(frozen=True)
class Topic:
    """What an incident is about, and how a kind of alert enters it.

    Attributes:
        name: At most one incident of a model is open per topic and subject.
        alone: What the kind does where none is open: ``opens`` one, is told ``once``, or is
            ``silent``, only kept and logged.
        is_step: Each one is worth a reply; otherwise only the first of its kind in an incident.
        is_repeated: Every look finds the same condition again.
        told_from: The look from which on people are told.
    """

    name: str
    alone: Literal["opens", "once", "silent"] = "opens"
    is_step: bool = False
    is_repeated: bool = False
    told_from: int = 1


QUALITY = "quality"
NO_CHAMPION = "no_champion"
CHAMPION = "champion"
HOLD = "hold"
APPROVAL = "approval"
LATE = "late_decision"
FAILED = "failed"
NO_DATA = "no_data"
DATA = "data"
MISMATCH = "alias_mismatch"
ROLLBACK_HELD = "rollback_held"

TOPICS: Mapping[AlertKind, Topic] = {
    "data_rejected": Topic(DATA, is_step=True),
    "drift": Topic(QUALITY),
    "decay": Topic(QUALITY),
    "retrain_started": Topic(QUALITY, alone="silent", is_step=True),
    "kept": Topic(QUALITY, alone="once", is_step=True),
    "promoted": Topic(QUALITY, alone="once"),
    "failed": Topic(FAILED),
    "no_data": Topic(NO_DATA, is_repeated=True),
    "late_decision": Topic(LATE),
    "alias_mismatch": Topic(MISMATCH, is_repeated=True, told_from=LOOKS_TO_CONFIRM),
    "approval_wanted": Topic(APPROVAL, is_step=True),
    "promotion_held": Topic(HOLD, is_step=True),
    "rollback_held": Topic(ROLLBACK_HELD),
    "rolled_back": Topic(CHAMPION, alone="once"),
    "auto_rolled_back": Topic(CHAMPION, alone="once"),
    "forced": Topic(CHAMPION, alone="once"),
}
AFTER_A_MOVE = (QUALITY, NO_CHAMPION, ROLLBACK_HELD)
ENDS: Mapping[AlertKind, tuple[str, ...]] = {
    "promoted": (*AFTER_A_MOVE, HOLD),
    "kept": (HOLD,),
    "rolled_back": AFTER_A_MOVE,
    "auto_rolled_back": AFTER_A_MOVE,
    "forced": AFTER_A_MOVE,
}
ENDINGS: Mapping[AlertKind, str] = {
    "promoted": "resolved by promotion of v{version}",
    "forced": "resolved, v{version} was forced",
    "rolled_back": "resolved by rollback to v{version}",
    "auto_rolled_back": "resolved by rollback to v{version}",
    "kept": "resolved by a new decision",
}


def topic_of(alert: Alert) -> Topic | None:
    """Return the topic that an alert belongs to; None for the report of a quiet day."""
    topic = TOPICS.get(alert.kind)
    if alert.kind == "kept" and alert.must_act and topic is not None:
        return replace(topic, name=NO_CHAMPION, alone="opens")
    return topic


def is_worth_a_reply(alert: Alert, topic: Topic, told: Iterable[AlertKind]) -> bool:
    """Return whether an alert in an open incident is a step that people want to read.

    Args:
        alert: What happened.
        topic: Its topic.
        told: Kinds of the messages of the incident so far.
    """
    return topic.is_step or alert.kind not in set(told)


def is_over_limit(decision: PolicyDecision, signals: PolicySignals) -> bool:
    """Return whether a batch shows trouble with the model; drift that does no harm is none."""
    return is_drift_told(decision, signals) or is_decayed(decision, signals)


def is_drift_told(decision: PolicyDecision, signals: PolicySignals) -> bool:
    """Return whether the drift of a batch is something that people are told of."""
    drift = signals.drift
    has_drifted = drift is not None and bool(drift.drifted or drift.faults)
    return has_drifted and not decision.is_harmless_drift


def is_decayed(decision: PolicyDecision, signals: PolicySignals) -> bool:
    """Return whether the champion does worse on labels than it may."""
    decay = signals.decay
    return decision.is_alarm or (decay is not None and decay.verdict == "decayed")


def channel_for(rules: Alerts, alert: Alert) -> str:
    """Return the channel of an alert: that of the first route that fits, else the default."""
    for route in rules.routes:
        is_grave = RANK[alert.severity] >= RANK[route.severity]
        if is_grave and (not route.kinds or alert.kind in route.kinds):
            return route.channel
    return rules.channel


def is_sent(rules: Alerts, alert: Alert) -> bool:
    """Return whether the spec lets an alert be sent; otherwise it is kept and logged."""
    if not rules.channel or alert.kind in rules.quiet:
        return False
    return alert.kind != "stood_down" or rules.send_quiet


def first_message(opening: Alert, newest: Alert, *, role: str) -> Alert:
    """Return how the message that opens a thread reads after the newest one.

    Args:
        opening: How it was first told.
        newest: The newest message of the incident.
        role: ``closing`` ends it, ``note`` is a step that is also a reply, ``update`` is neither.
    """
    kept = {"message_key": opening.message_key, "since": opening.since}
    if role == "update" and newest.kind == opening.kind:
        return newest.model_copy(update=kept)
    head = newest.text.split("\n")[0]
    body = head if role == "closing" else f"Now: {newest.title}. {head}\n{opening.text}"
    return opening.model_copy(update={"text": body, "must_act": newest.must_act})


def calm(opening: Alert, finding: str, *, n_calm: int, n_needed: int) -> Alert:
    """Return how the first message reads after a batch without trouble.

    Args:
        opening: How the incident was first told.
        finding: What was found, such as ``batch 2013-03-12 was under all limits``.
        n_calm: Batches without trouble in a row, this one included.
        n_needed: How many of them end the incident.
    """
    calm = f"calm for {n_calm} of {plural(n_needed, 'batch')} in a row"
    head = f"{finding[:1].upper()}{finding[1:]} ({calm})."
    return opening.model_copy(update={"text": f"{head}\n{opening.text}", "must_act": False})


def closing(
    opening: Alert, incident_id: int, *, resolution: str, sentence: str, n_left_out: int = 0
) -> Alert:
    """Return the one message that ends an incident.

    Args:
        opening: How it was first told.
        incident_id: Its number.
        resolution: How it ended, such as ``recovered``.
        sentence: What ended it.
        n_left_out: Updates that were left out while it was snoozed.
    """
    left_out = f"{plural(n_left_out, 'update')} left out while it was snoozed."
    lines = (sentence, left_out if n_left_out else "", NOTHING_TO_DO)
    return opening.model_copy(
        update={
            "message_key": f"incident:{incident_id}:closing",
            "title": f"{resolution[:1].upper()}{resolution[1:]}: {opening.title}",
            "text": "\n".join(line for line in lines if line),
            "must_act": False,
            "severity": "info",
            "numbers": (),
            "commands": (),
        }
    )


def summed_up(title: str, name: str, left_out: Sequence[Alert]) -> Alert:
    """Sum up what was left out while an incident was snoozed.

    Args:
        title: Title of the incident.
        name: Name of the message.
        left_out: The messages that were not sent, oldest first; at least one.
    """
    said = listed([alert.title for alert in left_out], shown=SHOWN)
    return left_out[-1].model_copy(
        update={
            "message_key": name,
            "title": f"{plural(len(left_out), 'update')} while snoozed: {title}",
            "text": "\n".join(said),
        }
    )
