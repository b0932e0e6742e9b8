import math
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import Any, get_args

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.metrics import estimate
from evergreen.metrics.paired import paired_difference
from evergreen.promotion.levels import prove
from evergreen.promotion.rule import judge
from evergreen.records import (
    CandidateResult,
    Evaluation,
    GuardResult,
    MetricEstimate,
    PromotionVerdict,
    Window,
)
from evergreen.spec.promoting import Level, PromotionRule

LEVELS: tuple[Level, ...] = get_args(Level)

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


def guard(verdict: str, name: str = "slice carrier=UA") -> GuardResult:
    sentence = f"{name} was compared"
    return GuardResult.model_validate(
        {"guard": name, "verdict": verdict, "value": 0.1, "limit": 0.05, "sentence": sentence}
    )


def week(n: int) -> Window:
    start = HOLDOUT.start + timedelta(days=7 * n)
    return Window(start=start, end=start + timedelta(days=7))


CANDIDATES = tuple(
    CandidateResult(candidate=name, version=None, gain=0.02, gain_se=0.01, sentence="")
    for name in ("full", "recent", "archived")
)
# One in twenty times half, spread so that the first retrain gets one part in eleven.
FIRST_BUDGET_Z = NormalDist().inv_cdf(1 - 0.05 * 0.5 / 11)


@pytest.mark.parametrize(
    ("changes", "rule", "cause"),
    [
        pytest.param({}, {}, "better", id="clear gain"),
        pytest.param({}, {"min_gain": 0.02}, "better", id="exactly the needed gain"),
        pytest.param({}, {"min_gain": 0.02001}, "gain_too_small", id="just short of the gain"),
        pytest.param({"gain": 0.0}, {}, "not_better", id="tie"),
        pytest.param({"gain": 0.0, "gain_se": 0.0}, {}, "not_better", id="the same model"),
        pytest.param({"gain": -0.02}, {}, "not_better", id="worse"),
        pytest.param({"gain": 0.02, "gain_se": 0.0}, {}, "better", id="gain without spread"),
        pytest.param({"gain_se": 0.0219}, {}, "better", id="just likely enough"),
        pytest.param({"gain_se": 0.0222}, {}, "not_enough_evidence", id="just not likely enough"),
        pytest.param({"n_rows": 500}, {}, "better", id="just enough rows"),
        pytest.param({"n_rows": 499}, {}, "too_few_rows", id="too few rows"),
        pytest.param({"is_champion_scored": False}, {}, "champion_not_scored", id="not scored"),
        pytest.param({"guards": (guard("passed"),)}, {}, "better", id="guard passed"),
        pytest.param({"guards": (guard("failed"),)}, {}, "guard_failed", id="guard failed"),
        pytest.param({"guards": (guard("insufficient"),)}, {}, "better", id="guard insufficient"),
    ],
)
def test_the_rule_on_both_sides_of_each_limit(
    changes: dict[str, Any], rule: dict[str, float], cause: str
) -> None:
    got = judge(make_evaluation(**changes), PromotionRule.model_validate(rule), min_rows=500)

    assert got.cause == cause
    assert got.verdict == ("promote" if cause == "better" else "keep")
    assert got.sentence


@pytest.mark.parametrize(
    ("level", "z", "cause"),
    [
        pytest.param("eager", 0.01, "better", id="eager, any gain"),
        pytest.param("eager", 0.0, "not_better", id="eager, a tie"),
        pytest.param("balanced", 0.95, "better", id="balanced, probably"),
        pytest.param("balanced", 0.85, "not_enough_evidence", id="balanced, perhaps"),
        pytest.param("strict", FIRST_BUDGET_Z + 1e-6, "better", id="strict, in its budget"),
        pytest.param("strict", FIRST_BUDGET_Z - 1e-6, "not_enough_evidence", id="strict, out"),
    ],
)
def test_each_level_asks_for_its_own_evidence(level: Level, z: float, cause: str) -> None:
    evaluation = make_evaluation(gain=z * 0.02, gain_se=0.02)

    got = judge(evaluation, PromotionRule(level=level), min_rows=500)

    assert got.cause == cause
    assert (got.probability is not None) == (level == "balanced" and cause != "not_better")
    assert (got.e_value is not None) == (level == "strict" and cause != "not_better")


