"""Lives of a model: a year of weekly retrains, each judged with all before it in memory."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from bench.promotion_scores import Draws, Truth, as_evaluation

from evergreen.promotion.rule import judge
from evergreen.records import Evaluation
from evergreen.spec.promoting import Level, PromotionRule

LIFE = 52
MIN_ROWS = 100


class Shares(NamedTuple):
    """Of retrains that promote, 0..1, and of lives in which at least one does."""

    per_retrain: float
    ever: float


@dataclass(frozen=True)
class LifeWork:
    """Lives of one level, on holdouts of one size, whose challengers are all of one truth.

    ``last`` is the truth of the one retrain after the life, where that is asked for.
    """

    level: Level
    n_rows: int
    truth: Truth
    n_lives: int
    seed: tuple[int, ...]
    last: Truth | None = None


def live(work: LifeWork, draws: dict[Truth, Draws]) -> tuple[int, int]:
    """Play lives; give how many retrains promoted, and in how many lives at least one did.

    With ``last`` only the retrain after each life is judged; then both numbers count those.
    """
    random = np.random.default_rng([*work.seed, work.n_rows])
    rule = PromotionRule(level=work.level)
    n_promoted = n_ever = 0
    for _ in range(work.n_lives):
        life = _evaluations(random, draws[work.truth], work.n_rows, LIFE)
        if work.last is None:
            judged = [_is_promoted(life, week, rule) for week in range(LIFE)]
        else:
            last = _evaluations(random, draws[work.last], work.n_rows, 1, first_week=LIFE)
            judged = [_is_promoted([*life, *last], LIFE, rule)]
        n_promoted += sum(judged)
        n_ever += any(judged)
    return n_promoted, n_ever


def naive(draws: Draws, *, n_lives: int, seed: tuple[int, ...]) -> Shares:
    """Return the shares of the rule "the metric is higher", which remembers nothing."""
    random = np.random.default_rng(seed)
    promoted = random.choice(draws.gains, size=(n_lives, LIFE)) > 0
    return Shares(float(promoted.mean()), float(promoted.any(axis=1).mean()))


def _is_promoted(life: list[Evaluation], week: int, rule: PromotionRule) -> bool:
    verdict = judge(life[week], rule, min_rows=MIN_ROWS, earlier=life[:week])
    return verdict.verdict == "promote"


def _evaluations(
    random: np.random.Generator, draws: Draws, n_rows: int, n: int, *, first_week: int = 0
) -> list[Evaluation]:
    places = random.integers(draws.gains.size, size=n)
    pairs = zip(draws.gains[places].tolist(), draws.errors[places].tolist(), strict=True)
    return [
        as_evaluation(gain, se, n_rows=n_rows, week=first_week + week)
        for week, (gain, se) in enumerate(pairs)
    ]
