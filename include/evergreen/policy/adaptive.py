"""The policy ``default``: it paces retrains by measured decay and reacts to sudden drops.

Whenever labels have arrived, the first of these that applies: a former champion that is clearly
better serves again; after a sudden drop a model is trained at once on the newest rows, again each
time the rows since the drop have doubled, and once more when they fill the window; otherwise a
model is trained when the champion has served for as long as its rate of decay makes worthwhile. A
training is requested only when the budget has credit for it.
"""

from evergreen.metrics.wording import limit, number
from evergreen.policy.former_champions import Rival, best_rival, remember_refusals
from evergreen.policy.pace import Pace, learn_rate, measure_pace
from evergreen.policy.rules import PolicyRules, Wish
from evergreen.policy.sudden_drop import Harm, learn_level, measure_harm
from evergreen.presentation.formatting import plural
from evergreen.signals import Episode, PolicySignals, PolicyState, Trigger

SEVERE = 0.4
FRACTIONS = (0.25, 0.5, 1.0)
FULL = 1.0
MIN_AGE_TO_REPLACE = 2
ROUNDING = 1e-9


def learn(signals: PolicySignals, state: PolicyState) -> tuple[PolicyState, Harm | None]:
    """Learn from the labelled batches that have arrived since the last decision.

    Returns:
        The new state, and how the champion did on the newest of them; None where none arrived, or
        the champion has no score there.
    """
    harm: Harm | None = None
    for batch in signals.labelled:
        if batch.number <= state.seen:
            continue
        state, harm = state.model_copy(update={"seen": batch.number}), None
        if batch.is_suspect or signals.champion is None:
            continue
        harm = measure_harm(batch.champion, state, signals)
        if harm is None:
            continue
        age = batch.number - signals.champion.trained_through
        state = learn_level(state, harm, n_batches_old=age)
        if state.episode is None:
            state = learn_rate(state, signals.champion, batch)
    return state, harm


def wish(
    signals: PolicySignals, state: PolicyState, rules: PolicyRules, *, before: PolicyState
) -> tuple[Wish, PolicyState]:
    """Return what the policy wants, and its memory of what is under way.

    Args:
        signals: What was measured.
        state: Memory, credit of this batch included.
        rules: The model's rules.
        before: Memory before this batch, to tell whether labels have come.
    """
    state, harm = learn(signals, remember_refusals(signals, state))
    if state.seen == before.seen or signals.champion is None:
        return Wish("none", "no labels have come since the last decision"), state
    rival = best_rival(signals, state)
    if rival is not None:
        return _reinstate(rival, state)
    if state.episode is None and harm is not None and harm.is_alarm:
        if harm.severity >= SEVERE:
            newest = signals.labelled[-1].batch
            episode = Episode(since=state.seen, batch=newest, before=signals.champion.version)
            state = state.model_copy(update={"episode": episode})
        elif _can_replace(signals, state):
            sentence = f"sudden drop: {_told(harm)}"
            return Wish("harm", sentence, is_alarm=True, changes={"level": None}), state
    if _has_passed(signals, state, harm):
        state = state.model_copy(update={"episode": None})
    if state.episode is not None:
        return _in_episode(signals, state, state.episode, harm)
    return _by_pace(signals, state, rules)


def _reinstate(rival: Rival, state: PolicyState) -> tuple[Wish, PolicyState]:
    changes: dict[str, object] = {"comparing": None, "asked_back": rival.version}
    if state.episode is not None and state.episode.before == rival.version:
        changes |= {"episode": None, "level": None}
    n_judged = "" if rival.n_batches == 1 else f"{rival.n_batches} "
    sentence = (
        f"v{rival.version} fits again: it is better by {number(rival.gain, decimals=4)} +/-"
        f" {number(rival.se, decimals=4)} on the newest {n_judged}labelled"
        f" {'batch' if rival.n_batches == 1 else 'batches'}"
    )
    return Wish("rival", sentence, version=rival.version), state.model_copy(update=changes)


def _can_replace(signals: PolicySignals, state: PolicyState) -> bool:
    """Return whether a training now would learn from enough rows that are new to the champion."""
    if signals.champion is None:
        return False
    age = learnable(signals, state) - signals.champion.trained_through
    return age >= MIN_AGE_TO_REPLACE and has_credit(state, FULL)


def _has_passed(signals: PolicySignals, state: PolicyState, harm: Harm | None) -> bool:
    """Return whether the drop is over by itself: a champion from before it does well again."""
    if state.episode is None or harm is None or signals.champion is None:
        return False
    is_from_before = signals.champion.trained_through <= state.episode.since
    return state.seen > state.episode.since and is_from_before and not harm.is_alarm


