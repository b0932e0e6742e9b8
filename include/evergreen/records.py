"""The records that rooms hand to each other: frozen, typed, and plain JSON on the wire.

Domain functions return them, adapters save them, tasks hand them on as ``record.to_json()``. A
quantity that could not be computed is ``None`` beside a sentence that says why; NaN never leaves a
domain function.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Json = dict[str, Any]


class Record(BaseModel):
    """Base of all records."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def to_json(self) -> Json:
        """Return the record as JSON-ready values, for XCom and for the ledger."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, payload: Json) -> Self:
        """Read back what ``to_json`` gave."""
        return cls.model_validate(payload)


class Window(Record):
    """A span of event time in UTC: ``start`` is included, ``end`` is not."""

    start: datetime
    end: datetime

    @field_validator("start", "end")
    @classmethod
    def _in_utc(cls, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no timezone; windows are in UTC")
        return moment.astimezone(UTC)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"window ends ({self.end}) before it starts ({self.start})")
        return self

    @classmethod
    def ending(cls, end: datetime, *, days: float) -> "Window":
        """Return the window of ``days`` days that ends at ``end``."""
        return cls(start=end - timedelta(days=days), end=end)

    @property
    def days(self) -> float:
        """Length in days."""
        return (self.end - self.start).total_seconds() / 86400

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M}..{self.end:%Y-%m-%d %H:%M} UTC"


class DeliveredFile(Record):
    """One file of a delivery, as its manifest lists it."""

    path: str
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    n_rows: int = Field(ge=0)


class Manifest(Record):
    """What the upstream system says of one delivery; written last, so it means "complete".

    ``columns`` maps each column to its Arrow type, as ``str(field.type)`` gives it. ``window`` is
    the period that the batch stands for; every event time of the batch lies in it.
    """

    version: Literal[1] = 1
    model: str
    batch: str
    kind: Literal["data", "labels"]
    files: tuple[DeliveredFile, ...] = Field(min_length=1)
    n_rows: int = Field(ge=0)
    columns: dict[str, str]
    window: Window


class Snapshot(Record):
    """One delivery after it was checked and copied: immutable, named by its content.

    ``path`` is relative to the store; ``sha256`` is over the Parquet file at that path.
    """

    model: str
    batch: str
    kind: Literal["data", "labels"]
    path: str
    sha256: str
    n_rows: int
    window: Window


class RuleResult(Record):
    """One expectation of the quality gate: what it wanted and what it saw."""

    rule: str
    column: str | None = None
    is_met: bool
    sentence: str


class QualityResult(Record):
    """Whether a batch passed the gate. A gate that broke raises ``GateError`` instead."""

    verdict: Literal["accepted", "rejected"]
    rules: tuple[RuleResult, ...]
    sentence: str

    @property
    def broken_rules(self) -> tuple[RuleResult, ...]:
        """The rules that were not met."""
        return tuple(rule for rule in self.rules if not rule.is_met)


class MetricEstimate(Record):
    """A metric with its sampling error: ``se`` is one standard error, in the metric's own unit."""

    name: str
    value: float | None
    se: float | None
    n_rows: int
    sentence: str = ""


class TrainedModel(Record):
    """A model that has been fitted; ``path`` is relative to the store, native LightGBM text."""

    path: str
    sha256: str
    n_rows: int
    n_rounds: int
    seconds: float
    device: str
    device_reason: str
    seed: int
    window: Window


class GuardResult(Record):
    """One thing that must not get worse, and whether it did.

    Attributes:
        guard: What was compared: ``metric log_loss``, ``slice carrier=UA``, ``calibration``,
            ``latency``, ``size``, ``forgetting``.
        verdict: ``insufficient`` is neither: too few rows to tell; it is shown and does not count
            as passed.
        value: What was measured, in the unit that the sentence names.
        limit: What it may be at most.
    """

    guard: str
    verdict: Literal["passed", "failed", "insufficient"]
    value: float | None
    limit: float | None
    n_rows: int | None = None
    sentence: str


class CandidateResult(Record):
    """One of several challengers that were judged on the same rows."""

    candidate: str
    version: str | None
    gain: float | None
    gain_se: float | None
    sentence: str


HoldCause = Literal["hold", "freeze"]  # a person holds promotions, or the spec freezes them


