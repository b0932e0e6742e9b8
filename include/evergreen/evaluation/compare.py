"""Comparing a challenger with the champion on the same newest matured rows."""

from numpy.typing import ArrayLike

from evergreen.evaluation.scored_rows import mismatch
from evergreen.metrics import estimate
from evergreen.metrics.paired import PairedGain, paired_difference
from evergreen.records import Evaluation, MetricEstimate, Window
from evergreen.spec.model import MetricName


def compare(
    target: ArrayLike,
    challenger_score: ArrayLike,
    champion_score: ArrayLike | None,
    *,
    metric: MetricName,
    challenger_version: str | None,
    champion_version: str | None,
    holdout: Window,
    times: ArrayLike | None = None,
    champion_problem: str = "",
) -> Evaluation:
    """Score both models anew and give the paired difference with its 95 % interval.

    Total over data: what cannot be computed (a score that is not finite, one class only, no rows)
    is None beside a sentence that says why.

    Args:
        target: Labels of the holdout, shape (n,): 0 or 1, a class of 0..K-1, or a number.
        challenger_score: The challenger's probability of class 1, shape (n,), its probabilities of
            K classes, shape (n, K), or its predicted number, shape (n,).
        champion_score: The champion's, on the same rows; None where there is no champion.
        metric: The spec's metric.
        challenger_version: Its version in the registry, None before it has one.
        champion_version: Its version in the registry, None where there is no champion.
        holdout: Window of these rows.
        times: Event time of each row, shape (n,); None: rows are taken as independent.
        champion_problem: Why the champion could not be scored, in a sentence; then
            ``champion_score`` is None beside its version. Empty where it could be.

    Raises:
        ValueError: The columns differ in length, only one of ``champion_score`` and
            ``champion_version`` is given without a problem, or a problem beside scores.
    """
    _check_sides(champion_score, champion_version, champion_problem)
    other = "" if champion_score is None else mismatch(champion_score, challenger_score)
    if other:
        champion_score, champion_problem = None, other
    challenger = estimate(metric, target, challenger_score)
    champion, paired = None, PairedGain(None, None, None, None, "")
    is_scored = not champion_problem
    if champion_score is not None:
        champion = estimate(metric, target, champion_score)
        paired = paired_difference(metric, target, champion_score, challenger_score, times=times)
        is_scored = champion.value is not None or challenger.value is None
    return Evaluation(
        challenger_version=challenger_version,
        champion_version=champion_version,
        challenger=challenger,
        champion=champion,
        gain=paired.gain,
        gain_se=paired.se,
        gain_low=paired.low,
        gain_high=paired.high,
        method=paired.method,
        is_champion_scored=is_scored,
        n_rows=challenger.n_rows,
        holdout=holdout,
        sentence=_sentence(challenger, champion, paired, champion_version, champion_problem),
    )


def _check_sides(score: ArrayLike | None, version: str | None, problem: str) -> None:
    if problem and (score is not None or version is None):
        raise ValueError(
            f"champion_problem is given with champion_version {version!r} and champion_score"
            f" {'missing' if score is None else 'given'}; give a version and no scores"
        )
    if not problem and (score is None) != (version is None):
        raise ValueError(
            f"champion_version is {version!r} and champion_score is"
            f" {'missing' if score is None else 'given'}; give both or neither"
        )


def _sentence(
    challenger: MetricEstimate,
    champion: MetricEstimate | None,
    paired: PairedGain,
    version: str | None,
    problem: str,
) -> str:
    if problem:
        unscored = f"the champion v{version} could not be scored: {problem.rstrip('.')}"
        return f"{unscored}; {_told('challenger', challenger)}"
    if champion is None:
        return f"there is no champion yet; {_told('challenger', challenger)}"
    return _compared(challenger, champion, paired)


def _compared(challenger: MetricEstimate, champion: MetricEstimate, paired: PairedGain) -> str:
    if paired.gain is None:
        unknown = [
            _told(who, one)
            for who, one in (("challenger", challenger), ("champion", champion))
            if one.value is None
        ]
        return "; ".join(unknown)
    interval = "without error (too few rows)"
    if paired.low is not None and paired.high is not None:
        interval = f"(95 % interval {paired.low:+.4f} to {paired.high:+.4f})"
    return (
        f"{challenger.name} of the challenger {challenger.value:.4f}, of the champion"
        f" {champion.value:.4f}: gain {paired.gain:+.4f} {interval} on {challenger.n_rows} rows"
    )


def _told(who: str, one: MetricEstimate) -> str:
    return f"{who}: {one.sentence}"
