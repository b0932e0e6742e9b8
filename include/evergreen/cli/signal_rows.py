"""The rows of `evergreen why` for signals that stand beside drift and decay, and for the memory."""

from collections.abc import Iterator

from evergreen.cli.console import number
from evergreen.ledger.records import Decision
from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.signals import PolicySignals, PolicyState

Row = tuple[str, str, str, str, str]
MAX_SLICES = 5


def more_signals(decision: Decision) -> Iterator[Row]:
    """Return (signal, measured, limit, says, sentence) of all that was measured besides."""
    signals = decision.signals
    if signals.drift is not None:
        yield from _of_drift(signals.drift)
    if signals.decay is not None:
        yield from _of_decay(signals.decay)
    yield from _of_rivals(signals)
    if decision.state_after is not None:
        yield from _of_memory(decision.state_after)


def _of_drift(drift: DriftMeasurement) -> Iterator[Row]:
    for fault in drift.faults:
        yield "data fault", "", "", "suspect", fault
    if drift.moved_share is not None:
        yield (
            "moved share",
            number(drift.moved_share),
            "",
            "",
            "features that are not what they were",
        )
    if drift.prediction is not None:
        its = drift.prediction
        yield "prediction drift", number(its.psi), number(its.psi_limit), its.verdict, its.sentence
    if drift.multivariate is not None:
        found = drift.multivariate
        yield "all features", number(found.auc), number(found.limit), found.verdict, found.sentence


def _of_decay(decay: DecayMeasurement) -> Iterator[Row]:
    if decay.estimated is not None:
        estimated = decay.estimated
        yield "before labels", number(estimated.value), "", "", estimated.sentence
    for change in decay.detectors:
        says = "changed" if change.has_changed else "steady"
        yield f"errors, {change.detector}", "", "", says, change.sentence
    if decay.calibration is not None:
        yield "calibration", "", "", decay.calibration.verdict, decay.calibration.sentence
    if decay.label is not None:
        its = decay.label
        yield "label drift", number(its.psi), number(its.psi_limit), its.verdict, its.sentence
    worst = sorted(decay.slices, key=lambda one: -(one.drop or 0.0))[:MAX_SLICES]
    for one in worst:
        value = number(one.estimate.value)
        yield f"{one.feature} = {one.value}", value, "", one.verdict, one.sentence


def _of_rivals(signals: PolicySignals) -> Iterator[Row]:
    newest = signals.labelled[-1] if signals.labelled else None
    for rival in newest.rivals if newest else ():
        gain = f"{number(rival.gain, signed=True)} ± {number(rival.se)}"
        yield (
            f"former champion v{rival.version}",
            gain,
            "",
            "",
            "gain over the champion, newest labels",
        )


def _of_memory(state: PolicyState) -> Iterator[Row]:
    yield "credit left", number(state.credit), "", "", "trainings that the budget allows from now"
    if state.level is not None:
        yield "level", number(state.level), "", "", "what a fresh champion is expected to score"
    if state.episode is not None:
        began = f"since batch {state.episode.batch}, " if state.episode.batch else ""
        since = f"{began}before it v{state.episode.before} served"
        yield "episode of harm", "", "", "open", since
