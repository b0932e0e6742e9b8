"""Former champions that fit again, judged on the newest rows that neither model learnt from."""

from dataclasses import dataclass
from math import hypot

from evergreen.policy.sudden_drop import mean_gain
from evergreen.signals import LabelledBatch, PolicySignals, PolicyState

BATCHES_JUDGED = 2
MIN_GAIN = 0.002
MODEL_SD = 0.02
Z = 2.5
Z_AFTER_FALSE_ALARM = 0.5


@dataclass(frozen=True)
class Rival:
    """A former champion that does better: by ``gain``, with standard error ``se``."""

    version: str
    gain: float
    se: float
    n_batches: int


def best_rival(signals: PolicySignals, state: PolicyState) -> Rival | None:
    """Return the former champion that is clearly better than the champion; None when none is.

    Clearly: its mean gain over the two newest batches exceeds 2.5 standard errors, which include
    how much any two models differ from batch to batch besides sampling. The version that served
    before a sudden drop needs half a standard error: if it does better than what was trained since,
    the drop was one hard batch, and is over. A version that was requested before and did not win
    against this champion is not requested again.
    """
    newest = [batch for batch in signals.labelled if not batch.is_suspect][-BATCHES_JUDGED:]
    found = [
        rival
        for facts in signals.rivals
        if facts.version not in state.refused
        and (rival := _judge(facts.version, newest, _z(facts.version, state), signals.unit))
    ]
    return max(found, key=lambda rival: rival.gain, default=None)


def remember_refusals(signals: PolicySignals, state: PolicyState) -> PolicyState:
    """Note whether the former champion that was asked back last time serves now."""
    serving = signals.champion_version
    refused = state.refused if serving == state.serving else ()
    if state.asked_back is not None and state.asked_back != serving:
        refused = (*refused, state.asked_back)
    return state.model_copy(update={"refused": refused, "serving": serving, "asked_back": None})


def _z(version: str, state: PolicyState) -> float:
    is_before = state.episode is not None and state.episode.before == version
    return Z_AFTER_FALSE_ALARM if is_before else Z


def _judge(version: str, newest: list[LabelledBatch], z: float, unit: float) -> Rival | None:
    gains = [
        (rival.gain, rival.se)
        for batch in newest
        for rival in batch.rivals
        if rival.version == version
    ]
    if not gains:
        return None
    gain, se = mean_gain([(gain, hypot(se, MODEL_SD * unit)) for gain, se in gains])
    is_better = gain > MIN_GAIN * unit and gain > z * se
    return Rival(version, gain, se, len(gains)) if is_better else None
