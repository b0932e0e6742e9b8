"""What a policy is given of a model's spec, and the wish it answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evergreen.signals import Trigger
from evergreen.spec.deciding import Policy
from evergreen.spec.model import ModelSpec


@dataclass(frozen=True)
class PolicyRules:
    """Limits and restraints of one model.

    Attributes:
        policy: Name and restraints.
        share_to_retrain: Drifted share (0..1] at which the threshold policy retrains.
        min_training_rows: Labelled rows that a training needs.
        min_holdout_rows: Labelled rows that judging a challenger needs; 0: it is not judged so.
    """

    policy: Policy
    share_to_retrain: float = 0.5
    min_training_rows: int = 1
    min_holdout_rows: int = 0

    @classmethod
    def of(cls, spec: ModelSpec) -> "PolicyRules":
        """Take the rules out of a model spec."""
        return cls(
            policy=spec.policy,
            share_to_retrain=spec.drift.share_to_retrain,
            min_training_rows=spec.windows.min_training_rows,
            min_holdout_rows=spec.windows.min_holdout_rows,
        )


@dataclass(frozen=True)
class Wish:
    """What a policy wants, before it is restrained; ``sentence`` says why, without a verdict.

    A wish with trigger ``none`` wants nothing. ``version`` set: that former champion shall serve.
    ``changes`` of the memory come true only when the training goes ahead.
    """

    trigger: Trigger
    sentence: str
    fraction: float = 1.0
    version: str | None = None
    is_alarm: bool = False
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def wants_training(self) -> bool:
        """Whether a model is to be trained."""
        return self.trigger != "none" and self.version is None
