from math import log
from typing import Any

import numpy as np
import pytest

from evergreen.metrics import estimate
from evergreen.metrics.chance import chance, unit_of
from evergreen.spec.model import MetricName

LABELS = 7 + 3 * np.random.default_rng(0).standard_normal(5000)


@pytest.mark.parametrize(
    ("metric", "asked", "expected", "unit"),
    [
        pytest.param("auc", {}, 0.5, 1, id="auc"),
        pytest.param("accuracy", {"n_classes": 4}, 0.25, 1, id="accuracy of four"),
        pytest.param("f1_macro", {"n_classes": 3}, 1 / 3, 1, id="f1 of three"),
        pytest.param("log_loss", {"n_classes": 3}, log(3), 2 * log(3), id="log loss of three"),
        pytest.param("brier", {}, 0.25, 0.5, id="brier"),
    ],
)
def test_a_guess_among_classes_has_a_known_score(
    metric: MetricName, asked: dict[str, Any], expected: float, unit: float
) -> None:
    found = chance(metric, **asked)

    assert found == pytest.approx(expected)
    assert unit_of(metric, found) == pytest.approx(unit)


@pytest.mark.parametrize(("metric", "guess"), [("rmse", LABELS.mean()), ("mae", np.median(LABELS))])
def test_a_guess_of_a_number_scores_as_if_it_were_measured(
    metric: MetricName, guess: float
) -> None:
    measured = estimate(metric, LABELS, np.full(LABELS.size, guess)).value

    assert chance(metric, target=LABELS) == pytest.approx(measured)


def test_without_labels_there_is_no_chance_of_a_number() -> None:
    with pytest.raises(ValueError, match="chance of mae depends on the labels"):
        chance("mae")


def test_labels_that_are_all_the_same_have_a_unit_too() -> None:
    assert unit_of("rmse", chance("rmse", target=[4.0, 4.0])) == 1
