"""The tables of the ledger. Alembic's migrations make them; a test holds the two in step."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from evergreen.ledger.base import Base


class DeliveryRow(Base):
    """One delivery of data or labels, as it was last taken in."""

    __tablename__ = "batches"
    __table_args__ = (Index("ix_batches_status", "kind", "status", "model", "batch", "taken_at"),)

    model: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    sentence: Mapped[str] = mapped_column(Text)
    window_start: Mapped[datetime | None]
    window_end: Mapped[datetime | None]
    n_rows: Mapped[int | None]
    path: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[str | None]
    quality: Mapped[dict[str, Any] | None]
    taken_at: Mapped[datetime]


class PredictionRow(Base):
    """The predictions of one model version on one batch."""

    __tablename__ = "predictions"

    model: Mapped[str] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    n_rows: Mapped[int]
    scored_at: Mapped[datetime]


class DriftRow(Base):
    """Drift of one feature of one batch against one champion's reference."""

    __tablename__ = "drift_measurements"

    model: Mapped[str] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    feature: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    verdict: Mapped[str]
    psi: Mapped[float | None]
    ks: Mapped[float | None]
    measurement: Mapped[dict[str, Any]]
    measured_at: Mapped[datetime]


class DecisionRow(Base):
    """One decision about one batch, from its signals to what came of it."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_model_decided_at", "model", "decided_at", "id"),
        Index("ix_decisions_model_batch", "model", "batch", "outcome", "closed_at"),
        Index("ix_decisions_outcome", "outcome", "model", "verdict"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(index=True)
    batch: Mapped[str] = mapped_column(index=True)
    run_id: Mapped[str]
    verdict: Mapped[str]
    trigger: Mapped[str]
    sentence: Mapped[str] = mapped_column(Text)
    signals: Mapped[dict[str, Any]]
    spec_hash: Mapped[str]
    requested_by: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    champion_before: Mapped[str | None]
    outcome: Mapped[str]
    outcome_sentence: Mapped[str] = mapped_column(Text)
    challenger_version: Mapped[str | None]
    champion_after: Mapped[str | None]
    evaluation: Mapped[dict[str, Any] | None]
    report_path: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    decided: Mapped[dict[str, Any] | None]
    state_after: Mapped[dict[str, Any] | None]
    is_suspect: Mapped[bool] = mapped_column(server_default=false())
    is_released: Mapped[bool] = mapped_column(server_default=false())
    promotion_verdict: Mapped[dict[str, Any] | None]
    # What pages and metrics show of the signals, so that a long history is read without its JSON.
    n_rows: Mapped[int | None]
    drift_verdict: Mapped[str | None]
    drifted_share: Mapped[float | None]
    moved_share: Mapped[float | None]
    decay_verdict: Mapped[str | None]
    metric_name: Mapped[str | None]
    metric: Mapped[float | None]
    metric_se: Mapped[float | None]
    reference_metric: Mapped[float | None]
    coverage: Mapped[float | None]
    is_harmless: Mapped[bool] = mapped_column(server_default=false())


class VersionRow(Base):
    """One model version: how it was made, and what belongs to it in the store."""

    __tablename__ = "model_versions"
    __table_args__ = (UniqueConstraint("model", "idempotency_key"),)

    model: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str]
    sha256: Mapped[str]
    folder: Mapped[str] = mapped_column(Text)
    trained: Mapped[dict[str, Any]]
    evaluation: Mapped[dict[str, Any] | None]
    registered_at: Mapped[datetime]


class PromotionRow(Base):
    """Who is champion from this epoch on. The row of the highest epoch is the truth."""

    __tablename__ = "promotions"
    __table_args__ = (UniqueConstraint("model", "decision_id"),)

    model: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str]
    previous_version: Mapped[str | None]
    sha256: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    decision_id: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    promoted_at: Mapped[datetime]
    requested_by: Mapped[str] = mapped_column(server_default="")


class LaneRow(Base):
    """Who may promote a model now: the holder of the newest token; older tokens are stale."""

    __tablename__ = "lanes"

    model: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[int]
    decision_id: Mapped[str]
    taken_at: Mapped[datetime]


class HoldRow(Base):
    """A span in which a person holds promotions of a model, or of all (``*``)."""

    __tablename__ = "holds"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    model: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(Text)
    held_by: Mapped[str]
    held_at: Mapped[datetime]
    released_by: Mapped[str | None]
    release_reason: Mapped[str | None] = mapped_column(Text)
    released_at: Mapped[datetime | None]


class ApprovalRow(Base):
    """A person was asked whether a challenger may become champion; what came of it."""

    __tablename__ = "approvals"

    decision_id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(index=True)
    version: Mapped[str]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(index=True)
    answered_by: Mapped[str]
    comment: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class WatchRow(Base):
    """The champion of an epoch against the former one on one batch that matured since."""

    __tablename__ = "watches"

    model: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch: Mapped[str] = mapped_column(primary_key=True)
    n_rows: Mapped[int]
    gain: Mapped[float | None]
    gain_se: Mapped[float | None]
    verdict: Mapped[str]
    sentence: Mapped[str] = mapped_column(Text)
    watched_at: Mapped[datetime]


class AlertRow(Base):
    """One message to people and what became of it: the outbox."""

    __tablename__ = "alerts"

    incident: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    thread: Mapped[str] = mapped_column(index=True)
    alert: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    attempts: Mapped[int]
    last_error: Mapped[str] = mapped_column(Text)
    message_ts: Mapped[str | None]
    raised_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    incident_id: Mapped[int | None] = mapped_column(index=True)
    role: Mapped[str] = mapped_column(server_default="note")
    channel: Mapped[str] = mapped_column(server_default="")


class IncidentRow(Base):
    """One condition of one model that people should know of: a single thread from start to end.

    ``open_key`` is what makes an open incident unique; it is empty once the incident is closed.
    """

    __tablename__ = "incidents"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    open_key: Mapped[str | None] = mapped_column(unique=True)
    model: Mapped[str] = mapped_column(index=True)
    topic: Mapped[str]
    subject: Mapped[str]
    kind: Mapped[str]
    severity: Mapped[str]
    title: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)
    must_act: Mapped[bool]
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    resolution: Mapped[str] = mapped_column(Text, server_default="")
    n_events: Mapped[int] = mapped_column(server_default="1")
    n_calm: Mapped[int] = mapped_column(server_default="0")
    channel: Mapped[str] = mapped_column(server_default="")
    message_ts: Mapped[str | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledge_reason: Mapped[str | None] = mapped_column(Text)
    snoozed_until: Mapped[datetime | None]
    snoozed_by: Mapped[str | None]
    snooze_reason: Mapped[str | None] = mapped_column(Text)


class SpecRow(Base):
    """A spec that a run was made with: where its snapshot lies. Never changed."""

    __tablename__ = "specs"

    model: Mapped[str] = mapped_column(primary_key=True)
    spec_hash: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    frozen_at: Mapped[datetime]


class ActionRow(Base):
    """What a person did from a page: who, what, why and what came of it. Never changed."""

    __tablename__ = "actions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    model: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    done_by: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]
    outcome: Mapped[str] = mapped_column(Text)
    done_at: Mapped[datetime]
