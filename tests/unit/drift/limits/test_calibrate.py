from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

from builders.chance import room
from evergreen.drift.limits.calibrate import calibrate, cut_blocks
from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.between_batch_variance import BlockSpread, ColumnSpread
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature

FEATURES = [
    Feature(name="calm", kind="numeric"),
    Feature(name="moody", kind="numeric"),
    Feature(name="place", kind="categorical"),
]


def make_blocks(
    n_blocks: int, *, n_rows: int = 1000, mood: float = 0.3, seed: int = 0
) -> list[pa.Table]:
    random = np.random.default_rng(seed)
    return [
        pa.table(
            {
                "calm": random.normal(size=n_rows),
                "moody": random.normal(random.normal() * mood, 1, n_rows),
                "place": random.choice(["a", "b", "c"], n_rows),
            }
        )
        for _ in range(n_blocks)
    ]


def moody_blocks(seed: int) -> list[pa.Table]:
    """12 blocks whose means of ``moody`` have a variance of exactly .09."""
    means = norm.ppf((np.arange(12) + 0.5) / 12)
    random = np.random.default_rng(seed)
    return [
        block.set_column(1, "moody", pa.array(random.normal(mean, 1, 1000)))
        for mean, block in zip(
            0.3 * means / means.std(ddof=1), make_blocks(12, seed=seed), strict=True
        )
    ]


def make_profile(blocks: list[pa.Table]) -> ReferenceProfile:
    profile = build_profile(pa.concat_tables(blocks), FEATURES)
    return calibrate(profile, [block.to_batches() for block in blocks])


def spread_of(profile: ReferenceProfile) -> BlockSpread:
    assert profile.blocks is not None
    return profile.blocks


def test_batches_that_differ_have_their_variance() -> None:
    """Block means of variance .09 make a PSI of about .09 and a D of .4 times the shift.

    The means are fixed, so that only their rows are drawn. "About" is a tenth: the reference is
    wider than one block, and ten bins see a little less than all of a shift.
    """
    spreads = [spread_of(make_profile(moody_blocks(seed))).columns["moody"] for seed in range(20)]

    for found, expected in (([s.psi for s in spreads], 0.09), ([s.ks for s in spreads], 0.0144)):
        chance = room(n_draws=20) * np.std(found, ddof=1) / np.sqrt(20)
        assert np.mean(found) == pytest.approx(expected, abs=0.1 * expected + chance)


@pytest.mark.parametrize(("column", "n_free"), [("calm", 9), ("place", 2)])
def test_random_draws_have_no_variance_but_that_of_chance(column: str, n_free: int) -> None:
    """A PSI of 1,000 random rows is a chi-square over 1,000; of 12 of them, the mean's excess.

    It is cut at 0. So it is half a normal, whose mean is .4 and whose spread .58 of the whole's.
    """
    spreads = [spread_of(make_profile(make_blocks(12, seed=seed))).columns for seed in range(40)]

    error = np.sqrt(2 * n_free / 12) / 1000
    bound = error * (0.4 + room() * 0.58 / np.sqrt(40))
    assert np.mean([s[column].psi for s in spreads]) < bound
    assert all(s["place"].ks == 0 for s in spreads)


def test_a_new_batch_differs_from_a_mean_of_blocks() -> None:
    spread = BlockSpread(columns={"x": ColumnSpread(psi=0.08, ks=0.04)}, worst=(2.0, 1, 1, 1))

    assert spread.of_new_batch("x").psi == pytest.approx(0.1)
    assert spread.of_new_batch("x").ks == pytest.approx(0.05)
    assert spread.of_new_batch("unknown") == ColumnSpread()


def test_nulls_that_come_in_spells_have_a_variance() -> None:
    blocks = [
        pa.table({"calm": pa.array([0.0, 1.0] * 200, mask=np.arange(400) < share * 400)})
        for share in (0.0, 0.3, 0.0, 0.2, 0.0, 0.1)
    ]
    profile = build_profile(pa.concat_tables(blocks), FEATURES[:1])

    spread = spread_of(calibrate(profile, [b.to_batches() for b in blocks]))

    assert spread.columns["calm"].null == pytest.approx(
        np.var([0, 0.3, 0, 0.2, 0, 0.1], ddof=1), rel=0.1
    )


@pytest.mark.parametrize(("n_blocks", "has_spread"), [(3, False), (4, True)])
def test_fewer_than_four_blocks_say_nothing(n_blocks: int, has_spread: bool) -> None:
    assert (make_profile(make_blocks(n_blocks)).blocks is not None) == has_spread


