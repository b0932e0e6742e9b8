"""Measuring decay: the champion's metric on the newest labelled batches against its reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evergreen.measurements import (
    CalibrationShift,
    ColumnDrift,
    DecayMeasurement,
    ErrorChange,
    SliceMetric,
)
from evergreen.metrics import drop, estimate
from evergreen.metrics.wording import limit, number
from evergreen.records import MetricEstimate
from evergreen.spec.deciding import Decay
from evergreen.spec.model import MetricName

MAX_DIMENSIONS = 2


@dataclass(frozen=True)
class ScoredBatch:
    """One batch that the champion scored, with the labels that have arrived since.

    Attributes:
        batch: Batch id; ids sort in the order of time.
        prediction: Rows with a label only: probability of class 1, or for a regression the number,
            shape (n,); for several classes the probability of each, shape (n, K).
        target: Their labels, shape (n,).
        n_scored: All rows that were scored, with a label or without.
    """

    batch: str
    prediction: NDArray[Any]
    target: NDArray[Any]
    n_scored: int


@dataclass(frozen=True)
class DecaySignals:
    """What is shown beside the verdict about decay, which does not depend on it.

    Attributes:
        lag_batches: How many batches the newest one with labels is behind the one decided about.
        slices: The metric by slice, from ``measure_slices``.
        detectors: Changes in the stream of errors, from ``detect_changes``.
        calibration: From ``calibration_shift``.
        label: Drift of the classes.
        estimated: The metric on rows whose labels have not come, from ``estimate_unlabelled``.
    """

    lag_batches: int | None = None
    slices: tuple[SliceMetric, ...] = ()
    detectors: tuple[ErrorChange, ...] = ()
    calibration: CalibrationShift | None = None
    label: ColumnDrift | None = None
    estimated: MetricEstimate | None = None


def measure_decay(
    batches: Sequence[ScoredBatch],
    *,
    metric: MetricName,
    reference: MetricEstimate | None,
    rules: Decay,
    signals: DecaySignals | None = None,
) -> DecayMeasurement:
    """Measure how much worse the champion is now than when it was promoted.

    The newest ``rules.window_batches`` are pooled. Decayed means that the drop is over
    ``rules.max_drop`` and also over ``rules.z`` standard errors of the difference, so that neither
    a sure but tiny drop nor a large but unsure one asks for a retrain.

    Args:
        batches: Batches whose labels are due, in any order, scored by the champion.
        metric: The spec's metric.
        reference: What the champion scored on its holdout; None when nothing is known of it.
        rules: Limits, and the rows and coverage needed for a verdict.
        signals: What to show beside the verdict.

    Returns:
        decayed, stable, insufficient_data (too few rows or labels, no reference) or not_computable,
        with a sentence; never an exception over what the data hold.
    """
    newest = sorted(batches, key=lambda scored: scored.batch)[-rules.window_batches :]
    facts: dict[str, Any] = {
        "reference": reference,
        "limit": rules.max_drop,
        "batches": tuple(scored.batch for scored in newest),
        **vars(signals or DecaySignals()),
    }
    contradiction = _contradiction(newest)
    if contradiction:
        sentence = f"decay cannot be computed: {contradiction}"
        return DecayMeasurement(verdict="not_computable", sentence=sentence, **facts)
    return _judge(newest, metric, reference, rules, facts)


def _judge(
    newest: Sequence[ScoredBatch],
    metric: MetricName,
    reference: MetricEstimate | None,
    rules: Decay,
    facts: dict[str, Any],
) -> DecayMeasurement:
    """Judge batches that contradict nothing."""
    n_labelled = sum(scored.target.size for scored in newest)
    n_scored = sum(scored.n_scored for scored in newest)
    facts["coverage"] = n_labelled / n_scored if n_scored else None
    missing = _missing(n_labelled, facts["coverage"], reference, rules)
    if missing:
        sentence = f"decay not judged: {missing}"
        return DecayMeasurement(verdict="insufficient_data", sentence=sentence, **facts)
    target = np.concatenate([scored.target for scored in newest])
    current = estimate(metric, target, np.concatenate([scored.prediction for scored in newest]))
    facts["current"] = current
    why = _not_comparable(metric, reference, current)
    if why or reference is None:
        sentence = f"decay cannot be computed: {why}"
        return DecayMeasurement(verdict="not_computable", sentence=sentence, **facts)
    return _compare(metric, reference, current, rules, facts)


def _contradiction(batches: Sequence[ScoredBatch]) -> str:
    """Say what cannot be true of ``batches``; empty when nothing."""
    ids = [scored.batch for scored in batches]
    for scored in batches:
        if ids.count(scored.batch) > 1:
            return f"batch {scored.batch} is given more than once"
        predicted, labelled = scored.prediction.shape, scored.target.shape
        if len(labelled) != 1 or predicted[:1] != labelled or len(predicted) > MAX_DIMENSIONS:
            shapes = f"{predicted} and {labelled}"
            return f"predictions and labels of batch {scored.batch} have shapes {shapes}"
        if predicted[1:] != batches[0].prediction.shape[1:]:
            return f"batch {scored.batch} was predicted for other classes than the one before"
        if scored.target.size > scored.n_scored:
            more = f"{scored.target.size} labels for {scored.n_scored} scored rows"
            return f"batch {scored.batch} has {more}"
    return ""


def _missing(
    n_labelled: int, coverage: float | None, reference: MetricEstimate | None, rules: Decay
) -> str:
    """Say what is missing for a verdict; empty when nothing."""
    if coverage is None:
        return "no batch with matured labels"
    if coverage < rules.min_coverage:
        needed = limit(rules.min_coverage)
        return f"labels cover {number(coverage, rules.min_coverage)} of the rows, needs {needed}"
    if n_labelled < rules.min_rows:
        return f"{n_labelled} labelled rows, needs {rules.min_rows}"
    if reference is None:
        return "the champion has no reference value"
    if reference.value is None:
        return f"the champion has no reference value ({reference.sentence})"
    return ""


def _not_comparable(
    metric: MetricName, reference: MetricEstimate | None, current: MetricEstimate
) -> str:
    """Say why the two estimates cannot be compared; empty when they can."""
    if current.value is None:
        return current.sentence
    if reference is not None and reference.name != metric:
        return f"the reference is of {reference.name}, not of {metric}"
    for side, estimated in (("reference", reference), ("current", current)):
        if estimated is None or estimated.se is None:
            return f"the {side} value has no standard error"
    return ""


def _compare(
    metric: MetricName,
    reference: MetricEstimate,
    current: MetricEstimate,
    rules: Decay,
    facts: dict[str, Any],
) -> DecayMeasurement:
    """Judge two complete estimates."""
    before, now = reference.value or 0.0, current.value or 0.0
    fall = drop(metric, before, now)
    noise = rules.z * hypot(reference.se or 0.0, current.se or 0.0)
    is_decayed = fall > rules.max_drop and fall > noise
    sentence = f"{metric} {now:.4f} on {current.n_rows} labelled rows, was {before:.4f}: "
    return DecayMeasurement(
        verdict="decayed" if is_decayed else "stable",
        sentence=sentence + _why(fall, noise, rules),
        drop=fall,
        **facts,
    )


def _why(fall: float, noise: float, rules: Decay) -> str:
    worse = f"drop {number(fall, rules.max_drop, decimals=4)}"
    if fall <= rules.max_drop:
        return f"{worse} within {limit(rules.max_drop)}"
    joined = "and over" if fall > noise else "but within"
    errors = f"{rules.z:g} standard errors ({number(noise, fall, decimals=4)})"
    return f"{worse} over {limit(rules.max_drop)} {joined} {errors}"
