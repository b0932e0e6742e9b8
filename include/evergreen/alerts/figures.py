"""The figures that an alert shows above its text: each with its unit, and the limit beside it.

All functions give (label, value) pairs, and none where nothing is known: an alert shows the first
three.
"""

from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.metrics.wording import limit, number
from evergreen.presentation.formatting import NOTHING, duration, interval, metric_label
from evergreen.records import Evaluation, MetricEstimate

Numbers = tuple[tuple[str, str], ...]
DECIMALS = 4


def of_drift(measurement: DriftMeasurement, share_to_retrain: float) -> Numbers:
    """Drifted share with its limit, features over theirs, rows."""
    n_judged = sum(1 for c in measurement.columns if c.verdict != "insufficient_data")
    share = "not measured"
    if measurement.drifted_share is not None:
        share = number(measurement.drifted_share, share_to_retrain)
    return (
        ("Drifted share (0 to 1)", f"{share} (limit {limit(share_to_retrain)})"),
        ("Features over their limit", f"{len(measurement.drifted)} of {n_judged}"),
        ("Rows of the batch", str(measurement.n_rows)),
    )


def of_decay(measurement: DecayMeasurement | None) -> Numbers:
    """The metric now with its interval and what it was, the drop with its limit, label coverage."""
    if measurement is None or measurement.current is None or measurement.current.value is None:
        return ()
    current, then = measurement.current, measurement.reference
    was = "not known" if then is None else _score(then.value)
    found = [
        (metric_label(current.name), f"{_score(current.value)}{_interval(current)} (was {was})")
    ]
    if measurement.drop is not None:
        bound = measurement.limit
        against = "" if bound is None else f" (limit {limit(bound)})"
        drop = number(measurement.drop, bound, decimals=DECIMALS)
        found.append(("Drop", f"{drop}{against}"))
    if measurement.coverage is not None:
        found.append(("Rows with labels", f"{measurement.coverage:.0%} of those scored"))
    return tuple(found)


def of_evaluation(evaluation: Evaluation | None) -> Numbers:
    """Both scores, the paired gain with its 95 % interval, and the rows they rest on."""
    if evaluation is None:
        return ()
    scores = f"challenger {_score(evaluation.challenger.value)}"
    if evaluation.champion is not None:
        scores += f", champion {_score(evaluation.champion.value)}"
    found = [(metric_label(evaluation.challenger.name), scores)]
    if evaluation.gain is not None:
        found.append(("Gain (positive: challenger better)", gain_of(evaluation)))
    found.append(("Holdout rows", str(evaluation.n_rows)))
    return tuple(found)


def gain_of(evaluation: Evaluation) -> str:
    """The gain with its 95 % interval, or its standard error where that is all that is known."""
    if evaluation.gain is None:
        return "not computable"
    low, high, se = evaluation.gain_low, evaluation.gain_high, evaluation.gain_se
    error = "" if se is None else f", standard error {se:.4f}"
    if low is not None and high is not None:
        error = f", 95 % interval {low:+.4f} to {high:+.4f}"
    return f"{evaluation.gain:+.4f}{error}"


def of_rules(n_broken: int | None, n_rules: int | None, n_rows: int | None) -> Numbers:
    """Broken rules of all that were checked, and the rows of the delivery."""
    rules = () if n_rules is None else (("Broken rules", f"{n_broken} of {n_rules}"),)
    return rules if n_rows is None else (*rules, ("Rows delivered", str(n_rows)))


def of_wait(waited_hours: float, limit_hours: float | None = None) -> Numbers:
    """How long was waited, with the limit where there is one."""
    against = "" if limit_hours is None else f" (limit {duration(limit_hours)})"
    return (("Waited", f"{duration(waited_hours)}{against}"),)


def of_champions(version: str | None, before: str | None) -> Numbers:
    """Which version serves, and which did."""
    return (("Champion now", _version(version)), ("Champion before", _version(before)))


def _version(version: str | None) -> str:
    return f"version {version}" if version else "none"


def _interval(estimate: MetricEstimate) -> str:
    text = interval(estimate)
    return "" if text == NOTHING else f", 95 % interval {text}"


def _score(value: float | None) -> str:
    return "not computable" if value is None else f"{value:.4f}"