def test_small_blocks_and_a_block_of_half_the_reference_are_left_out() -> None:
    blocks = [*make_blocks(1, n_rows=9000), *make_blocks(5, n_rows=500), *make_blocks(3, n_rows=29)]

    assert spread_of(make_profile(blocks)).n_blocks == 5


def test_one_odd_feature_does_not_take_the_limits_of_others_along() -> None:
    blocks = make_blocks(8, mood=0.0)
    holiday = [
        block.set_column(1, "moody", pa.array(np.full(1000, float(place == 3))))
        for place, block in enumerate(blocks)
    ]

    shifted = make_blocks(1, seed=9)[0].set_column(
        0, "calm", pa.array(np.random.default_rng(9).normal(0.5, 1, 1000))
    )

    measured = measure_drift(make_profile(holiday), shifted.to_batches(), Drift())

    assert [column.verdict for column in measured.columns] == ["drifted", "drifted", "stable"]
    assert spread_of(make_profile(holiday)).quantile(0.077, 0.01) <= 6


def test_a_feature_that_is_gone_in_one_block_is_learnt_from_the_others() -> None:
    blocks = make_blocks(6)
    blocks[2] = blocks[2].set_column(1, "moody", pa.nulls(1000, pa.float64()))

    spread = spread_of(make_profile(blocks))

    assert spread.n_blocks == 6
    assert spread.columns["moody"].psi > 0


def test_a_feature_that_no_block_has_is_left_out() -> None:
    blocks = make_blocks(5)
    profile = build_profile(
        pa.concat_tables(blocks), [*FEATURES, Feature(name="x", kind="numeric")]
    )

    spread = spread_of(calibrate(profile, [block.to_batches() for block in blocks]))

    assert sorted(spread.columns) == ["calm", "moody", "place"]


def test_constant_and_all_null_features_have_no_variance() -> None:
    blocks = [pa.table({"calm": np.full(100, 5.0), "moody": pa.nulls(100, pa.float64())})] * 5
    profile = build_profile(pa.concat_tables(blocks), FEATURES[:2])

    spread = spread_of(calibrate(profile, [block.to_batches() for block in blocks]))

    assert spread.columns == {"calm": ColumnSpread(), "moody": ColumnSpread()}
    assert spread.worst == (1.0,) * 5


def test_a_calibrated_profile_survives_json_and_one_without_blocks_is_read() -> None:
    profile = make_profile(make_blocks(5))
    old = profile.to_json()
    del old["blocks"]

    assert ReferenceProfile.from_json(profile.to_json()) == profile
    assert ReferenceProfile.from_json(old).blocks is None


def test_distance_of_quiet_batches_rises_with_rarity_and_falls_back_with_its_tail() -> None:
    spread = spread_of(make_profile(make_blocks(10)))

    rare, rarer = spread.quantile(0.1, 1e-6), spread.quantile(0.01, 1e-6)

    assert rare < rarer
    assert spread.tail(0.0) == 1
    assert spread.tail(rarer) <= 0.0101
    assert spread.tail(rare) > spread.tail(rarer)


def make_times(days: list[float], unit: str = "us", tz: str | None = "UTC") -> pa.Table:
    start = datetime(2013, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(days=day) for day in days]
    if tz is None:
        moments = [moment.replace(tzinfo=None) for moment in moments]
    return pa.table({"at": pa.array(moments, pa.timestamp(unit, tz)), "day": days})


@pytest.mark.parametrize(("unit", "tz"), [("us", "UTC"), ("ns", None), ("s", "America/New_York")])
def test_blocks_are_spans_that_end_with_the_newest_row(unit: str, tz: str | None) -> None:
    table = make_times([20.0, *np.arange(0, 20, 0.5)], unit, tz)

    blocks = cut_blocks(table, "at", every_days=7)

    days = [sorted(pa.Table.from_batches(block)["day"].to_pylist()) for block in blocks]
    assert [(found[0], found[-1]) for found in days] == [(0.0, 6.0), (6.5, 13.0), (13.5, 20.0)]


def test_a_short_oldest_span_is_left_out() -> None:
    blocks = cut_blocks(make_times([0, 1, 2, 9, 10, 16, 17]), "at", every_days=7)

    assert [sum(batch.num_rows for batch in block) for block in blocks] == [2, 2]


def test_rows_without_a_time_are_in_no_block() -> None:
    table = pa.table({"at": pa.array([None, None], pa.timestamp("us", "UTC"))})

    assert cut_blocks(table, "at", every_days=7) == []
    assert cut_blocks(table.slice(0, 0), "at", every_days=7) == []
