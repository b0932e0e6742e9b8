import math

import pytest

from evergreen.evaluation.costs import check_latency, check_size
from evergreen.evaluation.scored_rows import Contender
from evergreen.spec.promoting import Guards

GUARDS = Guards(max_latency_ratio=2.0, max_model_mb=1.5)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        pytest.param(0.5, 1.0, "passed", id="at the limit"),
        pytest.param(0.5, 1.001, "failed", id="beyond it"),
        pytest.param(0.001, 0.04, "passed", id="too short to tell"),
        pytest.param(0.001, 0.06, "failed", id="long enough to tell"),
        pytest.param(1.0, 0.1, "passed", id="faster"),
        pytest.param(None, 0.1, "insufficient", id="champion not timed"),
        pytest.param(0.1, None, "insufficient", id="challenger not timed"),
        pytest.param(0.0, 0.1, "insufficient", id="no time at all"),
        pytest.param(0.1, math.nan, "insufficient", id="NaN"),
        pytest.param(math.inf, 0.1, "insufficient", id="infinite"),
    ],
)
def test_latency_is_limited_by_its_ratio(
    before: float | None, after: float | None, verdict: str
) -> None:
    champion, challenger = Contender([0.1], before), Contender([0.1], after)

    (found,) = check_latency(GUARDS, champion, challenger, n_rows=1000)

    assert found.verdict == verdict
    assert found.limit == 2.0


def test_latency_is_told_per_row() -> None:
    (found,) = check_latency(GUARDS, Contender([1], 0.1), Contender([1], 0.3), n_rows=10_000)

    assert found.value == pytest.approx(3)
    assert found.sentence == (
        "30.0 microseconds a row against the champion's 10.0: 3.00 times, at most 2.00 allowed,"
        " on 10000 rows"
    )


@pytest.mark.parametrize(
    ("size", "verdict"),
    [(1_500_000, "passed"), (1_500_001, "failed"), (None, "insufficient"), (0, "insufficient")],
)
def test_size_is_limited(size: int | None, verdict: str) -> None:
    (found,) = check_size(GUARDS, Contender([0.1], size_bytes=size))

    assert found.verdict == verdict
    assert (found.value is None) == (verdict == "insufficient")
