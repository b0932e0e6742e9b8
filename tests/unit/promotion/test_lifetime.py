from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evergreen.promotion.evidence import Measured
from evergreen.promotion.lifetime import (
    CANDIDATE,
    DISCARD,
    SMALLEST_P,
    Retrain,
    budget_for,
    e_value,
    p_value,
)
from evergreen.records import Window

START = datetime(2013, 1, 1, tzinfo=UTC)
ERROR = 0.05
FIRST = ERROR * (DISCARD - CANDIDATE) / 11
# z at which p is between the two limits, above the upper one, and below the lower one
UNDECIDED, PLAINLY_WORSE, PLAINLY_BETTER = 0.5, -1.0, 3.0


def week(n: int, days: float = 7) -> Window:
    return Window(start=START + timedelta(days=7 * n), end=START + timedelta(days=7 * n + days))


def year(z: float, n: int = 52) -> list[Retrain]:
    return [Retrain(Measured(z * 0.01, 0.01), week(place)) for place in range(n)]


def budget(earlier: list[Retrain], holdout: Window | None = None) -> float:
    return budget_for(holdout or week(60), earlier, lifetime_error=ERROR)


def test_all_parts_together_are_no_more_than_the_lifetime_error() -> None:
    parts = [budget(year(UNDECIDED, n)) for n in range(300)]

    # What is discarded or a candidate uses nothing up: the rest is tested at a rate of half.
    assert 0.95 * ERROR < sum(parts) / (DISCARD - CANDIDATE) < ERROR
    assert parts == sorted(parts, reverse=True)
    assert parts[0] == pytest.approx(FIRST)


@pytest.mark.parametrize("z", [PLAINLY_WORSE, PLAINLY_BETTER], ids=["worse", "better"])
def test_a_plain_retrain_uses_nothing_up(z: float) -> None:
    assert budget(year(z)) == pytest.approx(FIRST)
    assert budget(year(UNDECIDED)) < FIRST / 10


def test_a_retrain_on_the_same_rows_is_used_up_whatever_it_found() -> None:
    earlier = year(PLAINLY_WORSE, 3)

    touching, sharing = week(3), week(2, days=8)

    assert budget(earlier, touching) == pytest.approx(FIRST)
    assert budget(earlier, sharing) < FIRST


def test_the_order_of_a_life_does_not_matter() -> None:
    life = [*year(UNDECIDED, 5), *year(PLAINLY_WORSE, 9)]

    assert budget(life) == budget(life[::-1])


@pytest.mark.parametrize(
    ("gain", "se", "p"),
    [
        pytest.param(0.0, 0.01, 0.5, id="tie"),
        pytest.param(0.0164485, 0.01, 0.05, id="one-sided"),
        pytest.param(-0.01, 0.01, 0.8413, id="worse"),
        pytest.param(1.0, 0.01, SMALLEST_P, id="beyond belief"),
        pytest.param(0.01, 0.0, SMALLEST_P, id="better without error"),
        pytest.param(-0.01, 0.0, 1.0, id="worse without error"),
        pytest.param(0.0, 0.0, 1.0, id="the same model"),
    ],
)
def test_p_is_the_chance_of_such_a_gain(gain: float, se: float, p: float) -> None:
    assert p_value(Measured(gain, se)) == pytest.approx(p, rel=1e-3)


def test_an_e_value_is_one_on_average_where_nothing_is_better() -> None:
    p = (np.arange(10_000) + 0.5) / 10_000

    assert 0.98 < np.mean([e_value(float(one)) for one in p]) <= 1
    assert e_value(1e-4) == pytest.approx(50)
    assert e_value(1.0) == 0.5
