"""The three answers of a model's page: what happened, must I act, what do I type."""

import shlex
from dataclasses import dataclass

from evergreen.ledger.records import Incident
from evergreen.web.queries.view_models import ModelDetail, State


@dataclass(frozen=True)
class Advice:
    """The first thing that a person on call reads.

    Attributes:
        happened: What happened, in one sentence.
        must_act: Whether a person has to do something.
        act: Whether to act and how, in one sentence.
        command: What to type; it changes nothing unless ``act`` says so.
        runbook: Kind of the runbook with the next steps; empty for none.
    """

    happened: str
    must_act: bool
    act: str
    command: str
    runbook: str


# Whether to act, what to do, the command ("{model}" and "{batch}" are filled in), the runbook.
BY_STATE: dict[State, tuple[bool, str, str, str]] = {
    "unreadable": (
        True,
        "Yes: correct model.yaml. Until then nothing is decided for this model.",
        "evergreen spec check",
        "failed",
    ),
    "no_data": (
        True,
        "Yes: ask the owner of the data source where the batch is.",
        "evergreen decisions {model}",
        "no_data",
    ),
    "late": (
        True,
        "Yes: a batch is waiting for its decision. Look at the newest run.",
        "evergreen decisions {model}",
        "late_decision",
    ),
    "failed": (
        True,
        "Yes: read the log of the failed task, fix the cause, clear the task.",
        "evergreen why {model} {batch}",
        "failed",
    ),
    "waiting_for_approval": (
        True,
        "Yes: a challenger won and is waiting for your answer in Airflow.",
        "evergreen why {model} {batch}",
        "approval_wanted",
    ),
    "retraining": (
        False,
        "No: the run continues by itself; its result will appear here.",
        "evergreen why {model} {batch}",
        "retrain_started",
    ),
    "decaying": (
        False,
        "Not yet: the policy retrains when it is worthwhile. Act when an incident says so.",
        "evergreen why {model} {batch}",
        "decay",
    ),
    "drifting": (
        False,
        "No: the policy retrains when it is worthwhile. Act when an incident says so.",
        "evergreen why {model} {batch}",
        "drift",
    ),
    "drifting_harmless": (
        False,
        "No: the data shifted, but the champion performs as before.",
        "evergreen why {model} {batch}",
        "drift",
    ),
    "frozen": (
        False,
        "Only when the reason for the hold no longer applies; then release it.",
        'evergreen release {model} --reason "<why>"',
        "promotion_held",
    ),
    "new": (
        False,
        "No: the first champion is trained from the first batches with labels.",
        "evergreen decisions {model}",
        "kept",
    ),
    "fresh": (False, "No.", "evergreen decisions {model}", ""),
}


def advise(detail: ModelDetail) -> Advice:
    """Return the answers; an open incident that needs a person goes before the state."""
    summary = detail.summary
    must_act, act, command, runbook = BY_STATE[summary.state]
    urgent = most_urgent(detail.incidents)
    happened = summary.state_sentence
    if urgent is not None:
        happened = urgent.sentence or urgent.title
        runbook = urgent.kind
        if not must_act:
            must_act, act = True, f"Yes: {urgent.title}. Its runbook says what to do."
    batch = summary.last.batch if summary.last else "<batch>"
    typed = command.format(model=_word(summary.name), batch=_word(batch))
    return Advice(happened, must_act, act, typed, runbook)


def most_urgent(incidents: tuple[Incident, ...]) -> Incident | None:
    """Return the open incident that needs a person, the most severe first, then the oldest."""
    severity = {"critical": 0, "warning": 1, "info": 2}
    waiting = [one for one in incidents if one.is_open and one.must_act]
    return min(waiting, key=lambda one: (severity[one.severity], one.opened_at), default=None)


def _word(value: str) -> str:
    """Return a value as one word of a shell; a placeholder stays readable."""
    return value if value == "<batch>" else shlex.quote(value)
