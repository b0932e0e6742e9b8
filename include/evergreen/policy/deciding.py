"""One decision: what was measured, what is remembered, what is wanted, and what restrains it."""

from collections.abc import Callable, Mapping

from evergreen.policy import adaptive, baselines
from evergreen.policy.restraints import few_rows, restrained
from evergreen.policy.rules import PolicyRules, Wish
from evergreen.presentation.formatting import plural
from evergreen.signals import (
    HOLD_BATCHES,
    ModelFacts,
    PolicyDecision,
    PolicySignals,
    PolicyState,
    Request,
)

EARNED_OF_BUDGET = 0.95
MAX_CREDIT = 6.0
MAX_REMEMBERED = 52
OWED = "a promotion was held, and no hold or freeze is in force now"

CALENDAR: Mapping[str, Callable[[PolicySignals, PolicyState, PolicyRules], Wish]] = {
    "never": baselines.never,
    "every": baselines.every,
    "periodic": baselines.periodic,
    "thresholds": baselines.thresholds,
}


def decide(
    signals: PolicySignals, state: PolicyState, rules: PolicyRules
) -> tuple[PolicyDecision, PolicyState]:
    """Decide about one batch; forced runs, dry runs and back-tests come this way too.

    In this order: without a champion the first model is trained; a forced retrain with a reason is
    carried out; a batch with a data fault is quarantined, for at most four batches in a row; then
    the policy says what it wants, and the restraints of the spec (votes, cool-down, new rows) may
    prevent it. Where a promotion was held and no hold or freeze is in force now, a challenger is
    trained in any case, unless the policy is never. Too few rows for training or holdout always
    prevent a training; the trigger then still names the reason for it.

    Args:
        signals: What was measured, what a person asked, and the rows at hand.
        state: What the last decision left behind; ``PolicyState()`` before the first.
        rules: Limits and restraints.

    Returns:
        The verdict with a sentence that names every value it rests on, and the state to remember.
    """
    before = _placed(state, signals)
    state = _earn(before, signals.number, rules)
    missing = few_rows(signals, rules)
    if signals.champion_version is None:
        return _first(signals, missing), state.model_copy(update={"seen": _newest(signals, state)})
    if signals.request.force_retrain and _reason(signals.request):
        state, _ = adaptive.learn(signals, state)
        decision = _training(Wish("forced", _forced(signals.request)), missing)
        return decision, _after(decision, signals, state, cost=decision.fraction)
    faults = signals.drift.faults if signals.drift else ()
    if faults and state.n_suspect < HOLD_BATCHES:
        return _hold(faults, state)
    is_released = bool(faults) and state.n_suspect == HOLD_BATCHES
    state = _remember(signals, state, has_faults=bool(faults))
    wish, state = _wish(signals, state, rules, before)
    held_back, state = restrained(wish, signals, state, rules)
    if _is_owed(signals, wish, rules, is_held_back=held_back is not None):
        held_back, wish = None, Wish("held", OWED)
    wanted = _reinstating(wish) if wish.version else _training(wish, missing)
    decision = _labelled(held_back or wanted, signals, wish, is_released=is_released)
    state = state.model_copy(update=wish.changes if decision.verdict == "retrain" else {})
    cost = _cost(decision, state, rules)
    return decision, _after(decision, signals, state, cost=cost)


def _placed(state: PolicyState, signals: PolicySignals) -> PolicyState:
    """Forget numbers that lie ahead of the batch: it is of the past, or the cadence has changed.

    What is remembered of scores and of credit still holds.
    """
    if state.seen <= signals.number:
        return state
    kept = {
        "counted_from": state.counted_from,
        "credit": state.credit,
        "level": state.level,
        "surprises": state.surprises,
    }
    return PolicyState().model_copy(update=kept)


def _earn(state: PolicyState, number: int, rules: PolicyRules) -> PolicyState:
    """Return credit for a batch; deciding about it again gives none."""
    if state.number is not None and number <= state.number:
        return state
    credit = state.credit + EARNED_OF_BUDGET * rules.policy.budget
    return state.model_copy(update={"credit": min(MAX_CREDIT, credit), "number": number})


def _newest(signals: PolicySignals, state: PolicyState) -> int:
    return max([state.seen, *(batch.number for batch in signals.labelled)])


def _first(signals: PolicySignals, missing: str) -> PolicyDecision:
    if missing:
        sentence = f"stand down: no champion yet, but there are too few rows: {missing}"
        return PolicyDecision(verdict="stand_down", trigger="first_model", sentence=sentence)
    rows = f"{signals.n_training_rows} training"
    if signals.n_holdout_rows is not None:
        rows += f" and {signals.n_holdout_rows} holdout"
    sentence = f"train the first model: no champion yet, {rows} rows are there"
    return PolicyDecision(verdict="bootstrap", trigger="first_model", sentence=sentence)


