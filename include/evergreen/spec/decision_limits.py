"""The limits of a decision that are in its spec and not in its signals."""

from dataclasses import dataclass

from evergreen.spec.loader import LoadedSpec


@dataclass(frozen=True)
class Limits:
    """Limits that are only in a decision's spec.

    Attributes:
        share_to_retrain: Drifted share from which drift asks for a retrain, 0..1.
        min_coverage: Share of labels from which decay is measured, 0..1.
        min_training_rows: With fewer rows nothing is trained.
        min_holdout_rows: With fewer rows nothing is evaluated.
        drift_reference: What the batch was compared with: ``champion``, ``rolling``, ``season``.
    """

    share_to_retrain: float
    min_coverage: float
    min_training_rows: int
    min_holdout_rows: int
    drift_reference: str


def limits_of(spec_hash: str, loaded: LoadedSpec | None) -> Limits | None:
    """Return the limits of the spec that a decision was made by.

    Args:
        spec_hash: Hash of that spec, as the decision names it.
        loaded: The current spec; None where it cannot be read.

    Returns:
        None where the current spec is another one.
    """
    if loaded is None or loaded.spec_hash != spec_hash:
        return None
    spec = loaded.spec
    return Limits(
        share_to_retrain=spec.drift.share_to_retrain,
        min_coverage=spec.decay.min_coverage,
        min_training_rows=spec.windows.min_training_rows,
        min_holdout_rows=spec.windows.min_holdout_rows,
        drift_reference=spec.drift.reference,
    )
