"""The state of a model and its reason in one sentence, from the facts about the model.

Several states may hold at once. The first of ``ORDER`` that holds is shown: the most urgent one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

from evergreen.ledger.queries.rows import LatestDecision, LatestDelivery, OpenDecision, Waiting
from evergreen.ledger.records import Approval, Hold, Incident
from evergreen.presentation.formatting import plural
from evergreen.records import AlertKind, Promotion
from evergreen.spec.model import ModelSpec
from evergreen.web.queries.view_models import State
from evergreen.workflows.promote.holds import what_holds

ORDER: tuple[State, ...] = get_args(State)
TRAINING = ("bootstrap", "retrain", "reinstate")
STEP = 10
MAX_SENTENCE = 400


@dataclass(frozen=True)
class Facts:
    """The facts about one model at one moment.

    Attributes:
        now: The moment, in UTC.
        spec: Its spec; None if it cannot be read.
        problem: Why the spec cannot be read.
        latest: Its newest decision.
        champion: The newest promotion.
        delivery: The delivery of its newest batch.
        waiting: Accepted batches without a decision.
        running: Unfinished decisions, oldest first.
        approvals: Open approvals, oldest first.
        holds: Holds in force, including those of all models.
        incidents: Open incidents, the one that changed last first.
        next_batch_at: When the next batch is expected.
    """

    now: datetime
    spec: ModelSpec | None
    problem: str = ""
    latest: LatestDecision | None = None
    champion: Promotion | None = None
    delivery: LatestDelivery | None = None
    waiting: Waiting | None = None
    running: tuple[OpenDecision, ...] = ()
    approvals: tuple[Approval, ...] = ()
    holds: tuple[Hold, ...] = ()
    incidents: tuple[Incident, ...] = ()
    next_batch_at: datetime | None = None

    @property
    def hold(self) -> str:
        """Who or what holds promotions now, in one sentence; empty if they are not held."""
        freezes = self.spec.promotion.freeze if self.spec else ()
        stay = what_holds(self.holds, freezes, self.now)
        return "" if stay is None else stay.sentence

    @property
    def measured(self) -> LatestDecision | None:
        """The newest decision, if the champion that it measured is still champion."""
        if self.latest is None or self.champion is None:
            return self.latest
        is_replaced = self.champion.promoted_at > self.latest.figures.decided_at
        return None if is_replaced else self.latest


class ModelState(NamedTuple):
    """The state, its reason in one sentence, and the rank in the list: higher is more urgent."""

    state: State
    sentence: str
    attention: int


def state_of(facts: Facts) -> ModelState:
    """Return the state of a model.

    The rank follows ``ORDER``. An open incident that needs action, and is neither acknowledged nor
    snoozed, gives a model at least the rank of a failed one.
    """
    state, sentence = next(
        (state, told) for state, tell in CHECKS if (told := tell(facts)) or state == ORDER[-1]
    )
    attention = _rank(state)
    if any(_needs_a_person(incident, facts.now) for incident in facts.incidents):
        attention = max(attention, _rank("failed"))
    return ModelState(state, _shortened(sentence), attention)


def _rank(state: State) -> int:
    return STEP * (len(ORDER) - 1 - ORDER.index(state))


def _needs_a_person(incident: Incident, now: datetime) -> bool:
    is_snoozed = incident.snoozed_until is not None and incident.snoozed_until > now
    return incident.must_act and incident.acknowledged_at is None and not is_snoozed


def _shortened(text: str) -> str:
    line = text.strip().split("\n")[0]
    return line if len(line) <= MAX_SENTENCE else f"{line[: MAX_SENTENCE - 1]}…"


def _unreadable(facts: Facts) -> str:
    return facts.problem


def _no_data(facts: Facts) -> str:
    told = _told(facts, "no_data")
    if told or facts.spec is None or facts.next_batch_at is None:
        return told
    if facts.now <= facts.next_batch_at + timedelta(hours=facts.spec.arrivals.wait_hours):
        return ""
    newest = f"; the newest is {facts.delivery.batch}" if facts.delivery else ""
    due = f"{facts.next_batch_at:%Y-%m-%d %H:%M} UTC"
    return f"a batch was due on {due} and has not arrived{newest}"


def _late(facts: Facts) -> str:
    """Return which decision is late; none while the model's runs wait for an approval.

    A batch whose run failed is not late: the state "failed" says more.
    """
    if facts.approvals:
        return ""
    told = _told(facts, "late_decision")
    if told or facts.spec is None:
        return told
    hours = facts.spec.arrivals.decide_within_hours
    limit = facts.now - timedelta(hours=hours)
    late = facts.waiting
    if late and late.since < limit and late.batch != _failed_batch(facts):
        n_more = late.n_batches - 1
        more = f" and {plural(n_more, 'newer batch')} wait too" if n_more else ""
        return (
            f"batch {late.batch} was accepted {_hours(facts.now - late.since)} ago and has no"
            f" decision yet{more}; the limit is {hours:g} h"
        )
    for decision in facts.running:
        if decision.decided_at < limit:
            return (
                f"the decision about batch {decision.batch} has been open for"
                f" {_hours(facts.now - decision.decided_at)}; the limit is {hours:g} h"
            )
    return ""


def _failed(facts: Facts) -> str:
    if facts.delivery is not None and facts.delivery.status == "rejected":
        return f"batch {facts.delivery.batch} was rejected: {facts.delivery.sentence}"
    if facts.latest is not None and (batch := _failed_batch(facts)):
        return f"the run about batch {batch} failed: {facts.latest.outcome_sentence}"
    return _told(facts, "failed")


def _failed_batch(facts: Facts) -> str:
    """Return the batch of the newest decision if its run failed, else an empty text."""
    has_failed = facts.latest is not None and facts.latest.figures.outcome == "failed"
    return facts.latest.figures.batch if facts.latest and has_failed else ""


def _waiting_for_approval(facts: Facts) -> str:
    if not facts.approvals:
        return ""
    first = facts.approvals[0]
    return f"v{first.version} is waiting for approval until {first.due_at:%Y-%m-%d %H:%M} UTC"


def _retraining(facts: Facts) -> str:
    for decision in reversed(facts.running):
        if decision.verdict in TRAINING:
            return f"batch {decision.batch}: {decision.sentence}"
    return ""


def _decaying(facts: Facts) -> str:
    measured = facts.measured
    return measured.said if measured and measured.figures.decay_verdict == "decayed" else ""


def _drifting(facts: Facts) -> str:
    measured = facts.measured
    if measured is None or measured.figures.drift_verdict != "drifted":
        return ""
    if measured.figures.is_harmless:
        return ""
    share = measured.figures.drifted_share
    how_many = "" if share is None else f"{100 * share:.0f} % of the "
    return f"{how_many}features drifted; {measured.said}"


def _drifting_harmless(facts: Facts) -> str:
    measured = facts.measured
    return measured.said if measured and measured.figures.is_harmless else ""


def _frozen(facts: Facts) -> str:
    return facts.hold


def _new(facts: Facts) -> str:
    if facts.champion is not None:
        return ""
    if facts.latest is not None:
        return facts.latest.said
    if facts.delivery is not None:
        return f"batch {facts.delivery.batch} is {facts.delivery.status}; no decision yet"
    return "no batch has been ingested yet"


def _fresh(facts: Facts) -> str:
    if facts.measured is not None:
        return facts.measured.said
    version = facts.champion.version if facts.champion else ""
    return f"v{version} became champion and has not been measured yet"


def _told(facts: Facts, kind: AlertKind) -> str:
    """Return the sentence of an open incident of this kind; empty if there is none."""
    for incident in facts.incidents:
        if incident.kind == kind:
            return incident.sentence or incident.title
    return ""


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - two days


CHECKS: tuple[tuple[State, Callable[[Facts], str]], ...] = (
    ("unreadable", _unreadable),
    ("no_data", _no_data),
    ("late", _late),
    ("failed", _failed),
    ("waiting_for_approval", _waiting_for_approval),
    ("retraining", _retraining),
    ("decaying", _decaying),
    ("drifting", _drifting),
    ("drifting_harmless", _drifting_harmless),
    ("frozen", _frozen),
    ("new", _new),
    ("fresh", _fresh),
)
