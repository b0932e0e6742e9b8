"""The figures of a decision: what a timeline shows of its signals, kept beside their JSON."""

from typing import NamedTuple

from evergreen.measurements import DriftMeasurement, DriftVerdict
from evergreen.signals import PolicyDecision, PolicySignals


class Figures(NamedTuple):
    """What was measured for one decision; None where it was not.

    Attributes:
        n_rows: Rows of the batch, where its drift was measured.
        drift_verdict: ``drifted``: at least one feature is over its limit or not computable;
            ``stable``: none is; ``insufficient_data``: none could be judged.
        drifted_share: Share of judged features that drifted, 0..1.
        moved_share: Share of features that shifted, including normal variation, 0..1.
        decay_verdict: As the measurement says.
        metric_name: Name of the metric.
        metric: The champion's metric on the newest matured labels, in its own unit.
        metric_se: One standard error of it.
        reference_metric: The champion's metric when it was promoted.
        coverage: Share of scored rows whose labels had arrived, 0..1.
        is_harmless: The data drifted and decay is within its limit.
    """

    n_rows: int | None
    drift_verdict: DriftVerdict | None
    drifted_share: float | None
    moved_share: float | None
    decay_verdict: str | None
    metric_name: str | None
    metric: float | None
    metric_se: float | None
    reference_metric: float | None
    coverage: float | None
    is_harmless: bool


def figures_of(signals: PolicySignals, decision: PolicyDecision) -> Figures:
    """Return the figures of a decision."""
    drift, decay = signals.drift, signals.decay
    current = None if decay is None else decay.current
    reference = None if decay is None else decay.reference
    named = current or reference
    return Figures(
        n_rows=None if drift is None else drift.n_rows,
        drift_verdict=None if drift is None else verdict_of(drift),
        drifted_share=None if drift is None else drift.drifted_share,
        moved_share=None if drift is None else drift.moved_share,
        decay_verdict=None if decay is None else decay.verdict,
        metric_name=None if named is None else named.name,
        metric=None if current is None else current.value,
        metric_se=None if current is None else current.se,
        reference_metric=None if reference is None else reference.value,
        coverage=None if decay is None else decay.coverage,
        is_harmless=decision.is_harmless_drift,
    )


def verdict_of(drift: DriftMeasurement) -> DriftVerdict:
    """Return the verdict about a batch as a whole: drifted as soon as one feature is."""
    if drift.drifted_share is None:
        return "insufficient_data"
    return "drifted" if drift.drifted else "stable"
