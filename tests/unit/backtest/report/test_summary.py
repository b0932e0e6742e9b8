"""The numbers of a back-test: kept, cost, the frontier."""

import pytest

from builders.streams import make_result, make_run
from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.report.conclusions import verdict
from evergreen.backtest.report.summary import SummaryRow, beaten_by, frontier, summarise


def row_of(result: BacktestResult, policy: str) -> SummaryRow:
    return next(row for row in summarise(result, "auc") if row.policy == policy)


def test_kept_is_the_share_of_the_gain_of_every() -> None:
    result = make_result(default=make_run([0.7, 0.7, 0.8, 0.7], fits=[2], promotions=[2]))

    row = row_of(result, "default")

    assert row.gain == pytest.approx(0.075)
    assert row.kept == pytest.approx(0.75)
    assert (row.cost, row.n_fits, row.n_promotions) == (0.25, 1, 1)


@pytest.mark.parametrize(("every", "has_share"), [(98.1, False), (97.9, True)])
def test_a_gain_of_a_regression_counts_beside_what_never_loses(
    every: float, has_share: bool
) -> None:
    result = make_result(never=make_run([100.0] * 4), every=make_run([every] * 4, fits=[0, 1]))

    rows = {row.policy: row for row in summarise(result, "rmse")}

    assert (rows["every"].kept is not None) == has_share
    assert ("only: nothing" in verdict(list(rows.values()), "rmse", n_batches=4)) != has_share


def test_of_log_loss_less_is_better() -> None:
    result = make_result(
        never=make_run([0.6, 0.6]), every=make_run([0.4, 0.4]), default=make_run([0.5, 0.5])
    )

    kept = {row.policy: row.kept for row in summarise(result, "log_loss")}

    assert kept == pytest.approx({"never": 0.0, "every": 1.0, "default": 0.5})


@pytest.mark.parametrize(
    ("gain", "is_known"),
    [pytest.param(0.0101, True, id="enough"), pytest.param(0.0099, False, id="just too little")],
)
def test_kept_needs_a_gain(gain: float, is_known: bool) -> None:
    result = make_result(never=make_run([0.5]), every=make_run([0.5 + gain]))

    assert (row_of(result, "every").kept is not None) is is_known


def test_a_mean_over_phases_counts_its_trainings_by_their_share() -> None:
    periodic = make_run([0.7] * 4, fits=[0, 1, 2, 3], fraction=0.5, promotions=[0, 1])

    row = row_of(make_result(periodic=periodic), "periodic")

    assert row.n_fits == 2
    assert row.n_promotions is None


def test_without_any_score_nothing_is_claimed() -> None:
    result = make_result(never=make_run([None, None]), every=make_run([None, None]))

    assert [(row.score, row.gain, row.kept) for row in summarise(result, "auc")] == [
        (None, None, None)
    ] * 2
    assert frontier(summarise(result, "auc")) == ()


def test_policies_stand_in_a_fixed_order_and_strangers_at_the_end() -> None:
    quiet = make_run([0.7] * 4)
    result = make_result(mine=quiet, default=quiet, thresholds=quiet, periodic=quiet)

    names = [row.policy for row in summarise(result, "auc")]

    assert names == ["never", "every", "periodic", "thresholds", "default", "mine"]


def test_the_frontier_holds_who_is_not_beaten() -> None:
    result = make_result(
        default=make_run([0.7, 0.7, 0.8, 0.7], fits=[2]),
        thresholds=make_run([0.7, 0.7, 0.7, 0.7], fits=[1, 2]),
        periodic=make_run([0.7, 0.7, 0.8, 0.7], fits=[1, 2]),
    )
    rows = summarise(result, "auc")

    assert frontier(rows) == ("never", "default", "every")
    beaten = {row.policy: (beaten_by(row, rows) or row).policy for row in rows}
    assert beaten == {
        "never": "never",
        "every": "every",
        "default": "default",
        "periodic": "default",
        "thresholds": "default",
    }


def test_equal_policies_do_not_beat_each_other() -> None:
    same = make_run([0.7, 0.7, 0.8, 0.7], fits=[2])
    rows = summarise(make_result(default=same, thresholds=same), "auc")

    assert all(beaten_by(row, rows) is None for row in rows)
