from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.data_faults import (
    FAR_SHARE,
    MIN_ROWS,
    MIN_VALUES,
    MISSING_RISE,
    NEW_SHARE,
    STUCK_SHARE,
)
from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature

FEATURES = [
    Feature(name="temp", kind="numeric"),
    Feature(name="wind", kind="numeric"),
    Feature(name="carrier", kind="categorical"),
]


def make_table(n_rows: int = 1000, *, seed: int = 1, **changed: Any) -> pa.Table:
    """Return rows of a warm ``temp`` (10, sd 5), a ``wind`` (40, sd 2) and four carriers."""
    rng = np.random.default_rng(seed)
    columns = {
        "temp": rng.normal(10, 5, n_rows),
        "wind": rng.normal(40, 2, n_rows),
        "carrier": rng.choice(list("abcd"), n_rows).tolist(),
    }
    return pa.table(columns | changed)


def faults_of(batch: pa.Table, reference: pa.Table | None = None) -> tuple[str, ...]:
    """Return the faults that are found in a batch of three record batches."""
    profile = build_profile(reference or make_table(5000, seed=0), FEATURES)
    chunks = batch.to_batches(max_chunksize=batch.num_rows // 3 + 1)
    return measure_drift(profile, chunks, Drift()).faults


def values(name: str, n_rows: int = 1000) -> np.ndarray:
    """Return a sound column."""
    return np.array(make_table(n_rows)[name].to_numpy())


def spoilt(name: str, share: float, value: object) -> dict[str, Any]:
    """A column whose first rows, up to a share, hold another value; None: they are missing."""
    column = values(name).astype(object)
    column[: round(share * column.size)] = value
    return {name: column.tolist()}


def test_a_sound_batch_has_no_faults() -> None:
    assert faults_of(make_table()) == ()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"temp": values("temp") + 2.5}, id="half a standard deviation warmer"),
        pytest.param({"temp": values("temp") + np.linspace(0, 8, 1000)}, id="a trend"),
        pytest.param({"temp": values("temp") * 2}, id="twice as wide"),
        pytest.param({"temp": values("temp") + 12, "wind": values("wind") + 6}, id="a new season"),
        pytest.param({"carrier": ["a"] * 1000}, id="one carrier is left"),
        pytest.param({"carrier": (["a"] * 3 + ["new"]) * 250}, id="a carrier joins"),
    ],
)
def test_a_changed_world_is_no_fault(changed: dict[str, Any]) -> None:
    assert faults_of(make_table(**changed)) == ()


@pytest.mark.parametrize("name", ["temp", "carrier"])
@pytest.mark.parametrize(
    ("share", "is_fault"), [(MISSING_RISE - 0.01, False), (MISSING_RISE + 0.01, True), (1.0, True)]
)
def test_values_that_go_missing(name: str, share: float, is_fault: bool) -> None:
    found = faults_of(make_table(**spoilt(name, share, None)))

    assert found == (
        (f"{name} is missing in more rows by {share:.2f} over {MISSING_RISE}",) if is_fault else ()
    )


def test_values_that_were_missing_before_are_no_fault() -> None:
    reference = make_table(**spoilt("temp", 0.7, None))

    assert faults_of(make_table(**spoilt("temp", 1.0, None)), reference) == ()
    assert faults_of(make_table(**spoilt("temp", 1.0, None), seed=2), make_table()) != ()


@pytest.mark.parametrize(
    ("share", "is_fault"), [(STUCK_SHARE - 0.01, False), (STUCK_SHARE + 0.01, True), (1.0, True)]
)
def test_a_value_that_is_stuck(share: float, is_fault: bool) -> None:
    found = faults_of(make_table(**spoilt("temp", share, 10.0)))

    assert [sentence.startswith("temp hardly varies") for sentence in found] == [True] * is_fault


def test_a_column_that_never_varied_is_not_stuck() -> None:
    rare = make_table(5000, temp=np.where(np.arange(5000) % 40, 0.0, np.arange(5000)))

    assert faults_of(make_table(temp=np.zeros(1000)), rare) == ()


