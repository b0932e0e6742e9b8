from typing import Any

import numpy as np
import pytest

from builders.paired_models import IDS, METRICS, make_pair
from evergreen.evaluation.guards import check_guards
from evergreen.evaluation.scored_rows import Contender, Rows
from evergreen.metrics import drop, estimate
from evergreen.metrics.calibration import calibration_error
from evergreen.records import GuardResult
from evergreen.spec.model import MetricName
from evergreen.spec.promoting import Guards

TARGET, WEAK, GOOD = make_pair("binary", 2000)
ALL = Guards(
    max_drops={"log_loss": 0.01, "accuracy": 0.01},
    slices=("carrier",),
    max_calibration_rise=0.1,
    max_latency_ratio=2.0,
    max_model_mb=1.0,
    forgetting_days=180,
)
OFF = Guards(max_calibration_rise=None, max_latency_ratio=None, max_model_mb=None)
COSTS = {"latency", "size"}
CARRIER = np.array(["AA", "UA"]).repeat(1000)


def check(
    guards: Guards, challenger: Any, champion: Any, *, metric: MetricName = "auc", **more: Any
) -> dict[str, GuardResult]:
    found = check_guards(
        guards,
        metric=metric,
        target=more.pop("target", TARGET),
        challenger=Contender(challenger, predict_seconds=0.2, size_bytes=500_000),
        champion=Contender(champion, predict_seconds=0.2, size_bytes=500_000),
        **more,
    )
    return {one.guard: one for one in found}


def check_all(challenger: Any, champion: Any) -> dict[str, GuardResult]:
    older = Rows("auc", TARGET, champion, challenger)
    return check(ALL, challenger, champion, columns={"carrier": CARRIER}, older=older)


def test_a_better_model_passes_every_guard_and_a_worse_one_fails_them() -> None:
    better, worse = check_all(GOOD, WEAK), check_all(WEAK, GOOD)

    assert set(better) == {
        "metric accuracy",
        "metric log_loss",
        "slice carrier=AA",
        "slice carrier=UA",
        "calibration",
        "latency",
        "size",
        "forgetting",
    }
    assert {one.verdict for one in better.values()} == {"passed"}
    failed = {guard for guard, one in worse.items() if one.verdict == "failed"}
    assert failed == set(better) - {"calibration", "latency", "size"}


def test_exchanged_models_turn_the_sign_of_every_drop() -> None:
    ahead, behind = check_all(GOOD, WEAK), check_all(WEAK, GOOD)

    for guard in set(ahead) - {"latency", "size"}:
        assert ahead[guard].value == pytest.approx(-(behind[guard].value or 0))


def test_guards_without_a_limit_give_no_result() -> None:
    assert check(OFF, GOOD, WEAK) == {}


@pytest.mark.parametrize(("is_beyond", "verdict"), [(False, "passed"), (True, "failed")])
@pytest.mark.parametrize(
    ("task", "metric"), [one for one in METRICS if one[1] != "auc"], ids=IDS[1:]
)
def test_another_metric_may_drop_up_to_its_limit(
    task: str, metric: MetricName, verdict: str, *, is_beyond: bool
) -> None:
    target, weak, good = make_pair(task, 1000)
    before, after = (estimate(metric, target, score).value or 0.0 for score in (good, weak))
    fall = drop(metric, before, after)
    guards = OFF.model_copy(update={"max_drops": {metric: fall * (0.99 if is_beyond else 1.01)}})
    primary: dict[str, MetricName] = {
        "binary": "auc",
        "multiclass": "accuracy",
        "regression": "mae",
    }

    found = check(guards, weak, good, metric=primary[task], target=target)[f"metric {metric}"]

    assert found.value == pytest.approx(fall)
    assert found.verdict == verdict
    assert "worse than the champion's on 1000 rows" in found.sentence


@pytest.mark.parametrize("name", ["rmse", "f1_macro", "recall"])
def test_a_metric_of_another_task_is_insufficient(name: str) -> None:
    guards = OFF.model_copy(update={"max_drops": {name: 0.1}})

    found = check(guards, GOOD, WEAK)[f"metric {name}"]

    assert (found.verdict, found.value) == ("insufficient", None)
    assert "no metric of a binary model" in found.sentence


