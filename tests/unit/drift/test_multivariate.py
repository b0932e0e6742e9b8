import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from builders.chance import most, room
from evergreen.drift.multivariate import measure_multivariate, measure_quiet_auc
from evergreen.measurements import MultivariateDrift
from evergreen.spec.model import Feature, FeatureKind


def make_rows(
    n_rows: int, *, shift: float = 0.0, correlation: float = 0.0, seed: int = 0
) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    x, noise, carrier = (
        random.normal(size=n_rows),
        random.normal(size=n_rows),
        random.random(n_rows),
    )
    y = correlation * x + np.sqrt(1 - correlation**2) * noise
    return {"x": x + shift, "y": y, "carrier": np.where(carrier < 0.3, "UA", "AA")}


KINDS: dict[str, FeatureKind] = {"x": "numeric", "y": "numeric", "carrier": "categorical"}


def measure(
    reference: dict[str, Any],
    current: dict[str, Any],
    kinds: dict[str, FeatureKind] | None = None,
    **options: Any,
) -> MultivariateDrift:
    features = [Feature(name=name, kind=kind) for name, kind in (kinds or KINDS).items()]
    given_options = {"min_rows": 100, "seed": 7} | options
    return measure_multivariate(pa.table(reference), pa.table(current), features, **given_options)


# ``MultivariateDrift.se`` is that of the rows; by the training too an AUC varies so much more.
TRAINING = 1.5


def error_of_auc(n_before: int, n_after: int) -> float:
    """Return the standard error of the AUC of a score that says nothing."""
    return float(np.sqrt((n_before + n_after + 1) / (12 * n_before * n_after)))


def test_the_same_distribution_is_stable() -> None:
    results = [
        measure(make_rows(1000, seed=seed), make_rows(800, seed=seed + 100)) for seed in range(20)
    ]

    # The smallest AUC that counts, .58, is nearly 6 of these errors away.
    error = error_of_auc(1000, 800)
    assert {result.verdict for result in results} == {"stable"}
    assert np.mean([result.auc or 0.0 for result in results]) == pytest.approx(
        0.5, abs=room() * TRAINING * error / np.sqrt(20)
    )


def test_few_rows_do_not_raise_false_alarms() -> None:
    results = [
        measure(make_rows(100, seed=seed), make_rows(100, seed=seed + 100)) for seed in range(60)
    ]

    errors = [result.se or 0.0 for result in results]
    assert np.mean(errors) == pytest.approx(error_of_auc(100, 100), rel=0.1)
    assert [result.limit for result in results] == pytest.approx(
        [max(0.58, 0.5 + 3 * error) for error in errors], abs=5e-5
    )
    n_drifted = sum(result.verdict == "drifted" for result in results)
    assert n_drifted <= most(60, float(norm.sf(3 / TRAINING)))


@pytest.mark.parametrize(("shift", "verdict"), [(0.1, "stable"), (0.6, "drifted")])
def test_a_shift_counts_by_its_size(shift: float, verdict: str) -> None:
    result = measure(make_rows(4000), make_rows(4000, shift=shift, seed=1))

    assert result.verdict == verdict
    assert result.limit == 0.58


def test_features_that_no_longer_go_together_are_found() -> None:
    result = measure(make_rows(3000, correlation=0.9), make_rows(3000, seed=1))

    assert result.verdict == "drifted"
    assert set(result.features[:2]) == {"x", "y"}
    assert "told apart by" in result.sentence


def test_a_batch_must_differ_by_more_than_the_reference_from_itself() -> None:
    reference, current = make_rows(3000), make_rows(3000, shift=0.6, seed=1)

    alone = measure(reference, current)
    beside_time = measure(reference, current, quiet_auc=0.7)

    assert (alone.verdict, beside_time.verdict) == ("drifted", "stable")
    assert beside_time.limit is not None
    assert beside_time.limit > 0.7


def test_a_reference_that_moves_by_itself_has_a_high_quiet_auc() -> None:
    features = [Feature(name=name, kind=kind) for name, kind in KINDS.items()]
    quiet, moving = make_rows(4000), make_rows(4000)
    moving["x"] = moving["x"] + np.linspace(0, 2, 4000)

    still = measure_quiet_auc(pa.table(quiet), features, min_rows=100, seed=1)
    moved = measure_quiet_auc(pa.table(moving), features, min_rows=100, seed=1)

    assert still == pytest.approx(0.5, abs=room() * TRAINING * error_of_auc(2000, 2000))
    assert moved is not None
    assert moved > 0.7
    assert measure_quiet_auc(pa.table(make_rows(198)), features, min_rows=100, seed=1) is None


