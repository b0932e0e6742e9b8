"""Comparing a challenger with the champion on the same newest matured rows."""

from numpy.typing import ArrayLike

from evergreen.metrics import estimate, paired_gain
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
) -> Evaluation:
    """Score both models anew and give the paired difference.

    Total over data: what cannot be computed (a score that is not finite, one class only, no rows)
    is None beside a sentence that says why.

    Args:
        target: Labels of the holdout, 0 or 1, shape (n,).
        challenger_score: The challenger's probability of class 1, 0..1, shape (n,).
        champion_score: The champion's, on the same rows; None where there is no champion.
        metric: The spec's metric.
        challenger_version: Its version in the registry, None before it has one.
        champion_version: Its version in the registry, None where there is no champion.
        holdout: Window of these rows.

    Raises:
        ValueError: The columns differ in length, or only one of ``champion_score`` and
            ``champion_version`` is given.
    """
    if (champion_score is None) != (champion_version is None):
        raise ValueError(
            f"champion_version is {champion_version!r} and champion_score is"
            f" {'missing' if champion_score is None else 'given'}; give both or neither"
        )
    challenger = estimate(metric, target, challenger_score)
    if champion_score is None:
        return Evaluation(
            challenger_version=challenger_version,
            champion_version=None,
            challenger=challenger,
            champion=None,
            gain=None,
            gain_se=None,
            n_rows=challenger.n_rows,
            holdout=holdout,
            sentence=f"there is no champion yet; {_told('challenger', challenger)}",
        )
    champion = estimate(metric, target, champion_score)
    gain, gain_se = paired_gain(metric, target, champion_score, challenger_score)
    return Evaluation(
        challenger_version=challenger_version,
        champion_version=champion_version,
        challenger=challenger,
        champion=champion,
        gain=gain,
        gain_se=gain_se,
        n_rows=challenger.n_rows,
        holdout=holdout,
        sentence=_compared(challenger, champion, gain, gain_se),
    )


def _compared(
    challenger: MetricEstimate, champion: MetricEstimate, gain: float | None, se: float | None
) -> str:
    if gain is None:
        unknown = [
            _told(who, one)
            for who, one in (("challenger", challenger), ("champion", champion))
            if one.value is None
        ]
        return "; ".join(unknown) or f"the difference of {challenger.name} could not be computed"
    error = "without error (too few rows)" if se is None else f"+/- {se:.4f}"
    return (
        f"{challenger.name} of the challenger {challenger.value:.4f}, of the champion"
        f" {champion.value:.4f}: gain {gain:+.4f} {error} on {challenger.n_rows} rows"
    )


def _told(who: str, one: MetricEstimate) -> str:
    return f"{who}: {one.sentence}"
