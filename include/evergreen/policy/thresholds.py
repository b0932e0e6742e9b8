"""The threshold policy: retrain when drift or decay is over its limit, or when a person says so."""

from typing import Literal

from evergreen.metrics.wording import limit, number
from evergreen.records import DriftMeasurement
from evergreen.signals import PolicyDecision, PolicySignals, Request
from evergreen.spec.model import ModelSpec, Windows

Trigger = Literal["first_model", "forced", "drift", "decay", "drift_and_decay", "none"]

MAX_NAMED = 5


def decide(signals: PolicySignals, spec: ModelSpec) -> PolicyDecision:
    """Decide about one batch: bootstrap, retrain or stand down, always with a sentence.

    In this order: without a champion the first model is trained; a forced retrain with a reason is
    obeyed; a drifted share that reaches ``spec.drift.share_to_retrain`` or a decayed champion asks
    for a retrain. Whatever asks, too few rows for training or holdout stand it down; the trigger
    then still says what asked.

    Args:
        signals: What was measured, what a person asked, and the rows at hand.
        spec: Limits; the signals are of this model.

    Returns:
        The verdict; the sentence names every value it rests on, with its limit.
    """
    trigger = _trigger(signals, spec)
    asks = _asks(trigger, signals, spec)
    missing = _missing_rows(signals, spec.windows)
    if trigger == "none":
        return PolicyDecision(verdict="stand_down", trigger="none", sentence=f"stand down: {asks}")
    if missing:
        sentence = f"stand down: {asks}, but there are too few rows: {missing}"
        return PolicyDecision(verdict="stand_down", trigger=trigger, sentence=sentence)
    if trigger == "first_model":
        rows = f"{signals.n_training_rows} training and {signals.n_holdout_rows} holdout rows"
        sentence = f"train the first model: {asks}, {rows} are there"
        return PolicyDecision(verdict="bootstrap", trigger=trigger, sentence=sentence)
    return PolicyDecision(verdict="retrain", trigger=trigger, sentence=f"retrain: {asks}")


def _trigger(signals: PolicySignals, spec: ModelSpec) -> Trigger:
    if signals.champion_version is None:
        return "first_model"
    if signals.request.force_retrain and _reason(signals.request):
        return "forced"
    share = signals.drift.drifted_share if signals.drift else None
    is_drifted = share is not None and share >= spec.drift.share_to_retrain
    is_decayed = signals.decay is not None and signals.decay.verdict == "decayed"
    match is_drifted, is_decayed:
        case True, True:
            return "drift_and_decay"
        case True, False:
            return "drift"
        case False, True:
            return "decay"
    return "none"


def _asks(trigger: Trigger, signals: PolicySignals, spec: ModelSpec) -> str:
    """Say what asked for a model, or why nothing did."""
    drift = _drift(signals.drift, spec.drift.share_to_retrain)
    decay = signals.decay.sentence if signals.decay else "decay was not measured"
    match trigger:
        case "first_model":
            return "no champion yet"
        case "forced":
            return _forced(signals.request)
        case "drift":
            return drift
        case "decay":
            return decay
        case "drift_and_decay" | "none":
            refused = "a forced retrain without a reason is refused; "
            return f"{refused if signals.request.force_retrain else ''}{drift}; {decay}"


def _drift(drift: DriftMeasurement | None, share_to_retrain: float) -> str:
    if drift is None:
        return "drift was not measured"
    if drift.drifted_share is None:
        return drift.sentence
    share, needed = number(drift.drifted_share, share_to_retrain), limit(share_to_retrain)
    names = [column.column for column in drift.drifted]
    if not names:
        return f"no feature drifted (drifted share {share}, limit {needed})"
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    which = f"{', '.join(names[:MAX_NAMED])}{more}"
    if drift.drifted_share >= share_to_retrain:
        return f"drifted share {share} reaches {needed} ({which})"
    return f"drifted but below the limit, drifted share {share} of {needed} ({which})"


def _missing_rows(signals: PolicySignals, windows: Windows) -> str:
    """Say which rows are missing for a training; empty when none."""
    needs = (
        ("training", signals.n_training_rows, windows.min_training_rows),
        ("holdout", signals.n_holdout_rows, windows.min_holdout_rows),
    )
    return " and ".join(
        f"{n_rows} {window} rows, needs {n_min}"
        for window, n_rows, n_min in needs
        if n_rows < n_min
    )


def _forced(request: Request) -> str:
    return f"forced by {request.requested_by or 'a person'}: {_reason(request)}"


def _reason(request: Request) -> str:
    """Give the reason on one line; empty when there is none."""
    return " ".join(request.reason.split())