class Evaluation(Record):
    """Champion and challenger, both scored again on the same newest matured rows.

    ``gain`` is challenger minus champion, turned so that positive is better, in the metric's unit;
    ``gain_se`` is one standard error of that paired difference. No champion: both are None.

    Attributes:
        gain_low: Lower end of the gain's 95 % interval.
        gain_high: Its upper end.
        method: How gain and interval were computed, with its source.
        is_champion_scored: False where there is a champion that could not be scored.
        guards: What must not get worse.
        candidates: All challengers that were looked at, the chosen one among them; empty for one.
        evaluated_at: When, in UTC; None in rows of older versions.
        spec_hash: The spec that both were judged by; empty in rows of older versions.
    """

    challenger_version: str | None
    champion_version: str | None
    challenger: MetricEstimate
    champion: MetricEstimate | None
    gain: float | None
    gain_se: float | None
    gain_low: float | None = None
    gain_high: float | None = None
    method: str = ""
    is_champion_scored: bool = True
    guards: tuple[GuardResult, ...] = ()
    candidates: tuple[CandidateResult, ...] = ()
    n_rows: int
    holdout: Window
    evaluated_at: datetime | None = None
    spec_hash: str = ""
    sentence: str

    @property
    def n_looks(self) -> int:
        """How many challengers were looked at on these rows, at least 1."""
        return max(1, len(self.candidates))


VerdictCause = Literal[
    "better",
    "first_model",
    "not_better",
    "gain_too_small",
    "not_enough_evidence",
    "too_few_rows",
    "metric_unknown",
    "champion_not_scored",
    "guard_failed",
    "below_minimum",
    "outdated",
    "",
]


class PromotionVerdict(Record):
    """Whether the challenger may take the champion's place, and why.

    Attributes:
        cause: The one thing that decided; empty in rows of older versions.
        probability: For balanced: that the gain is positive, 0..1.
        e_value: For strict: this retrain's evidence against "not better".
    """

    verdict: Literal["promote", "keep"]
    sentence: str
    cause: VerdictCause = ""
    probability: float | None = None
    e_value: float | None = None


class ModelVersion(Record):
    """One version in the registry, by what Evergreen needs to know of it."""

    model: str
    version: str
    run_id: str
    sha256: str
    idempotency_key: str
    is_ready: bool


class Promotion(Record):
    """One row of the promotion ledger: the champion of ``epoch`` onwards is ``version``.

    ``forced``: a person named the version, with a reason. ``requested_by`` is who asked for the
    move: a user, ``watch`` for a rollback that the watch made, empty for the policy.
    """

    model: str
    epoch: int
    version: str
    previous_version: str | None
    sha256: str
    kind: Literal["bootstrap", "promotion", "rollback", "forced"]
    state: Literal["intent", "committed"]
    decision_id: str
    reason: str
    requested_by: str = ""
    promoted_at: datetime


AlertKind = Literal[
    "data_rejected",
    "drift",
    "decay",
    "retrain_started",
    "promoted",
    "kept",
    "stood_down",
    "failed",
    "no_data",
    "late_decision",
    "alias_mismatch",
    "rolled_back",
    "auto_rolled_back",
    "rollback_held",
    "approval_wanted",
    "promotion_held",
    "forced",
]


Severity = Literal["critical", "warning", "info"]


class Alert(Record):
    """One message to people. At most one alert is kept per ``message_key``.

    ``thread`` groups the alerts of one story (one batch of one model). ``links`` are (label, URL)
    pairs. ``numbers`` are the figures that matter, at most three (label, value with unit and limit)
    pairs. ``since`` is when the condition began, if that is not when the message was written.
    ``commands`` are what to type, ready for a shell, the first one to run first.
    """

    model: str
    kind: AlertKind
    message_key: str
    thread: str
    title: str
    text: str
    must_act: bool
    links: tuple[tuple[str, str], ...] = ()
    severity: Severity = "info"
    numbers: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None
    commands: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_former_name(cls, values: Any) -> Any:
        """Read messages of older ledgers, where the key was called ``incident``."""
        if isinstance(values, dict) and "incident" in values:
            return {("message_key" if key == "incident" else key): values[key] for key in values}
        return values
