"""What the ledger returns: one frozen record per kind of row."""

from datetime import datetime
from typing import Any, Literal

from evergreen.records import (
    Alert,
    AlertKind,
    Evaluation,
    PromotionVerdict,
    QualityResult,
    Record,
    Severity,
    TrainedModel,
    Window,
)
from evergreen.signals import PolicyDecision, PolicySignals, PolicyState

DeliveryKind = Literal["data", "labels"]
DeliveryStatus = Literal["received", "accepted", "rejected", "skipped"]
Outcome = Literal[
    "open", "stood_down", "bootstrapped", "promoted", "kept", "held", "refused", "failed"
]
AlertState = Literal["pending", "delivered", "logged", "snoozed", "undeliverable"]
Answer = Literal["open", "approved", "refused", "timed_out_keep", "timed_out_promote"]
AlertRole = Literal["opening", "update", "closing", "note"]
ALL_MODELS = "*"
WatchState = Literal["watching", "passed", "worse", "not_computable", "left_out"]
COUNTED: tuple[WatchState, ...] = ("watching", "passed", "worse")


class Delivery(Record):
    """One delivery of data or labels: received, then accepted or rejected by the gate.

    ``skipped`` is for labels whose batch was never accepted. ``path`` is relative to the store.
    """

    model: str
    kind: DeliveryKind
    batch: str
    status: DeliveryStatus
    sentence: str
    window: Window | None
    n_rows: int | None
    path: str | None
    sha256: str | None
    quality: QualityResult | None
    taken_at: datetime


class PredictionLog(Record):
    """Where the predictions of one version on one batch lie, relative to the store."""

    model: str
    batch: str
    version: str
    path: str
    sha256: str
    n_rows: int
    scored_at: datetime


class Decision(Record):
    """One decision about one batch and what came of it.

    ``decided`` is the policy's answer in full, ``state_after`` what it remembers from then on; both
    are None in rows of older versions, the state also where a batch of the past was decided again.
    """

    id: str
    model: str
    batch: str
    run_id: str
    verdict: str
    trigger: str
    sentence: str
    signals: PolicySignals
    spec_hash: str
    requested_by: str
    reason: str
    champion_before: str | None
    outcome: Outcome
    outcome_sentence: str
    challenger_version: str | None
    champion_after: str | None
    evaluation: Evaluation | None
    report_path: str | None
    decided_at: datetime
    closed_at: datetime | None
    decided: PolicyDecision | None = None
    state_after: PolicyState | None = None
    promotion_verdict: PromotionVerdict | None = None


class VersionEntry(Record):
    """One model version. ``folder`` (in the store) holds its profile and feature code."""

    model: str
    version: str
    idempotency_key: str
    sha256: str
    folder: str
    trained: TrainedModel
    evaluation: Evaluation | None
    registered_at: datetime


class Hold(Record):
    """A span in which a person holds promotions of a model, or of all models (``*``)."""

    model: str
    reason: str
    held_by: str
    held_at: datetime
    released_by: str | None
    release_reason: str | None
    released_at: datetime | None


class Watch(Record):
    """The champion of an epoch against the former one on one batch that was labelled since.

    ``gain`` is the champion minus the former one, positive is better; ``gain_se`` its sampling
    error. ``verdict`` is over all batches of the watch so far. ``left_out`` and ``not_computable``
    do not count: the batch may not be used, or says nothing.
    """

    model: str
    epoch: int
    batch: str
    n_rows: int
    gain: float | None
    gain_se: float | None
    verdict: WatchState
    sentence: str
    watched_at: datetime

    @property
    def has_counted(self) -> bool:
        """Whether the batch is one of those that the watch is made of."""
        return self.verdict in COUNTED


class Approval(Record):
    """What a person was asked about one decision, and the answer.

    ``timed_out_keep`` and ``timed_out_promote``: nobody answered before ``due_at``, and the spec
    says what that means.
    """

    decision_id: str
    model: str
    version: str
    asked_at: datetime
    due_at: datetime
    answer: Answer
    answered_by: str
    comment: str
    answered_at: datetime | None
    reminded_at: datetime | None

    @property
    def is_granted(self) -> bool:
        """Whether the champion may move by this answer."""
        return self.answer in ("approved", "timed_out_promote")


class OutboxEntry(Record):
    """One message about an alert and what became of it.

    Attributes:
        state: ``logged`` is shown in the log only; ``snoozed`` was left out because its incident
            was snoozed, and is summed up later; ``undeliverable`` waits for a person.
        role: ``opening`` is the first message of a thread, ``note`` a reply in it; both are also
            how the first message reads from then on. ``update`` only changes the first message.
            ``closing`` is the last reply.
        incident_id: The incident whose thread it belongs to; None: a message of its own.
        channel: Where it goes, where it belongs to no incident.
    """

    alert: Alert
    state: AlertState
    attempts: int
    last_error: str
    message_ts: str | None
    raised_at: datetime
    delivered_at: datetime | None
    incident_id: int | None = None
    role: AlertRole = "note"
    channel: str = ""


class Incident(Record):
    """One condition of one model that people should know of: a single thread from start to end.

    Attributes:
        id: Number of the incident; pages and threads name it.
        topic: What the condition is about; at most one is open per model, topic and subject.
        subject: What tells two conditions of one topic apart, such as a DAG; mostly empty.
        kind: Kind of the alert that opened it, which is its runbook.
        sentence: Its state now, as a sentence.
        must_act: A person has to do something; otherwise it ends by itself.
        resolution: How it ended, such as ``resolved by promotion of v7``; empty while open.
        n_events: Alerts that belong to it.
        n_calm: Batches in a row without the condition.
        message_ts: Slack's name of the thread; None until it was delivered.
        snoozed_until: Only its end is sent before then.
    """

    id: int
    model: str
    topic: str
    subject: str
    kind: AlertKind
    severity: Severity
    title: str
    sentence: str
    must_act: bool
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    resolution: str
    n_events: int
    n_calm: int
    channel: str
    message_ts: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledge_reason: str | None
    snoozed_until: datetime | None
    snoozed_by: str | None
    snooze_reason: str | None

    @property
    def is_open(self) -> bool:
        """Whether the condition still stands."""
        return self.closed_at is None


class Action(Record):
    """What a person did from a page: who, what, why and what came of it."""

    model: str
    action: str
    done_by: str
    reason: str
    detail: dict[str, Any]
    outcome: str
    done_at: datetime


class FrozenSpec(Record):
    """The spec that runs were made with: its snapshot in the store, and that file's hash."""

    model: str
    spec_hash: str
    path: str
    sha256: str
    frozen_at: datetime
