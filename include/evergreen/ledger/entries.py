"""What the ledger gives back: one frozen record per kind of row."""

from datetime import datetime
from typing import Literal

from evergreen.records import (
    Alert,
    Evaluation,
    PromotionVerdict,
    QualityResult,
    Record,
    TrainedModel,
    Window,
)
from evergreen.signals import PolicyDecision, PolicySignals, PolicyState

DeliveryKind = Literal["data", "labels"]
DeliveryStatus = Literal["received", "accepted", "rejected", "skipped"]
Outcome = Literal[
    "open", "stood_down", "bootstrapped", "promoted", "kept", "held", "refused", "failed"
]
AlertState = Literal["pending", "delivered", "logged", "undeliverable"]
Answer = Literal["open", "approved", "refused", "timed_out_keep", "timed_out_promote"]
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
    """One alert and what became of it."""

    alert: Alert
    state: AlertState
    attempts: int
    last_error: str
    message_ts: str | None
    raised_at: datetime
    delivered_at: datetime | None