@pytest.mark.parametrize(("rise", "verdict"), [(0.99, "failed"), (1.01, "passed")])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_calibration_may_become_worse_up_to_its_limit(task: str, rise: float, verdict: str) -> None:
    target, honest, _ = make_pair(task, 4000)
    odds = honest**6 / (honest**6 + (1 - honest) ** 6) if task == "binary" else honest**6
    sharpened = odds if task == "binary" else odds / odds.sum(axis=1, keepdims=True)
    before, after = (calibration_error(target, one) or 0.0 for one in (honest, sharpened))
    guards = OFF.model_copy(update={"max_calibration_rise": (after - before) * rise})

    metric: MetricName = "log_loss"
    found = check(guards, sharpened, honest, metric=metric, target=target)["calibration"]

    assert after - before > 0.05
    assert found.verdict == verdict
    assert found.value == pytest.approx(after - before)


def test_calibration_needs_rows_and_is_nothing_for_numbers() -> None:
    guards = Guards(max_latency_ratio=None, max_model_mb=None)
    target, weak, good = make_pair("regression", 500)

    few = check(guards, GOOD[:199], WEAK[:199], target=TARGET[:199])

    assert few["calibration"].verdict == "insufficient"
    assert check(guards, good, weak, metric="rmse", target=target) == {}


@pytest.mark.parametrize(
    ("n_rows", "verdict"), [(0, "insufficient"), (199, "insufficient"), (200, "failed")]
)
def test_forgetting_needs_rows_of_the_older_window(n_rows: int, verdict: str) -> None:
    guards = OFF.model_copy(update={"forgetting_days": 180.0, "forgetting_max_drop": 0.01})
    older = Rows("auc", TARGET[:n_rows], GOOD[:n_rows], WEAK[:n_rows]) if n_rows else None

    found = check(guards, WEAK, GOOD, older=older)["forgetting"]

    assert found.verdict == verdict
    assert found.n_rows == n_rows
    assert (found.value is None) == (verdict == "insufficient")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(None, id="none"),
        pytest.param(np.where(np.arange(2000) == 3, np.nan, GOOD), id="one NaN"),
        pytest.param(np.full(2000, np.inf), id="infinite"),
        pytest.param(np.full(2000, "high"), id="text"),
    ],
)
@pytest.mark.parametrize("who", ["challenger", "champion"])
def test_nothing_passes_while_scores_are_missing(who: str, broken: Any) -> None:
    found = check_all(broken, WEAK) if who == "challenger" else check_all(GOOD, broken)

    assert len(found) == 8
    assert {one.verdict for one in found.values()} == {"insufficient"}
    assert all(one.sentence for one in found.values())


def test_a_model_that_is_too_large_fails_even_without_scores() -> None:
    found = check_guards(
        Guards(max_model_mb=1.0),
        metric="auc",
        target=TARGET,
        challenger=Contender(None, size_bytes=2_000_000),
        champion=Contender(GOOD),
    )

    assert [one.verdict for one in found if one.guard == "size"] == ["failed"]


def test_a_champion_of_other_classes_lets_nothing_pass() -> None:
    target, _, good = make_pair("multiclass", 500)
    guards = Guards(max_drops={"f1_macro": 0.1}, slices=("x",))

    found = check(
        guards,
        good,
        np.full(500, 0.5),
        metric="accuracy",
        target=target,
        columns={"x": ["a"] * 500},
    )

    compared = {guard: one.verdict for guard, one in found.items() if guard not in COSTS}
    assert compared == dict.fromkeys(
        ["metric f1_macro", "slice x=a", "calibration"], "insufficient"
    )


def test_one_class_is_insufficient() -> None:
    guards = OFF.model_copy(update={"max_drops": {"auc": 0.01}})

    found = check(guards, GOOD, WEAK, metric="log_loss", target=np.zeros(2000))["metric auc"]

    assert found.verdict == "insufficient"
    assert "all 2000 rows are of class 0" in found.sentence


def test_the_first_model_is_looked_at_for_its_size_only() -> None:
    found = check_guards(
        ALL,
        metric="auc",
        target=TARGET,
        challenger=Contender(GOOD, predict_seconds=0.2, size_bytes=500_000),
        champion=None,
    )

    assert [(one.guard, one.verdict) for one in found] == [("size", "passed")]


def test_scores_of_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="2000 labels and 1999 scores of the challenger"):
        check(ALL, GOOD[:-1], WEAK)
