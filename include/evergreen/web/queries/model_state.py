"""What a model is in, and why, in one sentence: a total function of what is known of it.

Several states may hold at once; the first of ``ORDER`` that holds is the one that is told. It is
the one that a person should hear of first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

from evergreen.ledger.queries.rows import DeliveryGlance, LatestDecision, OpenDecision, Waiting
from evergreen.ledger.records import Approval, Hold, Incident
from evergreen.records import AlertKind, Promotion
from evergreen.spec.model import ModelSpec
from evergreen.web.queries.view_models import State
from evergreen.workflows.promote.holds import what_holds

ORDER: tuple[State, ...] = get_args(State)
TRAINING = ("bootstrap", "retrain", "reinstate")
STEP = 10
MAX_SENTENCE = 400


@dataclass(frozen=True)
class Known:
    """All that is known of one model at one moment.

    Attributes:
        now: The moment, in UTC.
        spec: Its spec; None where it cannot be read.
        problem: Why it cannot be read.
        latest: Its newest decision.
        champion: The newest move of the champion.
        delivery: The delivery of its newest batch.
        waiting: Accepted batches without a decision.
        running: Decisions that have not come to an end, oldest first.
        approvals: Questions that wait for an answer, oldest first.
        holds: Holds in force, those of all models too.
        incidents: Open incidents, the one that changed last first.
        next_batch_at: When the next batch is expected.
    """

    now: datetime
    spec: ModelSpec | None
    problem: str = ""
    latest: LatestDecision | None = None
    champion: Promotion | None = None
    delivery: DeliveryGlance | None = None
    waiting: Waiting | None = None
    running: tuple[OpenDecision, ...] = ()
    approvals: tuple[Approval, ...] = ()
    holds: tuple[Hold, ...] = ()
    incidents: tuple[Incident, ...] = ()
    next_batch_at: datetime | None = None

    @property
    def hold(self) -> str:
        """What holds promotions now, in one sentence; empty where nothing does."""
        freezes = self.spec.promotion.freeze if self.spec else ()
        stay = what_holds(self.holds, freezes, self.now)
        return "" if stay is None else stay.sentence

    @property
    def measured(self) -> LatestDecision | None:
        """The newest decision, while the champion that it measured still serves."""
        if self.latest is None or self.champion is None:
            return self.latest
        is_replaced = self.champion.promoted_at > self.latest.figures.decided_at
        return None if is_replaced else self.latest


class Judged(NamedTuple):
    """The state, why in one sentence, and the rank in the list: higher needs a person sooner."""

    state: State
    sentence: str
    attention: int


def judge(known: Known) -> Judged:
    """Return the state of a model.

    The rank follows ``ORDER``. An open incident that somebody must act on, and nobody has
    acknowledged or snoozed, lifts a model at least to where failed ones stand.
    """
    state, sentence = next(
        (state, told) for state, tell in CHECKS if (told := tell(known)) or state == ORDER[-1]
    )
    attention = _rank(state)
    if any(_wants_somebody(incident, known.now) for incident in known.incidents):
        attention = max(attention, _rank("failed"))
    return Judged(state, _shortened(sentence), attention)


def _rank(state: State) -> int:
    return STEP * (len(ORDER) - 1 - ORDER.index(state))


def _wants_somebody(incident: Incident, now: datetime) -> bool:
    is_snoozed = incident.snoozed_until is not None and incident.snoozed_until > now
    return incident.must_act and incident.acknowledged_at is None and not is_snoozed


def _shortened(text: str) -> str:
    line = text.strip().split("\n")[0]
    return line if len(line) <= MAX_SENTENCE else f"{line[: MAX_SENTENCE - 1]}…"


def _unreadable(known: Known) -> str:
    return known.problem


def _no_data(known: Known) -> str:
    told = _told(known, "no_data")
    if told or known.spec is None or known.next_batch_at is None:
        return told
    if known.now <= known.next_batch_at + timedelta(hours=known.spec.arrivals.wait_hours):
        return ""
    newest = f"; the newest is {known.delivery.batch}" if known.delivery else ""
    due = f"{known.next_batch_at:%Y-%m-%d %H:%M} UTC"
    return f"a batch was due on {due} and has not come{newest}"


def _late(known: Known) -> str:
    """Nothing is late while a person is asked: the model's runs wait for the answer.

    Nor is a batch whose run failed, which says more.
    """
    if known.approvals:
        return ""
    told = _told(known, "late_decision")
    if told or known.spec is None:
        return told
    hours = known.spec.arrivals.decide_within_hours
    limit = known.now - timedelta(hours=hours)
    late = known.waiting
    if late and late.since < limit and late.batch != _failed_batch(known):
        more = f", nor are {late.n_batches - 1} after it" if late.n_batches > 1 else ""
        return (
            f"batch {late.batch} was accepted {_hours(known.now - late.since)} ago and is not"
            f" decided about{more}; it should be within {hours:g} h"
        )
    for decision in known.running:
        if decision.decided_at < limit:
            return (
                f"the decision about batch {decision.batch} has been open for"
                f" {_hours(known.now - decision.decided_at)}; it should have come to an end within"
                f" {hours:g} h"
            )
    return ""


def _failed(known: Known) -> str:
    if known.delivery is not None and known.delivery.status == "rejected":
        return f"batch {known.delivery.batch} was rejected: {known.delivery.sentence}"
    if known.latest is not None and (batch := _failed_batch(known)):
        return f"the run about batch {batch} failed: {known.latest.outcome_sentence}"
    return _told(known, "failed")


def _failed_batch(known: Known) -> str:
    """Return the batch of the newest decision where its run failed; else nothing."""
    has_failed = known.latest is not None and known.latest.figures.outcome == "failed"
    return known.latest.figures.batch if known.latest and has_failed else ""


def _waiting_for_approval(known: Known) -> str:
    if not known.approvals:
        return ""
    first = known.approvals[0]
    return f"v{first.version} waits for an answer until {first.due_at:%Y-%m-%d %H:%M} UTC"


def _retraining(known: Known) -> str:
    for decision in reversed(known.running):
        if decision.verdict in TRAINING:
            return f"batch {decision.batch}: {decision.sentence}"
    return ""


def _decaying(known: Known) -> str:
    measured = known.measured
    return measured.said if measured and measured.figures.decay_verdict == "decayed" else ""


def _drifting(known: Known) -> str:
    measured = known.measured
    if measured is None or measured.figures.drift_verdict != "drifted":
        return ""
    if measured.figures.is_harmless:
        return ""
    share = measured.figures.drifted_share
    how_many = "" if share is None else f"{100 * share:.0f} % of the "
    return f"{how_many}features drifted; {measured.said}"


def _drifting_harmless(known: Known) -> str:
    measured = known.measured
    return measured.said if measured and measured.figures.is_harmless else ""


def _frozen(known: Known) -> str:
    return known.hold


def _new(known: Known) -> str:
    if known.champion is not None:
        return ""
    if known.latest is not None:
        return known.latest.said
    if known.delivery is not None:
        return f"batch {known.delivery.batch} is {known.delivery.status}; no decision yet"
    return "no batch has been taken in yet"


def _fresh(known: Known) -> str:
    if known.measured is not None:
        return known.measured.said
    version = known.champion.version if known.champion else ""
    return f"v{version} became champion and has not been measured yet"


def _told(known: Known, kind: AlertKind) -> str:
    """Return what people were told, where an incident of this kind is open."""
    for incident in known.incidents:
        if incident.kind == kind:
            return incident.sentence or incident.title
    return ""


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - two days


CHECKS: tuple[tuple[State, Callable[[Known], str]], ...] = (
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
