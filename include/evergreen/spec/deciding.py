"""The sections of a model spec that say when to retrain: drift, decay and the policy."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evergreen.spec.section import Positive, Section, Share, Span

PolicyName = Literal["default", "thresholds", "periodic", "every", "never"]


class Drift(Section):
    """When a feature counts as drifted, and when drift alone requests a retrain.

    The limits follow from a budget of false verdicts and are computed from the reference, at the
    batch's own number of rows; a limit that is given here replaces the computed one.
    """

    false_verdicts_per_year: Positive = Field(
        4, description="Batches a year in which quiet data may be called drifted, at most."
    )
    psi_limit: Positive | None = Field(None, description="Nats; empty: computed.")
    ks_limit: Share | None = Field(None, description="Distance D; empty: computed.")
    null_share_limit: Share | None = Field(
        None, description="Rise of the null share over the reference; empty: computed."
    )
    min_psi: Positive = Field(0.1, description="A smaller PSI never counts as drift.")
    min_ks: Share = Field(0.1, description="A smaller D never counts as drift.")
    min_null_rise: Share = Field(0.05, description="A smaller rise of nulls never counts as drift.")
    min_rows: Annotated[int, Field(ge=1)] = 100
    share_to_retrain: Annotated[float, Field(gt=0, le=1)] = 0.5
    reference: Literal["champion", "rolling", "season"] = Field(
        "champion",
        description="Compare a batch with the rows the champion learnt from, with the training"
        " window before the batch, or with the same season a year before it.",
    )
    weigh_by_importance: bool = Field(
        True, description="Weigh features in the drifted share by the champion's importance."
    )
    multivariate: bool = Field(
        False, description="Also test whether a classifier can tell the batch from the reference."
    )
    report: Literal["when_crossed", "always", "never"] = "when_crossed"


class Decay(Section):
    """When a drop of the metric on matured labels requests a retrain."""

    max_drop: Positive = Field(0.02, description="In the metric's unit.")
    min_rows: Annotated[int, Field(ge=10)] = 1000
    min_coverage: Share = 0.8
    window_batches: Annotated[int, Field(ge=1)] = 2
    z: Annotated[float, Field(ge=0, le=5)] = Field(
        1.0, description="The drop must also exceed this many standard errors."
    )
    slices: tuple[str, ...] = Field(
        (), description="Features by whose values the metric is shown as well."
    )


class ExcludedSpan(Span):
    """A span of event time that is known to be bad: never in training, holdout or reference."""


class Policy(Section):
    """What decides about a retrain, and what restrains it; the restraints hold for every policy."""

    name: PolicyName = "default"
    every_batches: Annotated[int, Field(ge=1)] = Field(5, description="For periodic.")
    phase: Annotated[int, Field(ge=0)] = Field(0, description="For periodic: first batch.")
    votes: Annotated[int, Field(ge=1)] = Field(
        1, description="Retrain when this many of the last `of_last` batches asked for it."
    )
    of_last: Annotated[int, Field(ge=1, le=52)] = 1
    cool_down_batches: Annotated[int, Field(ge=0)] = Field(
        0, description="Batches to stand down after a retrain, regardless of the signals."
    )
    min_new_rows: Annotated[int, Field(ge=0)] = Field(
        0, description="Labelled rows that must be new since the last training."
    )
    budget: Annotated[float, Field(gt=0, le=1)] = Field(
        0.2, description="Trainings per batch that `default` may spend in the long run."
    )
    excluded_spans: tuple[ExcludedSpan, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.votes > self.of_last:
            raise ValueError(f"votes ({self.votes}) is more than of_last ({self.of_last})")
        return self
