"""The limits that a decision was made by, where they are in its spec and not in its signals."""

from dataclasses import dataclass

from evergreen.ledger.entries import Decision
from evergreen.spec.loader import LoadedSpec


@dataclass(frozen=True)
class Limits:
    """Limits of the spec that a decision was made by, where they are not in its signals."""

    share_to_retrain: float
    min_coverage: float
    min_training_rows: int
    min_holdout_rows: int


def limits_of(decision: Decision, loaded: LoadedSpec | None) -> Limits | None:
    """Give the limits; None where the spec has changed since, or cannot be read."""
    if loaded is None or loaded.spec_hash != decision.spec_hash:
        return None
    spec = loaded.spec
    return Limits(
        share_to_retrain=spec.drift.share_to_retrain,
        min_coverage=spec.decay.min_coverage,
        min_training_rows=spec.windows.min_training_rows,
        min_holdout_rows=spec.windows.min_holdout_rows,
    )
