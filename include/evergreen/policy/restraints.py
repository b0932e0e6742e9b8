"""What holds any policy back: votes, cool-down, new rows, and rows enough to train and judge."""

from evergreen.policy.rules import PolicyRules, Wish
from evergreen.presentation.formatting import plural
from evergreen.signals import PolicyDecision, PolicySignals, PolicyState

MAX_VOTES = 52


def few_rows(signals: PolicySignals, rules: PolicyRules) -> str:
    """Say which rows are missing for a training; empty when none."""
    needs = (
        ("training", signals.n_training_rows, rules.min_training_rows),
        ("holdout", signals.n_holdout_rows, rules.min_holdout_rows),
    )
    return " and ".join(
        f"{n_rows} {window} rows, needs {n_min}"
        for window, n_rows, n_min in needs
        if n_rows is not None and n_rows < n_min
    )


def restrained(
    wish: Wish, signals: PolicySignals, state: PolicyState, rules: PolicyRules
) -> tuple[PolicyDecision | None, PolicyState]:
    """Stand a wish for a training down where the spec's restraints say so; None: it may go on."""
    votes = (*state.votes, wish.wants_training)[-MAX_VOTES:]
    state = state.model_copy(update={"votes": votes})
    why = _why_not(signals, state, rules) if wish.wants_training else ""
    if not why:
        return None, state
    sentence = f"stand down: {wish.sentence}, but {why}"
    return PolicyDecision(verdict="stand_down", trigger=wish.trigger, sentence=sentence), state


def _why_not(signals: PolicySignals, state: PolicyState, rules: PolicyRules) -> str:
    policy = rules.policy
    n_votes = sum(state.votes[-policy.of_last :])
    if n_votes < policy.votes:
        n_last = plural(policy.of_last, "batch")
        return f"{n_votes} of the last {n_last} asked for it, needs {policy.votes}"
    if state.last_fit is not None and signals.number - state.last_fit <= policy.cool_down_batches:
        n_batches = max(0, signals.number - state.last_fit)
        when = f" ({state.last_fit_batch})" if state.last_fit_batch else ""
        return (
            f"the newest training was {plural(n_batches, 'batch')} ago{when}, the cool-down is"
            f" {plural(policy.cool_down_batches, 'batch')}"
        )
    if signals.n_new_rows is not None and signals.n_new_rows < policy.min_new_rows:
        return f"{signals.n_new_rows} labelled rows are new, needs {policy.min_new_rows}"
    return ""
