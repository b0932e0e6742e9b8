import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen.drift.importance import importance_of


def make_booster(*, n_rounds: int = 20, is_learnable: bool = True) -> lgb.Booster:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "rain": random.normal(size=2_000),
            "hashed_0a": random.normal(size=2_000),
            "carrier": pd.Categorical(random.choice(list("xyz"), 2_000)),
            "never": np.zeros(2_000),
        }
    )
    signal = frame["rain"] + (frame["carrier"] == "x") + random.normal(size=2_000)
    target = (signal > 0).astype(float) if is_learnable else np.zeros(2_000)
    params = {"objective": "binary", "verbosity": -1, "num_leaves": 7, "num_threads": 1}
    return lgb.train(params, lgb.Dataset(frame, target), n_rounds)


def test_importance_is_lightgbms_gain_as_shares() -> None:
    booster = make_booster()

    result = importance_of(booster.model_to_string())

    gain = booster.feature_importance("gain")
    expected = dict(zip(booster.feature_name(), gain / gain.sum(), strict=True))
    assert result == pytest.approx(expected, abs=1e-5)
    assert list(result) == ["rain", "hashed_0a", "carrier", "never"]
    assert sum(result.values()) == pytest.approx(1)
    assert result["never"] == 0


def test_several_classes_are_summed() -> None:
    random = np.random.default_rng(0)
    rows, target = random.normal(size=(600, 3)), random.integers(0, 3, 600)
    params = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(rows, target), 5)

    result = importance_of(booster.model_to_string())

    gain = booster.feature_importance("gain")
    assert list(result.values()) == pytest.approx(list(gain / gain.sum()), abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("not a model\nat all=", id="other text"),
        pytest.param(make_booster(is_learnable=False).model_to_string(), id="no split"),
        pytest.param(make_booster().model_to_string().replace("rain", "carrier"), id="name twice"),
        pytest.param("feature_names=a b\nsplit_feature=0 1\nsplit_gain=1", id="list cut off"),
        pytest.param("feature_names=a b\nsplit_feature=0 2\nsplit_gain=1 1", id="no such feature"),
        pytest.param("feature_names=a b\nsplit_feature=0 -1\nsplit_gain=1 1", id="negative place"),
        pytest.param("feature_names=a b\nsplit_feature=0 x\nsplit_gain=1 1", id="no number"),
        pytest.param("feature_names=a b\nsplit_feature=0 1\nsplit_gain=1 nan", id="NaN"),
        pytest.param("feature_names=a b\nsplit_feature=0 1\nsplit_gain=1 inf", id="infinite"),
        pytest.param(
            "feature_names=a b\nsplit_feature=0 1\nsplit_gain=1e308 1e308", id="sum overflows"
        ),
    ],
)
def test_what_is_no_sound_model_has_no_importance(text: str) -> None:
    assert importance_of(text) == {}


def test_lines_after_the_trees_do_not_count() -> None:
    text = "feature_names=a b\nsplit_feature=0\nsplit_gain=1\nend of trees\nsplit_gain=x"

    assert importance_of(text) == {"a": 1.0, "b": 0.0}


@settings(max_examples=100)
@given(lines=st.lists(st.one_of(st.text(), st.text("0123456789 .e-").map("split_gain={}".format))))
def test_importance_is_total(lines: list[str]) -> None:
    result = importance_of("\n".join(["feature_names=a b", "split_feature=0 1", *lines]))

    assert result == {} or sum(result.values()) == pytest.approx(1)
