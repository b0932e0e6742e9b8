import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.counts import ColumnTally, Statistics
from evergreen.spec.model import Feature, FeatureKind


def make_tally(reference: Any, kind: FeatureKind = "numeric") -> ColumnTally:
    profile = build_profile(pa.table({"x": reference}), [Feature(name="x", kind=kind)])
    return ColumnTally(profile.columns[0])


def compare(reference: Any, current: Any, kind: FeatureKind = "numeric") -> Statistics:
    tally = make_tally(reference, kind)
    for batch in pa.table({"x": current}).to_batches(max_chunksize=1000):
        tally.add(batch)
    statistics = tally.statistics()
    assert statistics is not None, tally.problem
    return statistics


def test_out_of_range_is_below_the_lowest_or_above_the_highest() -> None:
    reference = [0.0, 1.0, 2.0, 3.0]

    found = compare(reference, [-0.1, 0.0, 1.5, 3.0, 3.1, None, float("inf"), float("-inf")])

    assert found.out_of_range_share == 2 / 8
    assert found.infinity_share == 2 / 8
    assert found.null_share == 1 / 8
    assert (found.n_rows, found.n_values) == (8, 7)


def test_out_of_range_is_unknown_where_the_reference_holds_no_finite_value() -> None:
    assert compare([float("inf")] * 3, [1.0]).out_of_range_share is None
    assert compare(["a"], ["b"], "categorical").out_of_range_share is None


def test_datetimes_are_an_ordered_axis() -> None:
    start = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
    hours = [start + dt.timedelta(hours=i) for i in range(200)]

    same = compare(hours, hours, "datetime")
    later = compare(hours, [moment + dt.timedelta(hours=100) for moment in hours], "datetime")

    assert (same.psi, same.ks, same.out_of_range_share) == (0.0, 0.0, 0.0)
    assert later.ks == pytest.approx(0.5)
    assert later.out_of_range_share == 0.5


def test_counts_by_psi_bin_cover_every_row_on_both_sides() -> None:
    random = np.random.default_rng(0)
    values = [*random.normal(size=500), None, float("inf"), float("nan")]

    for kind, both in (("numeric", values), ("categorical", [str(i % 40) for i in range(300)])):
        found = compare(both, both, "categorical" if kind == "categorical" else "numeric")
        assert sum(found.psi_counts) == found.n_rows == len(both)
        assert sum(found.reference_psi_counts) == found.n_reference_rows == len(both)
        assert len(found.psi_counts) == len(found.reference_psi_counts)
        assert found.psi == 0.0


def test_the_error_bound_of_d_is_given() -> None:
    values = np.random.default_rng(0).normal(size=5000)

    found = compare(values, values)

    assert found.ks_error is not None
    assert 0 < found.ks_error <= 0.01


@pytest.mark.parametrize("n_values", [50, 3000, 10_000], ids=["listed", "thousands", "10,000"])
def test_the_unseen_share_is_estimated_from_few_kilobytes(n_values: int) -> None:
    random = np.random.default_rng(n_values)
    reference = np.char.add("v", random.integers(0, n_values, 100_000).astype(str))
    fresh = np.char.add("v", random.integers(0, n_values, 10_000).astype(str))
    new = np.char.add("new", random.integers(0, n_values, 10_000).astype(str))
    is_new = random.random(10_000) < 0.3

    quiet = compare(reference, fresh, "categorical")
    found = compare(reference, np.where(is_new, new, fresh), "categorical")

    assert quiet.unseen_share == pytest.approx(0.0, abs=0.01)
    assert quiet.psi < 0.05
    assert found.unseen_share == pytest.approx(0.3, abs=0.03)
    assert found.psi > 0.25


def test_a_long_tail_brings_new_values_without_drift() -> None:
    random = np.random.default_rng(3)
    reference = (random.zipf(1.4, 20_000) % 10**6).astype(str)

    found = compare(reference, (random.zipf(1.4, 5_000) % 10**6).astype(str), "categorical")

    assert found.unseen_share is not None
    assert found.reference_unseen_share is not None
    assert found.unseen_share == pytest.approx(found.reference_unseen_share, abs=0.02)
    assert found.unseen_share > 0.02
    assert found.psi < 0.02


def test_ids_that_are_all_different_every_time_are_no_drift() -> None:
    reference, current = ([f"{side}-{i}" for i in range(5000)] for side in ("old", "new"))

    assert compare(reference, current, "categorical").psi < 0.1
    assert compare(reference, reference, "categorical").psi == 0.0


def make_dictionaries() -> Sequence[pa.Array]:
    plain = pa.array(["a", "b", None, "a", "c"] * 400)
    turned = pa.DictionaryArray.from_arrays([2, 1, None, 2, 0] * 400, ["c", "b", "a"])
    spare = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 0, 3] * 400, pa.int8()), ["a", "b", None, "c", "not used"]
    )
    return [plain, plain.cast(pa.large_string()), plain.dictionary_encode(), turned, spare]


@pytest.mark.parametrize("place", range(5))
def test_record_batches_may_change_their_dictionary(place: int) -> None:
    tally = make_tally(["a"] * 500 + ["b"] * 300 + ["c"] * 200, "categorical")
    for array in (make_dictionaries()[place], make_dictionaries()[3], make_dictionaries()[place]):
        tally.add(pa.record_batch({"x": array}))

    statistics = tally.statistics()

    assert statistics is not None
    assert statistics.psi_counts == (2400, 1200, 1200, 0, 0, 0, 1200)


def test_after_a_problem_nothing_more_is_counted() -> None:
    tally = make_tally([1.0, 2.0])
    tally.add(pa.record_batch({"x": ["text"]}))
    tally.add(pa.record_batch({"x": [1.0]}))

    assert tally.statistics() is None
    assert tally.problem == "expected numbers, came string"