def _hold(faults: tuple[str, ...], state: PolicyState) -> tuple[PolicyDecision, PolicyState]:
    n_held = state.n_suspect + 1
    sentence = (
        f"stand down: the batch looks broken ({'; '.join(faults)}); it is kept out of training"
        f" ({plural(n_held, 'batch')} in a row, after {HOLD_BATCHES} it counts as the new normal)"
    )
    decision = PolicyDecision(
        verdict="stand_down", trigger="none", sentence=sentence, is_suspect=True
    )
    return decision, state.model_copy(update={"n_suspect": n_held})


def _remember(signals: PolicySignals, state: PolicyState, *, has_faults: bool) -> PolicyState:
    share = signals.drift.moved_share if signals.drift else None
    drifted = state.drifted if share is None else (*state.drifted, share)[-MAX_REMEMBERED:]
    n_suspect = state.n_suspect + 1 if has_faults else 0
    return state.model_copy(update={"drifted": drifted, "n_suspect": n_suspect})


def _wish(
    signals: PolicySignals, state: PolicyState, rules: PolicyRules, before: PolicyState
) -> tuple[Wish, PolicyState]:
    if rules.policy.name == "default":
        return adaptive.wish(signals, state, rules, before=before)
    state, _ = adaptive.learn(signals, state)
    return CALENDAR[rules.policy.name](signals, state, rules), state


def _is_owed(signals: PolicySignals, wish: Wish, rules: PolicyRules, *, is_held_back: bool) -> bool:
    """Return whether a challenger is trained only because a promotion was held before.

    Under never only a person starts a training: what a person forced, a person forces again.
    """
    if not signals.was_held or rules.policy.name == "never":
        return False
    return wish.trigger == "none" or is_held_back


def _training(wish: Wish, missing: str) -> PolicyDecision:
    if wish.trigger == "none":
        sentence = f"stand down: {wish.sentence}"
        return PolicyDecision(verdict="stand_down", trigger="none", sentence=sentence)
    if missing:
        sentence = f"stand down: {wish.sentence}, but there are too few rows: {missing}"
        return PolicyDecision(verdict="stand_down", trigger=wish.trigger, sentence=sentence)
    share = "" if wish.fraction == 1 else f" on the newest {wish.fraction:.0%} of the window"
    return PolicyDecision(
        verdict="retrain",
        trigger=wish.trigger,
        sentence=f"retrain{share}: {wish.sentence}",
        fraction=wish.fraction,
    )


def _reinstating(wish: Wish) -> PolicyDecision:
    return PolicyDecision(
        verdict="reinstate",
        trigger=wish.trigger,
        sentence=f"reinstate: {wish.sentence}",
        version=wish.version,
    )


def _labelled(
    decision: PolicyDecision, signals: PolicySignals, wish: Wish, *, is_released: bool
) -> PolicyDecision:
    """Mark a decision with what people want to see at a glance."""
    has_drift = signals.drift is not None and bool(signals.drift.drifted)
    is_healthy = signals.decay is not None and signals.decay.verdict == "stable"
    is_quiet = decision.verdict == "stand_down" and wish.trigger == "none"
    is_harmless = has_drift and is_quiet and is_healthy and not wish.is_alarm
    refused = signals.request.force_retrain and not _reason(signals.request)
    sentence = decision.sentence
    if is_harmless:
        sentence = sentence.replace("stand down: ", "stand down: drift but harmless, ", 1)
    if refused:
        sentence = f"{sentence}; a forced retrain without a reason is refused"
    return decision.model_copy(
        update={
            "is_harmless_drift": is_harmless,
            "is_released": is_released,
            "is_alarm": wish.is_alarm,
            "sentence": sentence,
        }
    )


def _cost(decision: PolicyDecision, state: PolicyState, rules: PolicyRules) -> float:
    """Return what a training costs the budget; policies without a budget get no debt.

    Nor does a new decision about a held promotion: the first training was paid in full.
    """
    if rules.policy.name == "default" and decision.trigger != "held":
        return decision.fraction
    return min(decision.fraction, max(0.0, state.credit))


def _after(
    decision: PolicyDecision, signals: PolicySignals, state: PolicyState, *, cost: float
) -> PolicyState:
    """Pay for a training and remember it."""
    if decision.verdict != "retrain":
        return state
    is_rate_told = decision.trigger != "recovery" and state.episode is None
    comparing: ModelFacts | None = signals.champion if is_rate_told else None
    return state.model_copy(
        update={
            "credit": state.credit - cost,
            "last_fit": signals.number,
            "last_fit_batch": signals.batch or None,
            "fitted_through": adaptive.learnable(signals, state),
            "comparing": comparing,
        }
    )


def _forced(request: Request) -> str:
    return f"forced by {request.requested_by or 'a person'}: {_reason(request)}"


def _reason(request: Request) -> str:
    """Return the reason on one line; empty when there is none."""
    return " ".join(request.reason.split())