def test_the_same_seed_gives_the_same_numbers_over_a_sample() -> None:
    reference, current = make_rows(12_000), make_rows(7_000, seed=1)

    first, again = measure(reference, current), measure(reference, current)

    assert first == again
    assert first.auc != measure(reference, current, seed=8).auc


@pytest.mark.parametrize(
    ("n_rows", "verdict"), [(99, "insufficient_data"), (100, "stable")], ids=["few", "enough"]
)
def test_rows_are_needed_on_both_sides(n_rows: int, verdict: str) -> None:
    assert measure(make_rows(500), make_rows(n_rows, seed=1)).verdict == verdict
    assert measure(make_rows(n_rows), make_rows(500, seed=1)).verdict == verdict


@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, 1e300], ids=str)
def test_junk_values_hide_no_shift(junk: float) -> None:
    current = make_rows(3000, shift=0.8, seed=1)
    current["x"][::100] = junk

    result = measure(make_rows(3000), current)

    assert result.verdict == "drifted"
    assert result.features[0] == "x"


def test_a_new_category_is_found() -> None:
    current = make_rows(2000, seed=1)
    current["carrier"] = np.where(np.arange(2000) % 3 == 0, "new", current["carrier"])

    result = measure(make_rows(2000), current)

    assert result.verdict == "drifted"
    assert result.features[0] == "carrier"


def test_what_cannot_be_read_is_left_out_and_named() -> None:
    reference, current = make_rows(500), make_rows(500, seed=1)
    current["y"] = ["text"] * 500

    result = measure(reference, current, KINDS | {"gone": "numeric"})

    assert result.verdict == "stable"
    assert (
        "left out: y (expected numbers, came string), gone (column is missing)" in result.sentence
    )


def test_nothing_to_read_is_not_computable() -> None:
    result = measure({"x": ["a"] * 200}, {"x": ["a"] * 200}, {"x": "numeric"})

    assert result.verdict == "not_computable"
    assert result.auc is None


def test_time_itself_does_not_count() -> None:
    old = {
        "at": [datetime(2013, 1, 1, tzinfo=UTC)] * 200,
        "x": np.random.default_rng(0).random(200),
    }
    new = {
        "at": [datetime(2014, 1, 1, tzinfo=UTC)] * 200,
        "x": np.random.default_rng(1).random(200),
    }

    result = measure(old, new, {"at": "datetime", "x": "numeric"})

    assert result.verdict == "stable"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.zeros(200), id="constant"),
        pytest.param(pa.nulls(200, pa.float64()), id="all null"),
        pytest.param([f"value {n}" for n in range(200)], id="all different"),
        pytest.param([True, False] * 100, id="boolean"),
    ],
)
@pytest.mark.parametrize("kind", ["numeric", "categorical", "boolean", "integer"])
def test_odd_columns_have_a_verdict(values: Any, kind: FeatureKind) -> None:
    result = measure({"x": values}, {"x": values}, {"x": kind})

    assert result.verdict in ("stable", "not_computable")
    assert result.sentence


def test_lightgbm_is_imported_only_when_a_classifier_is_trained() -> None:
    code = (
        "import sys, evergreen.drift.multivariate, evergreen.drift.importance\n"
        "import evergreen.drift.predictions_and_labels\n"
        "heavy = {'lightgbm', 'pandas', 'sklearn', 'scipy', 'evidently'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


@settings(deadline=None, max_examples=25)
@given(
    before=st.lists(st.one_of(st.none(), st.floats()), min_size=10, max_size=30),
    after=st.lists(st.one_of(st.none(), st.floats()), min_size=10, max_size=30),
    kind=st.sampled_from(["numeric", "categorical", "boolean"]),
)
def test_the_check_is_total(
    before: list[float | None], after: list[float | None], kind: FeatureKind
) -> None:
    result = measure(
        {"x": pa.array(before, pa.float64())},
        {"x": pa.array(after, pa.float64())},
        {"x": kind},
        min_rows=10,
    )

    assert result.sentence
    assert (result.auc is None) == (result.verdict in ("insufficient_data", "not_computable"))
