"""The rule that a challenger must pass: a gain that is large enough, with the evidence asked for.

Whatever is missing, not finite or not measured keeps the champion. Each refusal has its own cause
and sentence.
"""

import math
from collections.abc import Sequence

from pydantic import TypeAdapter

from evergreen.metrics import higher_is_better
from evergreen.metrics.wording import limit, number
from evergreen.promotion.levels import Proof, prove
from evergreen.records import Evaluation, GuardResult, PromotionVerdict, VerdictCause
from evergreen.spec.model import MetricName
from evergreen.spec.promoting import PromotionRule

MAX_NAMED = 5


def judge(
    evaluation: Evaluation,
    rule: PromotionRule,
    *,
    min_rows: int,
    earlier: Sequence[Evaluation] = (),
) -> PromotionVerdict:
    """Say whether the challenger may take the champion's place.

    In this order: enough rows, a champion that could be scored, all quantities known, no guard
    failed. Then the first model passes when it reaches ``bootstrap_min_metric``, where the spec
    sets one; any other when its paired gain is above 0 and at least ``min_gain``, with evidence of
    the rule's level. The same arguments give the same verdict.

    Args:
        evaluation: Both models on the same rows.
        rule: The spec's promotion rule; gains in the metric's unit, probability in 0.5..1.
        min_rows: Fewer holdout rows than this keep the champion.
        earlier: Evaluations of this model's earlier retrains against a champion, oldest first,
            promoted or not; this retrain's own is not among them.
    """
    verdict = _refusal(evaluation, min_rows) or _on_merit(evaluation, rule, earlier)
    unproved = [guard.guard for guard in evaluation.guards if guard.verdict == "insufficient"]
    if not unproved:
        return verdict
    sentence = f"{verdict.sentence}; not computed: {_listed(unproved)}"
    return verdict.model_copy(update={"sentence": sentence})


def _refusal(evaluation: Evaluation, min_rows: int) -> PromotionVerdict | None:
    """Return the refusal of an evaluation that cannot be acted upon, however large the gain."""
    if evaluation.n_rows < min_rows:
        return _keep("too_few_rows", f"the holdout has {evaluation.n_rows} rows, needs {min_rows}")
    why = evaluation.sentence or "no reason was given"
    if not evaluation.is_champion_scored:
        champion = evaluation.champion_version or "without a version"
        return _keep(
            "champion_not_scored",
            f"champion v{champion} could not be scored, so there is nothing to compare with and"
            f" it stays: {why}",
        )
    unknown = _first_unknown(evaluation)
    if unknown:
        return _keep("metric_unknown", f"{unknown} is not known, so the champion stays: {why}")
    failed = [guard for guard in evaluation.guards if guard.verdict == "failed"]
    return _keep("guard_failed", _told_failed(failed)) if failed else None


def _on_merit(
    evaluation: Evaluation, rule: PromotionRule, earlier: Sequence[Evaluation]
) -> PromotionVerdict:
    if evaluation.champion_version is None:
        return _judge_first(evaluation, rule)
    return _judge_gain(evaluation, rule, earlier)


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
        told = f"first model: there is no champion yet, {name} {number(value, decimals=4)}"
        return _promote("first_model", told)
    metric: MetricName = TypeAdapter(MetricName).validate_python(name)
    is_enough = value >= needed if higher_is_better(metric) else value <= needed
    sentence = (
        f"first model: {name} {number(value, needed, decimals=4)}, needs"
        f" {'at least' if higher_is_better(metric) else 'at most'} {limit(needed, decimals=4)}"
    )
    return _promote("first_model", sentence) if is_enough else _keep("below_minimum", sentence)


def _judge_gain(
    evaluation: Evaluation, rule: PromotionRule, earlier: Sequence[Evaluation]
) -> PromotionVerdict:
    gain = evaluation.gain or 0.0
    beside = 0.0 if gain <= 0 else rule.min_gain
    told = (
        f"{evaluation.challenger.name} gain {number(gain, beside, decimals=4)} over"
        f" v{evaluation.champion_version}"
    )
    if gain <= 0:
        return _keep("not_better", f"{told}: the challenger is not better")
    if rule.min_gain > 0:
        told += f" (needs {limit(rule.min_gain, decimals=4)})"
    if gain < rule.min_gain:
        return _keep("gain_too_small", told)
    proof = prove(evaluation, rule, earlier=earlier)
    told += f", {proof.sentence}" if proof.sentence else ""
    verdict = _promote("better", told) if proof.is_enough else _keep("not_enough_evidence", told)
    return _with(verdict, proof)


def _with(verdict: PromotionVerdict, proof: Proof) -> PromotionVerdict:
    evidence = {"probability": proof.probability, "e_value": proof.e_value}
    return verdict.model_copy(update=evidence)


def _told_failed(failed: Sequence[GuardResult]) -> str:
    more = f"; {_listed([guard.guard for guard in failed[1:]])} failed too" if failed[1:] else ""
    return f"guard {failed[0].guard} failed: {failed[0].sentence}{more}"


def _listed(names: Sequence[str]) -> str:
    n_more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {n_more} more" if n_more > 0 else "")


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _not_negative(value: float | None) -> float | None:
    return None if value is None or value < 0 else value


def _keep(cause: VerdictCause, sentence: str) -> PromotionVerdict:
    return PromotionVerdict(verdict="keep", cause=cause, sentence=sentence)


def _promote(cause: VerdictCause, sentence: str) -> PromotionVerdict:
    return PromotionVerdict(verdict="promote", cause=cause, sentence=sentence)
