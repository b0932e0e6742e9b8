"""The three levels of evidence that a spec may ask for, each with what it says of a gain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import NormalDist

from evergreen.metrics.wording import limit, number
from evergreen.presentation.formatting import plural
from evergreen.promotion.evidence import Measured, Prior, learn_prior, scale_of
from evergreen.promotion.lifetime import Retrain, budget_for, e_value, p_value
from evergreen.records import Evaluation
from evergreen.spec.promoting import Level, PromotionRule

MAX_EARLIER = 52
BLOM = 0.375


@dataclass(frozen=True)
class Proof:
    """What a level says of a gain that is large enough.

    Attributes:
        is_enough: Whether the evidence is what the level asks for.
        sentence: With the numbers that it rests on; empty where the estimate is enough.
        probability: That the gain is positive, 0..1; ``balanced`` only.
        e_value: Evidence against "not better"; ``strict`` only.
    """

    is_enough: bool
    sentence: str = ""
    probability: float | None = None
    e_value: float | None = None


def prove(
    evaluation: Evaluation, rule: PromotionRule, *, earlier: Sequence[Evaluation] = ()
) -> Proof:
    """Hold a gain against the level of the rule.

    Args:
        evaluation: Its metrics, gain and error are known and finite.
        rule: Level and its limit.
        earlier: Evaluations of the model's earlier retrains, oldest first. Those without a known
            gain are passed over: they could not have been promoted.
    """
    return PROOFS[rule.level](evaluation, rule, earlier)


def measured(evaluation: Evaluation) -> Measured | None:
    """Return the paired gain of an evaluation; None where gain or error is not known."""
    gain, se = evaluation.gain, evaluation.gain_se
    if gain is None or se is None or not (isfinite(gain) and isfinite(se)) or se < 0:
        return None
    return Measured(gain, se)


def _of_eager(_: Evaluation, _rule: PromotionRule, _earlier: Sequence[Evaluation]) -> Proof:
    return Proof(is_enough=True)


def _of_balanced(
    evaluation: Evaluation, rule: PromotionRule, earlier: Sequence[Evaluation]
) -> Proof:
    now = _known(evaluation)
    champion = evaluation.champion.value if evaluation.champion else None
    gains = [gain for one in earlier if (gain := _unflattered(one)) is not None][-MAX_EARLIER:]
    prior = learn_prior(gains, scale=scale_of(champion or 0.0, now.se))
    doubt = (1.0 - prior.probability_positive(now)) * evaluation.n_looks
    chance = max(0.0, 1.0 - doubt)
    told = (
        f"positive with probability {number(chance, rule.min_probability, decimals=3)}"
        f" (needs {limit(rule.min_probability, decimals=3)}; {_told_earlier(prior)}"
        f"{_told_looks(evaluation.n_looks)})"
    )
    return Proof(chance >= rule.min_probability, told, probability=chance)


def _of_strict(evaluation: Evaluation, rule: PromotionRule, earlier: Sequence[Evaluation]) -> Proof:
    p = p_value(_known(evaluation))
    life = [Retrain(gain, one.holdout) for one in earlier if (gain := measured(one)) is not None]
    whole = budget_for(evaluation.holdout, life, lifetime_error=rule.lifetime_error)
    budget = whole / evaluation.n_looks
    told = (
        f"by chance with p = {_small(p)} (needs at most {_small(budget)}, what is left for retrain"
        f" {len(life) + 1} of a life with an error of {limit(rule.lifetime_error)}"
        f"{_told_looks(evaluation.n_looks)})"
    )
    return Proof(p <= budget, told, e_value=e_value(p))


PROOFS: dict[Level, Callable[[Evaluation, PromotionRule, Sequence[Evaluation]], Proof]] = {
    "eager": _of_eager,
    "balanced": _of_balanced,
    "strict": _of_strict,
}


def _known(evaluation: Evaluation) -> Measured:
    found = measured(evaluation)
    if found is None:
        raise ValueError(
            f"gain {evaluation.gain} +/- {evaluation.gain_se} is not known; expected finite numbers"
        )
    return found


def _unflattered(evaluation: Evaluation) -> Measured | None:
    """Take off an earlier gain what the best of several equals shows by luck alone.

    Source: Blom (1958), Statistical Estimates and Transformed Beta-Variables (expected maximum).
    """
    found, looks = measured(evaluation), evaluation.n_looks
    if found is None:
        return None
    luck = NormalDist().inv_cdf((looks - BLOM) / (looks + 1 - 2 * BLOM))
    return Measured(found.gain - luck * found.se, found.se)


def _told_earlier(prior: Prior) -> str:
    if prior.n_earlier == 0:
        return "no earlier retrain"
    retrains = plural(prior.n_earlier, "earlier retrain")
    return f"{retrains} moved it by about {number(prior.spread, decimals=4)}"


def _told_looks(n_looks: int) -> str:
    return f"; {n_looks} candidates were looked at" if n_looks > 1 else ""


def _small(p: float) -> str:
    return f"{p:.2g}"
