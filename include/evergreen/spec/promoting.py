"""The section of a model spec that says what "beats the champion" means, and who is asked."""

from typing import Annotated, Literal

from pydantic import Field

from evergreen.spec.section import Positive, Section, Share, Span

Level = Literal["eager", "balanced", "strict"]


class Guards(Section):
    """What must not get worse, however large the gain; a guard without a limit is off."""

    max_drops: dict[str, Positive] = Field(
        default_factory=dict,
        description="Other metrics and how much worse each may be, in its own unit.",
    )
    slices: tuple[str, ...] = Field(
        (), description="Features by whose values the metric is compared as well."
    )
    slice_max_drop: Positive = Field(0.05, description="Of the metric, on any slice.")
    slice_min_rows: Annotated[int, Field(ge=10)] = Field(
        200, description="A slice with fewer rows is 'insufficient': neither passed nor failed."
    )
    max_calibration_rise: Positive | None = Field(
        0.05, description="Rise of the expected calibration error over the champion's."
    )
    max_latency_ratio: Annotated[float, Field(gt=1)] | None = Field(
        5.0, description="Prediction time per row over the champion's, on the same rows."
    )
    max_model_mb: Positive | None = Field(200, description="Size of model.lgb.")
    forgetting_days: Positive | None = Field(
        None,
        description="Also compare on a holdout-long window this many days before the holdout, an"
        " older regime that neither model has learnt from only lately.",
    )
    forgetting_max_drop: Positive = Field(0.05, description="Of the metric, on that window.")


class Freeze(Span):
    """A span of wall-clock time in which no promotion happens; measuring continues."""


class PromotionRule(Section):
    """What "beats the champion" means, what restrains it, and who is asked."""

    level: Level = Field(
        "balanced",
        description="eager: the estimate alone; balanced: probably better; strict: the chance of"
        " ever promoting a worse one is bounded over the model's life.",
    )
    min_gain: Annotated[float, Field(ge=0)] = Field(0.0, description="In the metric's unit.")
    min_probability: Annotated[float, Field(ge=0.5, lt=1)] = Field(
        0.8,
        description="For balanced: that the gain is positive, given the paired evidence and what"
        " this model's earlier retrains gained.",
    )
    lifetime_error: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.05, description="For strict: chance of ever promoting a worse challenger."
    )
    bootstrap_min_metric: float | None = Field(
        None, description="The first model must reach this on its holdout."
    )
    max_evaluation_age_hours: Positive = Field(
        72, description="An older evaluation promotes nothing."
    )
    guards: Guards = Guards()
    approval: Literal["none", "required"] = Field(
        "none", description="required: a person answers in Airflow before the champion moves."
    )
    approvers: tuple[str, ...] = Field(
        (),
        description="Airflow user names that may answer; empty: all with the right to.",
    )
    approval_timeout_hours: Positive = 24
    approval_reminder_hours: Positive = Field(4, description="Remind once, this long after asking.")
    approval_on_timeout: Literal["keep", "promote"] = "keep"
    freeze: tuple[Freeze, ...] = ()
    watch_batches: Annotated[int, Field(ge=0)] = Field(
        4, description="Labelled batches on which a new champion is watched; 0: not watched."
    )
    watch_error: Share = Field(
        0.01,
        description="Chance, over the whole watch, of rolling back a champion that is not worse.",
    )
