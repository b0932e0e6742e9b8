import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.limits.limits import ColumnLimits, DriftLimits, Sample
from evergreen.drift.profile.between_batch_variance import BlockSpread, ColumnSpread
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import CategoryColumn, NumericColumn, ReferenceProfile
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature

WORST = (2.0, 2.4, 1.8, 2.2, 2.1, 2.6, 1.9, 2.3)


def make_profile(n_rows: int = 20_000, *, n_columns: int = 10) -> ReferenceProfile:
    random = np.random.default_rng(0)
    columns = {f"x{i}": random.normal(size=n_rows) for i in range(n_columns)}
    columns["c"] = random.choice(["a", "b", "c"], n_rows)
    features = [Feature(name=f"x{i}", kind="numeric") for i in range(n_columns)]
    features += [Feature(name="c", kind="categorical"), Feature(name="gone", kind="numeric")]
    return build_profile(pa.table(columns), features)


def with_blocks(profile: ReferenceProfile, **spread: float) -> ReferenceProfile:
    blocks = BlockSpread(columns={"x0": ColumnSpread.model_validate(spread)}, worst=WORST)
    return profile.model_copy(update={"blocks": blocks})


def limits_of(
    profile: ReferenceProfile,
    n_rows: int,
    rules: Drift | None = None,
    *,
    column: int = 0,
    batches_per_year: float = 52.0,
) -> ColumnLimits:
    found = profile.columns[column]
    assert isinstance(found, NumericColumn | CategoryColumn)
    limits = DriftLimits(profile, rules or Drift(), batches_per_year=batches_per_year)
    return limits.of(found.name, Sample.expected(found, n_rows))


def test_few_rows_are_judged_by_calibrated_limits_and_many_by_the_smallest_effects() -> None:
    profile = make_profile()

    few, many = limits_of(profile, 100), limits_of(profile, 10_000)

    assert [limit.source for limit in few] == ["calibrated", "calibrated", "floor"]
    assert few.psi.value > 0.3
    assert few.ks.value == pytest.approx(0.194, abs=0.02)
    assert many == (((0.1, "floor")), (0.1, "floor"), (0.05, "floor"))


def test_limits_fall_with_the_rows_down_to_the_smallest_effect() -> None:
    profile = make_profile()

    found = [limits_of(profile, n_rows) for n_rows in (50, 100, 200, 400, 800, 1600)]

    for values in ([f.psi.value for f in found], [f.ks.value for f in found]):
        assert values == sorted(values, reverse=True)
        assert values[-1] == 0.1


def test_a_small_reference_raises_limits_too() -> None:
    assert (
        limits_of(make_profile(200), 10_000).ks.value > limits_of(make_profile(), 10_000).ks.value
    )


def test_the_budget_is_shared_out_over_batches_and_statistics() -> None:
    profile = make_profile()

    weekly = DriftLimits(profile, Drift(), batches_per_year=52)
    daily = DriftLimits(profile, Drift(), batches_per_year=365)
    one_given = DriftLimits(profile, Drift(psi_limit=0.3), batches_per_year=52)

    assert weekly.alpha == pytest.approx(4 / 52)
    assert daily.alpha == pytest.approx(4 / 365)
    assert weekly.alpha_each == pytest.approx(4 / 52 / (10 * 3 + 2))
    assert one_given.alpha_each == pytest.approx(4 / 52 / (10 * 2 + 1))


def test_a_smaller_budget_and_a_faster_cadence_give_higher_limits() -> None:
    profile = make_profile()
    usual = limits_of(profile, 100)

    tight = limits_of(profile, 100, Drift(false_verdicts_per_year=0.5))
    daily = limits_of(profile, 100, batches_per_year=365)

    assert tight.ks.value > usual.ks.value
    assert daily.psi.value > usual.psi.value


@pytest.mark.parametrize(("batches_per_year", "alpha"), [(40.0, 0.1), (4.0, 0.1), (80.0, 0.05)])
def test_a_budget_of_more_than_a_tenth_of_the_batches_is_capped(
    batches_per_year: float, alpha: float
) -> None:
    limits = DriftLimits(make_profile(), Drift(), batches_per_year=batches_per_year)

    assert limits.alpha == pytest.approx(alpha)


def test_limits_of_the_spec_win() -> None:
    rules = Drift(psi_limit=0.01, ks_limit=0.0, null_share_limit=0.9)

    found = limits_of(with_blocks(make_profile(), psi=5, ks=0.5, null=0.1), 100, rules)

    assert found == ((0.01, "spec"), (0.0, "spec"), (0.9, "spec"))


def test_blocks_raise_the_limits_of_the_features_that_differ_between_batches() -> None:
    profile = with_blocks(make_profile(), psi=0.05, ks=0.01, null=0.002)

    moody, calm = limits_of(profile, 10_000), limits_of(profile, 10_000, column=1)

    assert [limit.source for limit in moody] == ["calibrated"] * 3
    assert moody.psi.value == pytest.approx(0.05 * 9 / 8 * 2.6**2, rel=0.1)
    assert moody.ks.value == pytest.approx(np.sqrt(0.01 * 9 / 8) * 2.6, rel=0.1)
    assert [limit.source for limit in calm] == ["floor"] * 3


def test_what_hardly_overlaps_has_drifted_however_much_batches_differ() -> None:
    found = limits_of(with_blocks(make_profile(), psi=9.0, ks=0.9, null=0.9), 1000)

    assert found == ((4.0, "gross"), (0.75, "gross"), (0.5, "gross"))


def test_limits_are_shown_in_full_by_four_decimals() -> None:
    found = limits_of(make_profile(), 137)

    assert found.psi.value == round(found.psi.value, 4)
    assert found.ks.value == round(found.ks.value, 4)


def test_expected_sample_has_the_references_nulls() -> None:
    table = pa.table({"x": pa.array([1.0, 2.0, 3.0, None] * 50)})
    column = build_profile(table, [Feature(name="x", kind="numeric")]).columns[0]
    assert isinstance(column, NumericColumn)

    sample = Sample.expected(column, 80)

    assert (sample.n_rows, sample.n_values, sample.n_reference_values) == (80, 60, 150)
    assert sample.null_share == pytest.approx(50.5 / 201)
    assert sample.size == pytest.approx(80 * 200 / 280)
