"""Everything a decision rests on, one row per signal: measured, limit, unit, and a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass

from evergreen.ledger.queries.spec_limits import Limits
from evergreen.ledger.records import Decision
from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.records import MetricEstimate
from evergreen.signals import PolicySignals, PolicyState
from evergreen.web.pages.formatting import NOTHING, between, count, number, percent
from evergreen.web.pages.labels import metric_words

MAX_SLICES = 5
NATS, FEATURES, ROWS = "PSI, nats", "% of features", "rows"


@dataclass(frozen=True)
class Signal:
    """One row; ``says`` is the code of a verdict, empty where a signal gives none."""

    name: str
    measured: str
    limit: str
    unit: str
    says: str
    sentence: str


def signals_of(decision: Decision, limits: Limits | None) -> list[Signal]:
    """Return all rows, the weightiest first."""
    signals = decision.signals
    unit = _unit_of(signals.decay)
    return [
        *_of_drift(signals.drift, limits),
        *_of_decay(signals.decay, limits),
        *_of_rows(signals, limits),
        *_of_rivals(signals, unit),
        *_of_memory(decision.state_after, unit),
    ]


def _of_drift(drift: DriftMeasurement | None, limits: Limits | None) -> Iterator[Signal]:
    if drift is None:
        told = "not measured: there was no champion yet"
        yield Signal("drifted share", NOTHING, "", FEATURES, "", told)
        return
    limit = f"retrain from {percent(limits.share_to_retrain)}" if limits else ""
    share = percent(drift.drifted_share)
    yield Signal("drifted share", share, limit, FEATURES, "", drift.sentence)
    for fault in drift.faults:
        yield Signal("data fault", "", "", "", "suspect", fault)
    if drift.moved_share is not None:
        told = "features that are not what they were, also where that is usual"
        yield Signal("moved share", percent(drift.moved_share), "", FEATURES, "", told)
    if drift.prediction is not None:
        its = drift.prediction
        psi, limit = number(its.psi), _most(its.psi_limit)
        yield Signal("drift of the scores", psi, limit, NATS, its.verdict, its.sentence)
    if drift.multivariate is not None:
        found = drift.multivariate
        auc = f"{number(found.auc)} ± {number(found.se)}"
        unit = "AUC, 0.5 is no difference"
        yield Signal(
            "all features together", auc, _most(found.limit), unit, found.verdict, found.sentence
        )


def _of_decay(decay: DecayMeasurement | None, limits: Limits | None) -> Iterator[Signal]:
    if decay is None:
        yield Signal("metric drop", NOTHING, "", "", "", "not measured")
        return
    unit = _unit_of(decay)
    drop = number(decay.drop, is_signed=True)
    yield Signal("metric drop", drop, _most(decay.limit), unit, decay.verdict, decay.sentence)
    for name, estimate in (("metric now", decay.current), ("metric at promotion", decay.reference)):
        if estimate is not None:
            yield Signal(name, _with_error(estimate), "", unit, "", estimate.sentence)
    least = f"at least {percent(limits.min_coverage)}" if limits else ""
    over = f"batches {', '.join(decay.batches)}" if decay.batches else ""
    yield Signal("label coverage", percent(decay.coverage), least, "% of rows", "", over)
    yield from _beside_decay(decay, unit)


def _beside_decay(decay: DecayMeasurement, unit: str) -> Iterator[Signal]:
    if decay.estimated is not None:
        its = decay.estimated
        yield Signal("metric before labels", _with_error(its), "", unit, "", its.sentence)
    for change in decay.detectors:
        says = "changed" if change.has_changed else "steady"
        newest = number(change.newest)
        moved = newest if change.before is None else between(change.before, change.newest)
        yield Signal(f"errors, {change.detector}", moved, "", "mean error", says, change.sentence)
    if decay.calibration is not None:
        its_shift = decay.calibration
        ece = number(its_shift.current.ece)
        unit_ece = "expected calibration error"
        yield Signal("calibration", ece, "", unit_ece, its_shift.verdict, its_shift.sentence)
    if decay.label is not None:
        label = decay.label
        psi, limit = number(label.psi), _most(label.psi_limit)
        yield Signal("drift of the labels", psi, limit, NATS, label.verdict, label.sentence)
    for one in sorted(decay.slices, key=lambda its: -(its.drop or 0.0))[:MAX_SLICES]:
        name = f"slice {one.feature} = {one.value}"
        yield Signal(name, _with_error(one.estimate), "", unit, one.verdict, one.sentence)


def _of_rows(signals: PolicySignals, limits: Limits | None) -> Iterator[Signal]:
    training = f"at least {count(limits.min_training_rows)}" if limits else ""
    holdout = f"at least {count(limits.min_holdout_rows)}" if limits else ""
    told = "labelled rows that a training would learn from"
    yield Signal("training rows", count(signals.n_training_rows), training, ROWS, "", told)
    told = "labelled rows that a challenger would be judged on"
    yield Signal("holdout rows", count(signals.n_holdout_rows), holdout, ROWS, "", told)
    if signals.batches_since_champion is not None:
        n_batches = max(0, signals.batches_since_champion)
        told = "batches that came after what it learnt from, this one included"
        yield Signal("age of the champion", count(n_batches), "", "batches", "", told)


def _of_rivals(signals: PolicySignals, unit: str) -> Iterator[Signal]:
    newest = signals.labelled[-1] if signals.labelled else None
    for rival in newest.rivals if newest else ():
        gain = f"{number(rival.gain, is_signed=True)} ± {number(rival.se)}"
        told = "gain over the champion on the newest labels; positive is better"
        yield Signal(f"former champion v{rival.version}", gain, "", unit, "", told)


def _of_memory(state: PolicyState | None, unit: str) -> Iterator[Signal]:
    if state is None:
        return
    told = "trainings that the budget allows from now on"
    yield Signal("credit left", number(state.credit), "", "trainings", "", told)
    if state.level is not None:
        told = "what a fresh champion is expected to score"
        yield Signal("level", number(state.level), "", unit, "", told)
    if state.episode is not None:
        since = f"open since batch {state.episode.batch}" if state.episode.batch else "open"
        told = f"{since}; before it v{state.episode.before} served"
        yield Signal("episode of harm", "", "", "", "decayed", told)


def _unit_of(decay: DecayMeasurement | None) -> str:
    named = (decay.current or decay.reference or decay.estimated) if decay else None
    return metric_words(named.name if named else None)[0]


def _with_error(estimate: MetricEstimate) -> str:
    if estimate.se is None:
        return number(estimate.value)
    return f"{number(estimate.value)} ± {number(estimate.se)}"


def _most(limit: float | None) -> str:
    return "" if limit is None else f"at most {number(limit)}"
