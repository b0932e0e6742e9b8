"""The policies that look at nothing but the calendar, and the one that looks at thresholds."""

from evergreen.measurements import DriftMeasurement
from evergreen.metrics.wording import limit, number
from evergreen.policy.rules import PolicyRules, Wish
from evergreen.presentation.formatting import plural
from evergreen.signals import PolicySignals, PolicyState

MAX_NAMED = 5


def never(signals: PolicySignals, state: PolicyState, rules: PolicyRules) -> Wish:
    """Want nothing, ever."""
    return Wish("none", "the policy is never to retrain")


def every(signals: PolicySignals, state: PolicyState, rules: PolicyRules) -> Wish:
    """Want a retrain at every batch."""
    return Wish("every", "the policy is to retrain at every batch")


def periodic(signals: PolicySignals, state: PolicyState, rules: PolicyRules) -> Wish:
    """Want a retrain at every n-th batch, counted from the phase."""
    n_batches, phase = rules.policy.every_batches, rules.policy.phase
    n_to_wait = (phase - signals.number) % n_batches
    when = f"next in {plural(n_to_wait, 'batch')}" if n_to_wait else "now"
    often = "at every batch" if n_batches == 1 else f"every {n_batches} batches, {when}"
    told = f"due {often}{_since_training(signals, state)}"
    return Wish("none" if n_to_wait else "periodic", told)


def _since_training(signals: PolicySignals, state: PolicyState) -> str:
    """Say how long ago the newest training was asked for; nothing where there was none."""
    if state.last_fit is None or state.last_fit_batch is None:
        return ""
    n_batches = plural(max(0, signals.number - state.last_fit), "batch")
    return f"; {n_batches} since the newest training ({state.last_fit_batch})"


def thresholds(signals: PolicySignals, state: PolicyState, rules: PolicyRules) -> Wish:
    """Want a retrain when the drifted share or the decay is over its limit."""
    share = signals.drift.drifted_share if signals.drift else None
    is_drifted = share is not None and share >= rules.share_to_retrain
    is_decayed = signals.decay is not None and signals.decay.verdict == "decayed"
    drift = say_drift(signals.drift, rules.share_to_retrain)
    decay = signals.decay.sentence if signals.decay else "decay was not measured"
    match is_drifted, is_decayed:
        case True, True:
            return Wish("drift_and_decay", f"{drift}; {decay}")
        case True, False:
            return Wish("drift", drift)
        case False, True:
            return Wish("decay", decay)
    return Wish("none", f"{drift}; {decay}")


def say_drift(drift: DriftMeasurement | None, share_to_retrain: float) -> str:
    """Say which share of the features drifted, beside its limit."""
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
