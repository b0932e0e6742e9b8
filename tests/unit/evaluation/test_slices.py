from typing import Any

import numpy as np
import pytest

from builders.chance import most
from builders.paired_models import make_pair
from evergreen.evaluation import metric_drop
from evergreen.evaluation.scored_rows import Rows
from evergreen.evaluation.slices import check_slices
from evergreen.records import GuardResult
from evergreen.spec.promoting import Guards

N_ROWS = 4000


def check(
    column: Any, *, harmed: Any = None, seed: int = 1, **limits: Any
) -> dict[str, GuardResult]:
    """Compare two models of equal quality, of which the challenger guesses on ``harmed`` rows."""
    target, common, _ = make_pair("binary", N_ROWS, seed=seed)
    random = np.random.default_rng(seed + 1000)
    champion, challenger = (
        np.clip(common + random.normal(scale=0.05, size=N_ROWS), 0, 1) for _ in range(2)
    )
    if harmed is not None:
        challenger = np.where(harmed, random.random(N_ROWS), challenger)
    guards = Guards(slices=("x",), **limits)
    rows = Rows("auc", target, champion, challenger, np.arange(N_ROWS))
    return {one.guard: one for one in check_slices(guards, rows, {"x": np.asarray(column)})}


def test_only_the_slice_that_became_worse_fails() -> None:
    carrier = np.tile(["AA", "DL", "UA", "WN"], N_ROWS // 4)

    found = check(carrier, harmed=carrier == "UA")

    assert {guard: one.verdict for guard, one in found.items()} == {
        "slice x=AA": "passed",
        "slice x=DL": "passed",
        "slice x=UA": "failed",
        "slice x=WN": "passed",
    }
    assert (found["slice x=UA"].value or 0) > 0.05
    assert found["slice x=UA"].n_rows == 1000


def test_a_drop_within_the_limit_passes_however_sure_it_is() -> None:
    carrier = np.tile(["AA", "UA"], N_ROWS // 2)

    found = check(carrier, harmed=carrier == "UA", slice_max_drop=0.9)

    assert {one.verdict for one in found.values()} == {"passed"}


def test_models_of_equal_quality_fail_by_chance_in_at_most_5_of_100_comparisons() -> None:
    slices = np.arange(N_ROWS) % 19
    names = np.char.add("s", slices.astype(str))

    lives = [check(names, seed=seed, slice_max_drop=1e-6) for seed in range(100)]

    n_failed = sum(any(one.verdict == "failed" for one in found.values()) for found in lives)
    beyond = [one for found in lives for one in found.values() if (one.value or 0) > 1e-6]
    assert n_failed <= most(100, metric_drop.MISSED)
    assert len(beyond) > 500
    assert any("yet within chance" in one.sentence for one in beyond)


@pytest.mark.parametrize(
    ("n_rows", "verdict"), [(199, "insufficient"), (200, "passed")], ids=["too few", "enough"]
)
def test_a_slice_with_too_few_rows_is_insufficient(n_rows: int, verdict: str) -> None:
    found = check([None] * (N_ROWS - n_rows) + ["AA"] * n_rows)

    only = found["slice x=AA" if n_rows == 200 else "slice x=other values"]
    assert (only.verdict, only.n_rows) == (verdict, n_rows)
    assert (only.value is None) == (verdict == "insufficient")
    assert found["slice x missing"].verdict == "passed"


def test_rare_values_are_taken_together() -> None:
    names = np.where(
        np.arange(N_ROWS) < 3000, "AA", np.char.add("r", np.arange(N_ROWS).astype(str))
    )

    found = check(names)

    assert {guard: one.n_rows for guard, one in found.items()} == {
        "slice x=AA": 3000,
        "slice x=other values": 1000,
    }


def test_at_most_twenty_values_are_slices_of_their_own() -> None:
    found = check([f"v{place % 25}" for place in range(N_ROWS)], slice_min_rows=100)

    assert len(found) == 21
    assert found["slice x=other values"].n_rows == 5 * N_ROWS // 25


def test_numbers_are_cut_at_their_quartiles() -> None:
    found = check(np.arange(N_ROWS, dtype=float))

    assert {guard: one.n_rows for guard, one in found.items()} == {
        "slice x up to 999": 1000,
        "slice x over 999 to 1999": 1000,
        "slice x over 1999 to 2999": 1000,
        "slice x over 2999": 1000,
    }


@pytest.mark.parametrize(
    ("column", "guards"),
    [
        pytest.param(
            np.tile([True, False], N_ROWS // 2), {"slice x=True", "slice x=False"}, id="booleans"
        ),
        pytest.param(np.full(N_ROWS, 3), {"slice x up to 3"}, id="one number"),
        pytest.param(np.full(N_ROWS, np.nan), {"slice x missing"}, id="nothing but missing"),
        pytest.param(np.full(N_ROWS, None), {"slice x missing"}, id="nothing but none"),
        pytest.param(
            np.where(np.arange(N_ROWS) < 500, np.nan, 1.5),
            {"slice x up to 1.5", "slice x missing"},
            id="some missing",
        ),
    ],
)
def test_every_row_lies_in_exactly_one_slice(column: Any, guards: set[str]) -> None:
    found = check(column)

    assert set(found) == guards
    assert sum(one.n_rows or 0 for one in found.values()) == N_ROWS


def test_moments_are_cut_at_their_quartiles() -> None:
    days = np.datetime64("2013-01-01", "D") + np.arange(N_ROWS)

    found = check(days.astype("datetime64[us]"))

    assert len(found) == 4
    assert {one.n_rows for one in found.values()} == {1000}


def test_a_slice_of_nearly_one_class_is_insufficient_for_auc() -> None:
    target = np.zeros(500)
    target[:9] = 1
    rows = Rows("auc", target, np.linspace(1, 0, 500), np.linspace(0, 1, 500))

    (found,) = check_slices(Guards(slices=("x",)), rows, {"x": np.full(500, "AA")})

    assert found.verdict == "insufficient"
    assert "9 rows of the rarer class, needs 10" in found.sentence


def test_a_column_that_is_not_there_is_insufficient() -> None:
    rows = Rows("auc", *(np.zeros(3),) * 3)

    (found,) = check_slices(Guards(slices=("origin",)), rows, {})

    assert (found.guard, found.verdict) == ("slice origin", "insufficient")


def test_a_column_of_other_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="column x has shape"):
        check(np.zeros(N_ROWS - 1))
