"""A model's text is bounded before LightGBM follows it: each lie is told apart from the truth."""

import re
from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.crafted_models import (
    with_first,
    with_sizes,
    with_value,
    without_sizes,
)
from evergreen.errors import ModelFileError
from evergreen.training.fit import fit
from evergreen.training.model_file_check import check_structure

N_FEATURES = 3


def make_model(
    *, n_leaves: int = 7, n_classes: int = 1, n_levels: int = 6, n_rounds: int = 3, seed: int = 1
) -> str:
    """Fit a small model in this process; its last feature is a category."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, N_FEATURES))
    rows[:, -1] = rng.integers(0, n_levels, 400)
    signal = rows[:, 0] + (rows[:, -1] % 3)
    labels = np.digitize(signal, np.quantile(signal, [1 / 3, 2 / 3]))
    kind = {"objective": "multiclass", "num_class": n_classes} if n_classes > 1 else {}
    found = lgb.train(
        {"objective": "binary", **kind, "num_leaves": n_leaves, "verbosity": -1, "num_threads": 1},
        lgb.Dataset(rows, labels if n_classes > 1 else labels > 0, categorical_feature=[2]),
        n_rounds,
    )
    return str(found.model_to_string()) + "\npandas_categorical:[]\n"


@pytest.fixture(scope="module")
def text() -> str:
    made = make_model()
    assert "num_cat=0" not in made.split("Tree=1")[0]
    return made


def check(text: str, objective: str = "binary", n_scores: int = 1) -> None:
    check_structure(text.encode(), objective=objective, n_scores=n_scores)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    n_leaves=st.integers(2, 63),
    n_classes=st.sampled_from([1, 3]),
    n_levels=st.integers(1, 200),
    seed=st.integers(0, 99),
)
def test_what_lightgbm_writes_is_taken(
    n_leaves: int, n_classes: int, n_levels: int, seed: int
) -> None:
    made = make_model(n_leaves=n_leaves, n_classes=n_classes, n_levels=n_levels, seed=seed)

    check(made, "multiclass num_class:3" if n_classes > 1 else "binary", n_classes)
    assert with_sizes(made) == made


def test_trees_that_never_split_are_taken(workshop: Any) -> None:
    job = workshop.fit_job(workshop.table(30, late=np.arange(30) % 2))

    text = fit(job).path.read_text()

    assert "num_leaves=1\n" in text
    check(text)


@pytest.mark.parametrize(
    ("craft", "words"),
    [
        pytest.param(
            lambda t: with_first(t, "split_feature", str(N_FEATURES)),
            "tree 0: split_feature outside the 3 features",
            id="the first feature that is not there",
        ),
        pytest.param(
            lambda t: with_first(t, "split_feature", "-1", tree=2),
            "tree 2: split_feature outside",
            id="a feature before the first",
        ),
        pytest.param(
            lambda t: with_first(t, "split_feature", "4294967296"),
            "split_feature is not a list of whole",
            id="wraps to 0 in 32 bits",
        ),
        pytest.param(
            lambda t: with_first(t, "split_feature", "1_0"), "not a list of whole", id="1_0"
        ),
        pytest.param(
            lambda t: with_value(t, "left_child", "0 0 0 0 0 0"), "make no tree of 7", id="a loop"
        ),
        pytest.param(
            lambda t: with_first(t, "right_child", "6"), "make no tree", id="a node past the end"
        ),
        pytest.param(
            lambda t: with_first(t, "right_child", "-8"), "make no tree", id="a leaf past the end"
        ),
        pytest.param(
            lambda t: with_value(
                with_value(t, "left_child", "-1 2 1 -4 -5 -6"), "right_child", "-2 -3 3 4 5 -7"
            ),
            "make no tree",
            id="two nodes below each other, out of the root's sight",
        ),
        pytest.param(
            lambda t: with_value(t, "num_leaves", "8"),
            "of leaf_value, expected 8",
            id="more leaves",
        ),
        pytest.param(lambda t: with_value(t, "num_leaves", "0"), "num_leaves is 0", id="no leaves"),
        pytest.param(
            lambda t: with_value(t, "decision_type", "2 2"), "2 of decision_type", id="short kinds"
        ),
        pytest.param(
            lambda t: with_value(t, "internal_count", "400"), "1 of internal_count", id="counts"
        ),
        pytest.param(
            lambda t: with_value(t, "leaf_count", "400 0"), "2 of leaf_count", id="leaf counts"
        ),
        pytest.param(lambda t: with_value(t, "is_linear", "1"), "it is linear", id="a linear tree"),
        pytest.param(
            lambda t: with_value(t, "num_cat", "0"), "outside its 0 sets", id="no set named"
        ),
        pytest.param(
            lambda t: with_value(
                with_value(t, "decision_type", "1 1 1 1 1 1"), "threshold", "9e9 " * 6
            ),
            "a split on categories outside",
            id="a set far away",
        ),
        pytest.param(
            lambda t: with_first(t, "cat_boundaries", "1"), "ascend from 0", id="first bound"
        ),
        pytest.param(
            lambda t: with_value(unsplit_by_category(t), "cat_boundaries", "0 -1"),
            "cat_boundaries do not ascend",
            id="bounds fall",
        ),
        pytest.param(
            lambda t: with_first(t, "cat_threshold", "1 1"), "of cat_threshold", id="a word more"
        ),
        pytest.param(
            lambda t: with_value(t, "shrinkage", "1\nnum_leaves=900"), "does not write", id="twice"
        ),
        pytest.param(
            lambda t: with_value(t, "shrinkage", "1\rnum_leaves=900"), "does not write", id="CR"
        ),
        pytest.param(
            lambda t: with_value(t, "shrinkage", "1\0"), "does not write", id="an end of string"
        ),
        pytest.param(
            lambda t: with_value(t, "shrinkage", "1\n\nnum_leaves=900"),
            "does not write",
            id="hidden",
        ),
        pytest.param(without_sizes, "tree_sizes is not a list", id="no offsets"),
        pytest.param(
            lambda t: t.replace("tree_sizes=", "tree_sizes=9"), "not where tree_sizes", id="offset"
        ),
        pytest.param(
            lambda t: re.sub("(?m)^(tree_sizes=.*) \\d+$", "\\1", t), "do not end", id="a tree less"
        ),
        pytest.param(
            lambda t: t.replace("max_feature_idx=2", "max_feature_idx=300"),
            "3 feature_names for 301",
            id="features",
        ),
        pytest.param(
            lambda t: t.replace("num_class=1", "num_class=9"), "num_class is not 1", id="classes"
        ),
        pytest.param(
            lambda t: t.replace("tree_per_iteration=1", "tree_per_iteration=3"),
            "num_tree_per_iteration is not 1",
            id="scores",
        ),
        pytest.param(
            lambda t: t.replace("objective=binary", "objective=binaryx"), "is not binary", id="task"
        ),
        pytest.param(lambda t: t[: t.index("Tree=")], "no tree", id="no trees"),
        pytest.param(
            lambda t: t[: t.index("\npandas_categorical")], "ends too early", id="cut at the end"
        ),
        pytest.param(lambda t: "x" + t, "does not write", id="not a model"),
    ],
)
def test_a_lie_is_named(text: str, craft: Callable[[str], str], words: str) -> None:
    crafted = craft(text)
    assert crafted != text

    with pytest.raises(ModelFileError, match=words):
        check(crafted)


def unsplit_by_category(text: str) -> str:
    """Let the first tree hold a set of categories that no split names."""
    return with_value(with_value(text, "decision_type", "2 2 2 2 2 2"), "num_cat", "1")


def test_scores_of_classes_need_a_tree_for_each() -> None:
    made = make_model(n_classes=3)
    fewer = re.sub(r"(?m)^(tree_sizes=.*) \d+$", r"\1", made)

    check(made, "multiclass num_class:3", 3)
    with pytest.raises(ModelFileError, match="8 tree_sizes, expected a multiple of 3"):
        check(fewer, "multiclass num_class:3", 3)
    with pytest.raises(ModelFileError, match="the objective is not multiclass num_class:30"):
        check(made, "multiclass num_class:30", 30)
