"""The evidence of a decision, one row per signal: measured, limit, unit, and a sentence.

The terminal and the pages show the same rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evergreen.measurements import ColumnDrift, DecayMeasurement, DriftMeasurement, SliceMetric
from evergreen.presentation.formatting import (
    NOTHING,
    between,
    count,
    gain_with_error,
    metric_label,
    number,
    percent,
    with_error,
)
from evergreen.records import MetricEstimate
from evergreen.signals import PolicySignals, PolicyState
from evergreen.spec.decision_limits import Limits

MAX_SLICES = 5
LIMITS_UNKNOWN = (
    "The spec has changed since this decision, or cannot be read. Limits that only the spec has are"
    " not shown."
)
NATS, FEATURES, ROWS = "PSI, nats", "% of features", "rows"


@dataclass(frozen=True)
class Signal:
    """One row; ``says`` is the code of a verdict, empty if the signal has none."""

    name: str
    measured: str
    limit: str = ""
    unit: str = ""
    says: str = ""
    sentence: str = ""


def signals_of(
    signals: PolicySignals, state: PolicyState | None, limits: Limits | None
) -> list[Signal]:
    """Return all rows of one decision, the most important first.

    Args:
        signals: The policy's inputs.
        state: The policy's memory after the decision; None if it was not kept.
        limits: The limits of the spec that was used; None if they are no longer known.
    """
    unit = _unit_of(signals.decay)
    return [
        *_of_drift(signals.drift, limits),
        *_of_decay(signals.decay, limits),
        *_of_rows(signals, limits),
        *_of_rivals(signals, unit),
        *_of_memory(state, unit),
    ]


def most_moved_first(columns: Iterable[ColumnDrift]) -> tuple[ColumnDrift, ...]:
    """Return the features: those over a limit first, then by how near they are to it."""
    return tuple(sorted(columns, key=lambda column: (_is_quiet(column), -_nearness(column))))


def _of_drift(drift: DriftMeasurement | None, limits: Limits | None) -> Iterator[Signal]:
    if drift is None:
        told = "not measured: there was no champion yet"
        yield Signal("drifted share", NOTHING, unit=FEATURES, sentence=told)
        return
    limit = f"retrain from {percent(limits.share_to_retrain)}" if limits else ""
    share = percent(drift.drifted_share)
    yield Signal("drifted share", share, limit, FEATURES, sentence=drift.sentence)
    for fault in drift.faults:
        yield Signal("data fault", "", says="suspect", sentence=fault)
    if drift.moved_share is not None:
        told = "features that shifted, including normal variation"
        yield Signal("shifted share", percent(drift.moved_share), unit=FEATURES, sentence=told)
    if drift.prediction is not None:
        its = drift.prediction
        psi, limit = number(its.psi), _most(its.psi_limit)
        yield Signal("drift of the scores", psi, limit, NATS, its.verdict, its.sentence)
    if drift.multivariate is not None:
        found = drift.multivariate
        auc, limit = with_error(found.auc, found.se), _most(found.limit)
        unit = "AUC, 0.5 is no difference"
        yield Signal("all features together", auc, limit, unit, found.verdict, found.sentence)


def _of_decay(decay: DecayMeasurement | None, limits: Limits | None) -> Iterator[Signal]:
    if decay is None:
        yield Signal("metric drop", NOTHING, sentence="not measured")
        return
    unit = _unit_of(decay)
    drop = number(decay.drop, is_signed=True)
    yield Signal("metric drop", drop, _most(decay.limit), unit, decay.verdict, decay.sentence)
    for name, estimate in (("metric now", decay.current), ("metric at promotion", decay.reference)):
        if estimate is not None:
            yield _of_estimate(name, estimate, unit)
    least = f"at least {percent(limits.min_coverage)}" if limits else ""
    over = f"batches {', '.join(decay.batches)}" if decay.batches else ""
    yield Signal("label coverage", percent(decay.coverage), least, "% of rows", sentence=over)
    yield from _beside_decay(decay, unit)


def _beside_decay(decay: DecayMeasurement, unit: str) -> Iterator[Signal]:
    if decay.estimated is not None:
        yield _of_estimate("metric before labels", decay.estimated, unit)
    for change in decay.detectors:
        says = "changed" if change.has_changed else "steady"
        newest = number(change.newest)
        moved = newest if change.before is None else between(change.before, change.newest)
        yield Signal(f"errors, {change.detector}", moved, "", "mean error", says, change.sentence)
    if decay.calibration is not None:
        shift = decay.calibration
        ece, unit_ece = number(shift.current.ece), "expected calibration error"
        yield Signal("calibration", ece, "", unit_ece, shift.verdict, shift.sentence)
    if decay.label is not None:
        label = decay.label
        psi, limit = number(label.psi), _most(label.psi_limit)
        yield Signal("drift of the labels", psi, limit, NATS, label.verdict, label.sentence)
    for one in sorted(decay.slices, key=_drop_of, reverse=True)[:MAX_SLICES]:
        name = f"slice {one.feature} = {one.value}"
        measured = with_error(one.estimate.value, one.estimate.se)
        yield Signal(name, measured, "", unit, one.verdict, one.sentence)


def _of_rows(signals: PolicySignals, limits: Limits | None) -> Iterator[Signal]:
    training = f"at least {count(limits.min_training_rows)}" if limits else ""
    holdout = f"at least {count(limits.min_holdout_rows)}" if limits else ""
    told = "labelled rows available for training"
    n_rows = count(signals.n_training_rows)
    yield Signal("training rows", n_rows, training, ROWS, sentence=told)
    told = "labelled rows available to evaluate a challenger"
    n_rows = count(signals.n_holdout_rows)
    yield Signal("holdout rows", n_rows, holdout, ROWS, sentence=told)
    if signals.batches_since_champion is not None:
        n_batches = max(0, signals.batches_since_champion)
        unit = "batch" if n_batches == 1 else "batches"
        told = "batches since its training data, including this one"
        yield Signal("age of the champion", count(n_batches), unit=unit, sentence=told)


def _of_rivals(signals: PolicySignals, unit: str) -> Iterator[Signal]:
    newest = signals.labelled[-1] if signals.labelled else None
    for rival in newest.rivals if newest else ():
        gain = gain_with_error(rival.gain, rival.se)
        told = "gain over the champion on the newest labels; positive is better"
        yield Signal(f"former champion v{rival.version}", gain, unit=unit, sentence=told)


def _of_memory(state: PolicyState | None, unit: str) -> Iterator[Signal]:
    if state is None:
        return
    told = "trainings that the budget allows from now on"
    yield Signal("training budget", number(state.credit), unit="trainings", sentence=told)
    if state.level is not None:
        told = "the score expected of a new champion"
        yield Signal("expected score", number(state.level), unit=unit, sentence=told)
    if state.episode is not None:
        since = f"since batch {state.episode.batch}" if state.episode.batch else "under way"
        told = f"{since}; v{state.episode.before} was champion before the drop"
        yield Signal("recovery from a sudden drop", "", says="decayed", sentence=told)


def _of_estimate(name: str, estimate: MetricEstimate, unit: str) -> Signal:
    measured = with_error(estimate.value, estimate.se)
    return Signal(name, measured, unit=unit, sentence=estimate.sentence)


def _unit_of(decay: DecayMeasurement | None) -> str:
    named = (decay.current or decay.reference or decay.estimated) if decay else None
    return metric_label(named.name if named else None)


def _drop_of(one: SliceMetric) -> float:
    return one.drop or 0.0


def _most(limit: float | None) -> str:
    return "" if limit is None else f"at most {number(limit)}"


def _is_quiet(column: ColumnDrift) -> bool:
    return column.verdict not in ("drifted", "not_computable")


def _nearness(column: ColumnDrift) -> float:
    """Return the largest of the statistics over their limits; 1 is at the limit."""
    pairs = ((column.psi, column.psi_limit), (column.ks, column.ks_limit))
    return max((value / limit for value, limit in pairs if value is not None and limit), default=0)