@pytest.mark.parametrize(
    ("share", "is_fault"), [(FAR_SHARE - 0.02, False), (FAR_SHARE + 0.03, True), (1.0, True)]
)
def test_a_unit_that_changes(share: float, is_fault: bool) -> None:
    wind = values("wind")
    wind[: round(share * wind.size)] *= 1000

    found = faults_of(make_table(wind=wind))

    assert [s.startswith("wind is far outside") for s in found] == [True] * is_fault


def test_values_that_shrink_towards_zero_are_far_outside_too() -> None:
    assert faults_of(make_table(wind=values("wind") / 1000)) != ()


@pytest.mark.parametrize(
    ("share", "is_fault"), [(NEW_SHARE - 0.02, False), (NEW_SHARE + 0.02, True), (1.0, True)]
)
def test_categories_that_nobody_has_seen(share: float, is_fault: bool) -> None:
    found = faults_of(make_table(**spoilt("carrier", share, "code 7")))

    assert [s.startswith("carrier holds values never seen") for s in found] == [True] * is_fault


def near_twins(n_rows: int, seed: int, shift: float = 0.0, **changed: Any) -> pa.Table:
    """Return columns that overlap, so that a swap is not far outside either's range."""
    rng = np.random.default_rng(seed)
    table = {"temp": rng.normal(shift, 1, n_rows), "wind": rng.normal(shift + 1.5, 1, n_rows)}
    return make_table(n_rows, seed=seed, **table | changed)


def test_columns_that_hold_each_others_values() -> None:
    batch = near_twins(1000, seed=1)
    swapped = batch.set_column(0, "temp", batch["wind"]).set_column(1, "wind", batch["temp"])

    found = faults_of(swapped, near_twins(5000, seed=0))

    assert found == ("temp and wind hold each other's values",)
    assert faults_of(batch, near_twins(5000, seed=0)) == ()


def test_one_column_that_takes_anothers_shape_is_no_swap() -> None:
    batch = near_twins(1000, seed=1)

    copied = faults_of(batch.set_column(0, "temp", batch["wind"]), near_twins(5000, seed=0))

    assert copied == ()


def test_a_swap_is_not_told_where_another_column_moved_too() -> None:
    features = [*FEATURES[:2], Feature(name="rain", kind="numeric")]
    rng = np.random.default_rng(3)
    profile = build_profile(
        near_twins(5000, seed=0, carrier=[""] * 5000).append_column(
            "rain", pa.array(rng.normal(size=5000))
        ),
        features,
    )
    batch = near_twins(1000, seed=1)
    swapped = batch.set_column(0, "temp", batch["wind"]).set_column(1, "wind", batch["temp"])

    def found(rain: np.ndarray) -> tuple[str, ...]:
        table = swapped.append_column("rain", pa.array(rain))
        return measure_drift(profile, table.to_batches(), Drift()).faults

    assert len(found(rng.normal(size=1000))) == 1
    assert found(rng.normal(1, 1, size=1000)) == ()


@pytest.mark.parametrize("n_rows", [MIN_ROWS - 1, MIN_ROWS])
def test_a_few_rows_tell_no_fault(n_rows: int) -> None:
    batch = make_table(n_rows, temp=[None] * n_rows)
    reference = make_table(5000, seed=0)

    found = faults_of(batch, reference)
    the_other_way = faults_of(make_table(temp=[None] * 1000), make_table(n_rows, seed=0))

    assert len(found) == len(the_other_way) == (n_rows >= MIN_ROWS)


@pytest.mark.parametrize(("n_values", "is_fault"), [(MIN_VALUES - 1, False), (MIN_VALUES, True)])
def test_a_reference_of_few_values_has_no_shape_to_leave(n_values: int, is_fault: bool) -> None:
    reference = make_table(1000, temp=np.arange(1000) % n_values)

    found = faults_of(make_table(temp=np.full(1000, 1e6)), reference)

    assert bool(found) is is_fault


def test_a_column_that_cannot_be_read_is_drift_and_no_fault() -> None:
    found = faults_of(make_table(temp=["warm"] * 1000))

    assert found == ()


def test_several_faults_are_told_one_by_one() -> None:
    broken = make_table(**spoilt("temp", 0.6, None), wind=values("wind") * 1000)

    found = faults_of(broken)

    assert [sentence.split()[0] for sentence in found] == ["temp", "wind"]
