"""Which of several challengers goes on to be judged."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from evergreen.metrics import drop
from evergreen.records import CandidateResult, Evaluation
from evergreen.spec.model import MetricName

METRIC: TypeAdapter[MetricName] = TypeAdapter(MetricName)


def choose(evaluations: Sequence[tuple[str, Evaluation]]) -> tuple[str, Evaluation]:
    """Return the candidate with the largest gain, with all that were looked at in ``candidates``.

    Of equal ones the first. Where no gain is known, for there is no champion or it could not be
    scored, the one with the best metric; where that is not known either, the first.

    Args:
        evaluations: Name and evaluation of each candidate, on the same rows.

    Raises:
        ValueError: There is none, or two were evaluated on different rows.
    """
    if not evaluations:
        raise ValueError("there is no candidate to choose from; pass at least one evaluation")
    holdouts = {(one.holdout.start, one.holdout.end, one.n_rows) for _, one in evaluations}
    if len(holdouts) > 1:
        raise ValueError(
            f"candidates were evaluated on {len(holdouts)} different holdouts; pass the same rows"
        )
    name, chosen = max(evaluations, key=lambda candidate: _merit(candidate[1]))
    looked_at = tuple(_result(candidate, one) for candidate, one in evaluations)
    return name, chosen.model_copy(update={"candidates": looked_at})


def _merit(evaluation: Evaluation) -> tuple[int, float]:
    """Rank an evaluation: a known gain before a known metric, before nothing known."""
    if evaluation.gain is not None:
        return 2, evaluation.gain
    value = evaluation.challenger.value
    if value is None:
        return 0, 0.0
    metric = METRIC.validate_python(evaluation.challenger.name)
    return 1, -drop(metric, 0.0, value)


def _result(name: str, evaluation: Evaluation) -> CandidateResult:
    return CandidateResult(
        candidate=name,
        version=evaluation.challenger_version,
        gain=evaluation.gain,
        gain_se=evaluation.gain_se,
        sentence=evaluation.sentence,
    )
