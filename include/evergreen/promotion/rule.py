"""The rule that a challenger must pass: a gain that is large enough, and unlikely to be chance."""

import math
from statistics import NormalDist

from pydantic import TypeAdapter

from evergreen.metrics import higher_is_better
from evergreen.metrics.wording import limit, number
from evergreen.records import Evaluation, PromotionVerdict
from evergreen.spec.model import MetricName
from evergreen.spec.promoting import PromotionRule


def judge(evaluation: Evaluation, rule: PromotionRule, *, min_rows: int) -> PromotionVerdict:
    """Say whether the challenger may take the champion's place.

    Without a champion the first model passes when its metric could be computed and reaches
    ``bootstrap_min_metric``, where the spec sets one. Otherwise the paired gain must be above 0, at
    least ``min_gain``, and positive with at least ``min_probability``, taken as Phi(gain / error)
    of a normal distribution. Whatever is missing or not finite keeps the champion.

    Args:
        evaluation: Both models on the same rows.
        rule: The spec's promotion rule; gains in the metric's unit, probability in 0.5..1.
        min_rows: Fewer holdout rows than this keep the champion.
    """
    if evaluation.n_rows < min_rows:
        return _keep(f"the holdout has {evaluation.n_rows} rows, needs {min_rows}")
    unknown = _first_unknown(evaluation)
    if unknown:
        why = evaluation.sentence or "no reason was given"
        return _keep(f"{unknown} is not known, so the champion stays: {why}")
    if evaluation.champion_version is None:
        return _judge_first(evaluation, rule)
    return _judge_gain(evaluation, rule)


def _first_unknown(evaluation: Evaluation) -> str:
    """Name the first quantity that a verdict needs and that is not there; empty when all are."""
    name, champion = evaluation.challenger.name, evaluation.champion
    needed = [(f"the challenger's {name}", evaluation.challenger.value)]
    if champion is not None or evaluation.champion_version is not None:
        needed += [
            (f"the champion's {name}", None if champion is None else champion.value),
            ("the gain", evaluation.gain),
            ("the error of the gain", _not_negative(evaluation.gain_se)),
        ]
    unknown = [what for what, value in needed if not _is_number(value)]
    if champion is not None and evaluation.champion_version is None:
        unknown.append("the champion's version")
    return unknown[0] if unknown else ""


def _judge_first(evaluation: Evaluation, rule: PromotionRule) -> PromotionVerdict:
    name, value = evaluation.challenger.name, evaluation.challenger.value or 0.0
    needed = rule.bootstrap_min_metric
    if needed is None:
        return _promote(
            f"first model: there is no champion yet, {name} {number(value, decimals=4)}"
        )
    metric: MetricName = TypeAdapter(MetricName).validate_python(name)
    is_enough = value >= needed if higher_is_better(metric) else value <= needed
    sentence = (
        f"first model: {name} {number(value, needed, decimals=4)}, needs"
        f" {'at least' if higher_is_better(metric) else 'at most'} {limit(needed, decimals=4)}"
    )
    return _promote(sentence) if is_enough else _keep(sentence)


def _judge_gain(evaluation: Evaluation, rule: PromotionRule) -> PromotionVerdict:
    gain, se = evaluation.gain or 0.0, evaluation.gain_se or 0.0
    beside = 0.0 if gain <= 0 else rule.min_gain
    told = (
        f"{evaluation.challenger.name} gain {number(gain, beside, decimals=4)} over"
        f" v{evaluation.champion_version}"
    )
    if gain <= 0:
        return _keep(f"{told}: the challenger is not better")
    told += f" (needs {limit(rule.min_gain, decimals=4)})"
    if gain < rule.min_gain:
        return _keep(told)
    chance = NormalDist().cdf(gain / se) if se > 0 else 1.0
    told += (
        f", positive with probability {number(chance, rule.min_probability, decimals=3)}"
        f" (needs {limit(rule.min_probability, decimals=3)})"
    )
    return _promote(told) if chance >= rule.min_probability else _keep(told)


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _not_negative(value: float | None) -> float | None:
    return None if value is None or value < 0 else value


def _keep(sentence: str) -> PromotionVerdict:
    return PromotionVerdict(verdict="keep", sentence=sentence)


def _promote(sentence: str) -> PromotionVerdict:
    return PromotionVerdict(verdict="promote", sentence=sentence)