def learnable(signals: PolicySignals, state: PolicyState) -> int:
    """Return the number through which a training now would learn; the holdout is left out."""
    return state.seen + 1 - signals.holdout_batches


def _in_episode(
    signals: PolicySignals, state: PolicyState, episode: Episode, harm: Harm | None
) -> tuple[Wish, PolicyState]:
    """Retrain on the rows since the drop: at 1, 2, 4, ... batches, and when they fill a window."""
    window_batches = max(1.0, signals.window_batches)
    n_new = learnable(signals, state) - episode.since
    over: dict[str, object] = {"episode": None, "level": None}
    if n_new >= 2 * window_batches:
        ended = state.model_copy(update=over)
        return Wish("none", "recovery stopped: training budget exhausted"), ended
    if n_new < 1:
        waiting = (
            f"sudden drop{_told_of(harm)}; all rows since then are reserved for the evaluation"
        )
        return Wish("none", waiting, is_alarm=state.seen == episode.since), state
    is_full = n_new >= window_batches
    if not is_full and n_new < 2 * episode.n_fitted:
        return Wish("none", _recovering(episode, n_new)), state
    share = min(1.0, n_new / window_batches)
    fraction = next(f for f in FRACTIONS if f + ROUNDING >= share)
    if not has_credit(state, fraction):
        return Wish("none", f"{_recovering(episode, n_new)}; {_no_credit(state)}"), state
    is_first = episode.n_fitted == 0
    told = _told_of(harm)
    sentence = (
        f"sudden drop{told}" if is_first else f"recovery, {_since_harm(episode, n_new)}{told}"
    )
    fitted = {"episode": episode.model_copy(update={"n_fitted": n_new})}
    trigger: Trigger = "harm" if is_first else "recovery"
    changes = over if is_full else fitted
    return Wish(trigger, sentence, fraction, is_alarm=is_first, changes=changes), state


def _by_pace(
    signals: PolicySignals, state: PolicyState, rules: PolicyRules
) -> tuple[Wish, PolicyState]:
    pace = measure_pace(state, state.seen, rules.policy.budget, unit=signals.unit)
    age, trained = _newest_training(signals, state)
    told = (
        f"{plural(age, 'batch')} since the newest training{trained}, the next retrain is expected"
        f" after {number(pace.n_batches, decimals=1)}: the model loses about"
        f" {number(pace.rate, decimals=4)} per batch ({_told_basis(pace)})"
    )
    if age < pace.n_batches:
        return Wish("none", told), state
    if not has_credit(state, FULL):
        return Wish("none", f"{told}, but {_no_credit(state)}"), state
    return Wish("pace", told), state


def _told_basis(pace: Pace) -> str:
    """Return what the rate of decay rests on."""
    if pace.n_samples:
        return f"measured in {plural(pace.n_samples, 'comparison')}"
    data = "drifting" if pace.is_moving else "quiet"
    return f"an assumption for {data} data; nothing measured yet"


def _newest_training(signals: PolicySignals, state: PolicyState) -> tuple[int, str]:
    """Return how many batches are new since the newest training, and which training that was."""
    through, told = state.fitted_through, state.last_fit_batch
    champion = signals.champion
    if champion is not None and (through is None or champion.trained_through > through):
        through, told = champion.trained_through, f"v{champion.version}"
    age = 0 if through is None else max(0, learnable(signals, state) - through)
    return age, f" ({told})" if told else ""


def has_credit(state: PolicyState, fraction: float) -> bool:
    """Return whether the budget allows a training on that fraction of the window."""
    return state.credit + ROUNDING >= fraction


def _no_credit(state: PolicyState) -> str:
    return f"the budget has credit for {number(state.credit)} of a training"


def _told(harm: Harm) -> str:
    return (
        f"score {number(harm.value, decimals=4)} is {number(harm.drop, harm.limit, decimals=4)}"
        f" below its level, limit {limit(harm.limit)}"
    )


def _told_of(harm: Harm | None) -> str:
    return f": {_told(harm)}" if harm is not None else ""


def _recovering(episode: Episode, n_new: int) -> str:
    trained = plural(episode.n_fitted, "batch")
    return f"recovering, {_since_harm(episode, n_new)}, trained on {trained} of them"


def _since_harm(episode: Episode, n_new: int) -> str:
    began = f" ({episode.batch})" if episode.batch else ""
    return f"{plural(n_new, 'batch')} since the drop{began}"
