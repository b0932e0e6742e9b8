"""Two models of known AUC on the same rows, again and again: what their paired comparison shows.

A score is the row's class, what both models know, and what each adds of its own, all normal. Two
LightGBM models whose windows of flights differ by one batch of eight have scores that correlate by
.86 within a class (``nyc_flights``, mean of nine batches; .80 and .92 on elec2 and ne_weather; .79
where they differ by two batches); 23 % of flights are late.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from evergreen.metrics.paired import paired_difference
from evergreen.records import Evaluation, MetricEstimate, Window

Truth = Literal["equal", "worse", "better"]

CORRELATION = 0.86
POSITIVE_SHARE = 0.23
CHAMPION_AUC = 0.70
TRUTHS: dict[Truth, float] = {"equal": 0.0, "worse": -0.01, "better": 0.01}
WEEK = timedelta(days=7)
START = datetime(2013, 1, 1, tzinfo=UTC)


class Draws(NamedTuple):
    """Paired gains over the champion and their standard errors, shape (m,) each."""

    gains: NDArray[np.float64]
    errors: NDArray[np.float64]


@dataclass(frozen=True)
class DrawWork:
    """Some comparisons on holdouts of one size; equal works give equal draws."""

    n_rows: int
    n_draws: int
    seed: tuple[int, ...]


def draw(work: DrawWork) -> dict[Truth, Draws]:
    """Compare challengers of each truth with a champion, on new rows each time.

    The error is that of the product: the larger one of rows and of blocks in time.
    """
    random = np.random.default_rng([*work.seed, work.n_rows])
    times = np.arange(work.n_rows)
    found: dict[Truth, list[tuple[float, float]]] = {truth: [] for truth in TRUTHS}
    for _ in range(work.n_draws):
        target = _labels(random, work.n_rows)
        shared, own, others = random.normal(size=(3, work.n_rows))
        champion = _score(target, CHAMPION_AUC, shared, own)
        for truth, gain in TRUTHS.items():
            challenger = _score(target, CHAMPION_AUC + gain, shared, others)
            paired = paired_difference("auc", target, champion, challenger, times=times)
            if paired.gain is not None and paired.se is not None:
                found[truth].append((paired.gain, paired.se))
    return {
        truth: Draws(*np.array(pairs, dtype=np.float64).reshape(-1, 2).T)
        for truth, pairs in found.items()
    }


def as_evaluation(gain: float, se: float, *, n_rows: int, week: int) -> Evaluation:
    """Return a comparison as the rule takes it: the one of a week of the model's life."""
    champion = MetricEstimate.model_construct(
        name="auc", value=CHAMPION_AUC, se=se, n_rows=n_rows, sentence=""
    )
    challenger = champion.model_copy(update={"value": CHAMPION_AUC + gain})
    start = START + week * WEEK
    return Evaluation.model_construct(
        challenger_version=str(week + 2),
        champion_version=str(week + 1),
        challenger=challenger,
        champion=champion,
        gain=gain,
        gain_se=se,
        n_rows=n_rows,
        holdout=Window.model_construct(start=start, end=start + WEEK),
        sentence="",
    )


def _labels(random: np.random.Generator, n_rows: int) -> NDArray[np.float64]:
    return (random.random(n_rows) < POSITIVE_SHARE).astype(np.float64)


def _score(
    target: NDArray[np.float64],
    auc: float,
    shared: NDArray[np.float64],
    own: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Score rows so that the AUC is ``auc``: classes apart by sqrt(2) times its normal quantile."""
    apart = np.sqrt(2.0) * norm.ppf(auc)
    noise = np.sqrt(CORRELATION) * shared + np.sqrt(1.0 - CORRELATION) * own
    scored: NDArray[np.float64] = apart * target + noise
    return scored
