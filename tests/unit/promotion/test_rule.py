from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evergreen.evaluation.compare import compare
from evergreen.promotion.rule import judge
from evergreen.records import Evaluation, MetricEstimate, Window
from evergreen.spec.promoting import PromotionRule

HOLDOUT = Window.ending(datetime(2013, 3, 8, tzinfo=UTC), days=7)


def make_estimate(value: float | None, name: str = "auc") -> MetricEstimate:
    return MetricEstimate(name=name, value=value, se=0.01, n_rows=1000, sentence="as measured")


def make_evaluation(**changes: Any) -> Evaluation:
    """A challenger that passes: gain 0.02 +/- 0.01 over v3."""
    fields: dict[str, Any] = {
        "challenger_version": "4",
        "champion_version": "3",
        "challenger": make_estimate(0.72),
        "champion": make_estimate(0.70),
        "gain": 0.02,
        "gain_se": 0.01,
        "n_rows": 1000,
        "holdout": HOLDOUT,
        "sentence": "because of the test",
    }
    return Evaluation.model_construct(**{**fields, **changes})


def first(value: float | None, name: str = "auc") -> Evaluation:
    return make_evaluation(
        champion_version=None,
        champion=None,
        gain=None,
        gain_se=None,
        challenger=make_estimate(value, name),
    )


@pytest.mark.parametrize(
    ("changes", "rule", "verdict"),
    [
        pytest.param({}, {}, "promote", id="clear gain"),
        pytest.param({}, {"min_gain": 0.02}, "promote", id="exactly the needed gain"),
        pytest.param({}, {"min_gain": 0.02001}, "keep", id="just short of the needed gain"),
        pytest.param({"gain": 0.0}, {}, "keep", id="tie"),
        pytest.param({"gain": 0.0, "gain_se": 0.0}, {}, "keep", id="the same model"),
        pytest.param({"gain": -0.02}, {}, "keep", id="worse"),
        pytest.param({"gain": 0.02, "gain_se": 0.0}, {}, "promote", id="gain without spread"),
        pytest.param({"gain_se": 0.0237}, {}, "promote", id="just likely enough"),
        pytest.param({"gain_se": 0.0238}, {}, "keep", id="just not likely enough"),
        pytest.param({"n_rows": 500}, {}, "promote", id="just enough rows"),
        pytest.param({"n_rows": 499}, {}, "keep", id="too few rows"),
    ],
)
def test_the_rule_on_both_sides_of_each_limit(
    changes: dict[str, Any], rule: dict[str, float], verdict: str
) -> None:
    got = judge(make_evaluation(**changes), PromotionRule(**rule), min_rows=500)

    assert got.verdict == verdict
    assert got.sentence


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("field", ["gain", "gain_se", "challenger", "champion"])
def test_what_is_not_known_keeps_the_champion(field: str, bad: float | None) -> None:
    broken = bad
    if field in ("challenger", "champion"):
        broken = MetricEstimate.model_construct(name="auc", value=bad, se=None, n_rows=9)  # type: ignore[assignment] # a record

    got = judge(make_evaluation(**{field: broken}), PromotionRule(), min_rows=500)

    assert got.verdict == "keep"
    assert "is not known" in got.sentence
    assert "because of the test" in got.sentence


def test_a_negative_error_keeps_the_champion() -> None:
    got = judge(make_evaluation(gain_se=-0.01), PromotionRule(), min_rows=500)

    assert got.verdict == "keep"


@pytest.mark.parametrize("missing", ["champion", "champion_version"])
def test_half_a_champion_is_not_no_champion(missing: str) -> None:
    got = judge(make_evaluation(**{missing: None}), PromotionRule(), min_rows=500)

    assert got.verdict == "keep"


@pytest.mark.parametrize(
    ("value", "name", "needed", "verdict"),
    [
        pytest.param(0.6, "auc", None, "promote", id="no limit"),
        pytest.param(0.6, "auc", 0.6, "promote", id="exactly the limit"),
        pytest.param(0.5999, "auc", 0.6, "keep", id="just below"),
        pytest.param(0.6, "log_loss", 0.6, "promote", id="loss exactly the limit"),
        pytest.param(0.6001, "log_loss", 0.6, "keep", id="loss just above"),
        pytest.param(None, "auc", None, "keep", id="not computable"),
        pytest.param(float("nan"), "auc", None, "keep", id="not a number"),
    ],
)
def test_the_first_model_follows_its_own_limit(
    value: float | None, name: str, needed: float | None, verdict: str
) -> None:
    evaluation = first(0.5, name)
    challenger = evaluation.challenger.model_copy(update={"value": value})
    evaluation = evaluation.model_copy(update={"challenger": challenger})

    got = judge(evaluation, PromotionRule(bootstrap_min_metric=needed), min_rows=500)

    assert got.verdict == verdict


def test_the_first_model_needs_rows_too() -> None:
    got = judge(first(0.9).model_copy(update={"n_rows": 499}), PromotionRule(), min_rows=500)

    assert got.verdict == "keep"


def test_swapping_the_models_flips_the_verdict() -> None:
    rng = np.random.default_rng(7)
    target = rng.integers(0, 2, 3000)
    good = np.clip(0.5 + 0.3 * (target - 0.5) + rng.normal(scale=0.2, size=3000), 0, 1)
    weak = np.clip(good + rng.normal(scale=0.3, size=3000), 0, 1)

    def verdict(challenger: Any, champion: Any) -> str:
        evaluation = compare(
            target,
            challenger,
            champion,
            metric="auc",
            challenger_version="4",
            champion_version="3",
            holdout=HOLDOUT,
        )
        return judge(evaluation, PromotionRule(), min_rows=500).verdict

    assert (verdict(good, weak), verdict(weak, good)) == ("promote", "keep")