@pytest.mark.parametrize("level", ["balanced", "strict"])
def test_a_choice_among_several_needs_more_evidence(level: Level) -> None:
    rule = PromotionRule(level=level)
    gain = {"balanced": 0.013, "strict": FIRST_BUDGET_Z * 0.01 + 1e-6}[level]

    alone = judge(make_evaluation(gain=gain), rule, min_rows=500)
    of_three = judge(make_evaluation(gain=gain, candidates=CANDIDATES), rule, min_rows=500)

    assert (alone.cause, of_three.cause) == ("better", "not_enough_evidence")
    assert "3 candidates" in of_three.sentence


def test_many_candidates_never_leave_a_negative_probability() -> None:
    evaluation = make_evaluation(gain=1e-6, candidates=CANDIDATES * 4)

    assert judge(evaluation, PromotionRule(), min_rows=500).probability == 0


@pytest.mark.parametrize("level", ["balanced", "strict"])
def test_the_same_gain_after_other_years_is_judged_by_them(level: Level) -> None:
    undecided = [
        make_evaluation(gain=0.004 * (-1) ** n, gain_se=0.01, holdout=week(n - 60))
        for n in range(52)
    ]
    rule, gain = PromotionRule(level=level), {"balanced": 0.009, "strict": 0.031}[level]

    fresh = judge(make_evaluation(gain=gain), rule, min_rows=500)
    after = judge(make_evaluation(gain=gain), rule, min_rows=500, earlier=undecided)

    assert (fresh.verdict, after.cause) == ("promote", "not_enough_evidence")
    assert judge(make_evaluation(gain=gain), rule, min_rows=500, earlier=undecided) == after


def test_luck_of_an_earlier_choice_is_no_evidence_of_what_retrains_gain() -> None:
    alone = [make_evaluation(gain=0.03, holdout=week(n - 60)) for n in range(12)]
    chosen = [one.model_copy(update={"candidates": CANDIDATES}) for one in alone]

    probabilities = [
        judge(make_evaluation(), PromotionRule(), min_rows=500, earlier=life).probability or 0
        for life in (alone, chosen)
    ]

    assert probabilities[0] > probabilities[1]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("field", "bad"),
    [
        *((field, bad) for field in ("gain", "gain_se") for bad in (None, math.nan, math.inf)),
        ("gain_se", -1.0),
    ],
)
def test_an_earlier_retrain_that_told_nothing_is_passed_over(
    level: Level, field: str, bad: float | None
) -> None:
    rule = PromotionRule(level=level)

    got = judge(make_evaluation(), rule, min_rows=500, earlier=[make_evaluation(**{field: bad})])

    assert got == judge(make_evaluation(), rule, min_rows=500)


@pytest.mark.parametrize("level", LEVELS)
def test_a_failed_guard_is_named_and_refuses_however_large_the_gain(level: Level) -> None:
    guards = (guard("passed", "size"), *(guard("failed", f"metric m{n}") for n in range(8)))

    got = judge(make_evaluation(gain=0.2, guards=guards), PromotionRule(level=level), min_rows=500)

    assert got.cause == "guard_failed"
    assert "guard metric m0 failed: metric m0 was compared; metric m1, " in got.sentence
    assert "and 2 more failed too" in got.sentence


def test_what_was_insufficient_is_said_beside_any_verdict() -> None:
    guards = (guard("insufficient", "slice carrier=OO"),)

    better, worse = (
        judge(make_evaluation(gain=gain, guards=guards), PromotionRule(), min_rows=500)
        for gain in (0.02, -0.02)
    )

    assert (better.cause, worse.cause) == ("better", "not_better")
    for got in (better, worse):
        assert "not computed: slice carrier=OO" in got.sentence


def test_each_refusal_has_a_sentence_of_its_own() -> None:
    refused = [
        judge(make_evaluation(**changes), PromotionRule(min_gain=0.001), min_rows=500).sentence
        for changes in (
            {"n_rows": 1},
            {"is_champion_scored": False},
            {"gain": None},
            {"guards": (guard("failed"),)},
            {"gain": -0.01},
            {"gain": 0.0005},
            {"gain_se": 1.0},
        )
    ]

    assert len(set(refused)) == len(refused)


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("field", ["gain", "gain_se", "challenger", "champion"])
def test_what_is_not_known_keeps_the_champion(field: str, bad: float | None) -> None:
    broken = bad
    if field in ("challenger", "champion"):
        broken = MetricEstimate.model_construct(name="auc", value=bad, se=None, n_rows=9)  # type: ignore[assignment] # a record

    got = judge(make_evaluation(**{field: broken}), PromotionRule(), min_rows=500)

    assert (got.verdict, got.cause) == ("keep", "metric_unknown")
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
    assert got.cause == (
        "first_model"
        if verdict == "promote"
        else "below_minimum"
        if value is not None and math.isfinite(value)
        else "metric_unknown"
    )


