"""What there is to learn from a back-test, in one sentence for the whole and one per policy."""

from collections.abc import Sequence

from evergreen.backtest.report.phrases import METRIC_WORDS, percent, score_text
from evergreen.backtest.report.summary import SummaryRow, beaten_by, least_gain
from evergreen.metrics import higher_is_better
from evergreen.presentation.formatting import plural
from evergreen.spec.model import MetricName


def verdict(rows: Sequence[SummaryRow], metric: MetricName, *, n_batches: int) -> str:
    """Say whether retraining pays on this history, and what the best answer to it costs.

    Args:
        rows: All policies of the back-test.
        metric: What the scores are.
        n_batches: Batches that were scored.
    """
    by_name = {row.policy: row for row in rows}
    never, every = by_name.get("never"), by_name.get("every")
    if never is None or every is None or every.gain is None:
        return f"Of {plural(n_batches, 'batch')} none could be scored."
    word = METRIC_WORDS[metric]
    if every.gain < least_gain(never.score, metric):
        return (
            f"Retraining at every one of {plural(n_batches, 'batch')} moves {word} from"
            f" {score_text(never.score)} to {score_text(every.score)} only: nothing much changes in"
            " this history, and the best policy is the one that spends least."
        )
    verb = "lifts" if higher_is_better(metric) else "lowers"
    head = (
        f"Retraining at every one of {plural(n_batches, 'batch')} {verb} {word} from"
        f" {score_text(never.score)} to {score_text(every.score)}."
    )
    best = _best(rows)
    if best is None:
        return head
    return (
        f"{head} {best.policy} keeps {percent(best.kept)} of that gain for {percent(best.cost)} of"
        " the trainings."
    )


def lesson(row: SummaryRow, rows: Sequence[SummaryRow], metric: MetricName) -> str:
    """Say in one sentence what a policy's row means.

    Args:
        row: One of ``rows``.
        rows: All policies of the back-test.
        metric: What the scores are.
    """
    if row.score is None:
        return "No batch could be scored."
    if row.policy == "never":
        return (
            f"The first champion serves to the end, at {METRIC_WORDS[metric]}"
            f" {score_text(row.score)}: what doing nothing is worth, and what every gain is"
            " measured from."
        )
    by_name = {other.policy: other for other in rows}
    every, never = by_name.get("every"), by_name.get("never")
    gain = every.gain or 0.0 if every else 0.0
    is_idle = gain < least_gain(never.score if never else None, metric)
    if row.policy == "every":
        return _of_every(row, METRIC_WORDS[metric], is_idle=is_idle)
    if is_idle:
        return _of_idle(row)
    return f"{_gained(row)}{_compared(row, rows)}."


def _best(rows: Sequence[SummaryRow]) -> SummaryRow | None:
    """Return the product's own policy, or the one that gains most for its cost."""
    others = [row for row in rows if row.policy not in ("never", "every") and row.kept is not None]
    own = next((row for row in others if row.policy == "default"), None)
    return own or max(others, key=lambda row: (row.kept or 0.0) - row.cost, default=None)


def _of_every(row: SummaryRow, word: str, *, is_idle: bool) -> str:
    gain = row.gain or 0.0
    if is_idle:
        return (
            f"{_trainings(row)} move {word} by {gain:+.3f}: there was nothing here to keep up with."
        )
    return (
        f"{_trainings(row)} gain {gain:.3f} of {word}: the full price, and the 100% that kept is"
        " measured by."
    )


def _of_idle(row: SummaryRow) -> str:
    if row.n_fits == 0:
        return "It stood down throughout, and rightly: retraining gains nothing on this history."
    return (
        f"It spent {_trainings(row)} ({percent(row.cost)} of what every spends) where retraining"
        " gains nothing: on quiet history, the fewer the better."
    )


def _gained(row: SummaryRow) -> str:
    kept = row.kept or 0.0
    if row.n_fits == 0:
        return "It never asked for a retrain, and is worth what never is"
    if kept < 0:
        return (
            f"{_trainings(row)} left it worse than never retraining, by {percent(-kept)} of what"
            " every gains"
        )
    if kept > 1:
        return (
            f"It gains more than retraining at every batch ({percent(kept)}), for"
            f" {percent(row.cost)} of the trainings"
        )
    return (
        f"It keeps {percent(kept)} of the gain of retraining at every batch, for"
        f" {percent(row.cost)} of the trainings"
    )


def _compared(row: SummaryRow, rows: Sequence[SummaryRow]) -> str:
    better = beaten_by(row, rows)
    if better is None:
        return "; no other policy here gives as much for as little"
    return f"; {better.policy} keeps {percent(better.kept)} for {percent(better.cost)}"


def _trainings(row: SummaryRow) -> str:
    return plural(row.n_fits, "training")