@pytest.mark.parametrize("level", LEVELS)
def test_a_first_model_with_a_failed_guard_is_refused(level: Level) -> None:
    evaluation = first(0.9).model_copy(update={"guards": (guard("failed", "size"),)})

    got = judge(evaluation, PromotionRule(level=level), min_rows=500)

    assert got.cause == "guard_failed"


def test_the_first_model_needs_rows_too() -> None:
    got = judge(first(0.9).model_copy(update={"n_rows": 499}), PromotionRule(), min_rows=500)

    assert got.verdict == "keep"


@pytest.mark.parametrize("level", LEVELS)
def test_swapping_the_models_flips_the_verdict(level: Level) -> None:
    rng = np.random.default_rng(7)
    target = rng.integers(0, 2, 3000)
    good = np.clip(0.5 + 0.3 * (target - 0.5) + rng.normal(scale=0.2, size=3000), 0, 1)
    weak = np.clip(good + rng.normal(scale=0.3, size=3000), 0, 1)

    causes = [compared(target, *pair, level=level).cause for pair in ((good, weak), (weak, good))]

    assert causes == ["better", "not_better"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(5))
def test_a_known_bad_model_is_refused_at_every_level(level: Level, seed: int) -> None:
    target, honest, shuffled = fitted_scores(seed)

    bad = compared(target, shuffled, honest, level=level)
    good = compared(target, honest, shuffled, level=level)

    assert (bad.verdict, bad.cause) == ("keep", "not_better")
    assert good.verdict == "promote"


@pytest.mark.parametrize("level", ["balanced", "strict"])
def test_evidence_is_not_looked_for_in_an_unknown_gain(level: Level) -> None:
    with pytest.raises(ValueError, match="gain None"):
        prove(make_evaluation(gain=None), PromotionRule(level=level))


ANY = st.one_of(st.none(), st.floats())


@pytest.mark.parametrize("level", LEVELS)
@given(
    numbers=st.tuples(ANY, ANY, ANY, ANY),
    history=st.lists(st.tuples(ANY, ANY), max_size=4),
    n_candidates=st.integers(0, 3),
)
def test_the_rule_is_total_and_promotes_on_nothing_missing(
    level: Level,
    numbers: tuple[float | None, ...],
    history: list[tuple[float | None, float | None]],
    n_candidates: int,
) -> None:
    gain, se, challenger, champion = numbers
    evaluation = make_evaluation(
        gain=gain,
        gain_se=se,
        challenger=bare(challenger),
        champion=bare(champion),
        candidates=CANDIDATES[:n_candidates],
    )
    earlier = [make_evaluation(gain=one, gain_se=error) for one, error in history]

    got = judge(evaluation, PromotionRule(level=level), min_rows=500, earlier=earlier)

    PromotionVerdict.model_validate(got.model_dump())
    is_known = all(v is not None and math.isfinite(v) for v in numbers)
    if not (is_known and (se or 0) >= 0 and (gain or 0) > 0):
        assert got.verdict == "keep"
    assert got.sentence


def bare(value: float | None) -> MetricEstimate:
    return MetricEstimate.model_construct(name="auc", value=value, se=None, n_rows=9, sentence="")


def compared(target: Any, challenger: Any, champion: Any, *, level: Level) -> PromotionVerdict:
    """Judge a challenger's scores against a champion's, by the product's own comparison."""
    paired = paired_difference("auc", target, champion, challenger)
    evaluation = make_evaluation(
        challenger=estimate("auc", target, challenger),
        champion=estimate("auc", target, champion),
        gain=paired.gain,
        gain_se=paired.se,
    )
    return judge(evaluation, PromotionRule(level=level), min_rows=500)


def fitted_scores(seed: int) -> tuple[Any, Any, Any]:
    """Return labels of new rows, and scores of LightGBM fitted on true and on shuffled labels."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(4000, 4))
    target = (features[:, 0] + random.normal(size=4000) > 0).astype(int)
    scores = []
    for labels in (target[:2000], random.permutation(target[:2000])):
        data = lgb.Dataset(features[:2000], labels, params={"verbose": -1})
        booster = lgb.train(
            {"objective": "binary", "num_threads": 1, "verbose": -1, "seed": seed}, data, 20
        )
        scores.append(booster.predict(features[2000:], num_threads=1))
    true, shuffled = scores
    return target[2000:], true, shuffled
