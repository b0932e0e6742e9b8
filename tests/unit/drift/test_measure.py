import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, kstwobign, norm

from builders.chance import ERROR, room
from evergreen.drift.measure import drifted_share, measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.measurements import ColumnDrift, DriftMeasurement, DriftVerdict
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature, FeatureKind

RULES = Drift(psi_limit=0.25, ks_limit=0.15, null_share_limit=0.05, min_rows=30)


def make_values(n_rows: int, *, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1.0, n_rows)


def even_values(n_rows: int) -> np.ndarray:
    """Make the values of a normal distribution without its luck."""
    return np.asarray(norm.ppf((np.arange(n_rows) + 0.5) / n_rows))


def make_profile(values: object, kind: FeatureKind = "numeric") -> ReferenceProfile:
    return build_profile(pa.table({"x": values}), [Feature(name="x", kind=kind)])


def measure(profile: ReferenceProfile, values: object, rules: Drift = RULES) -> ColumnDrift:
    batches = pa.table({"x": values}).to_batches(max_chunksize=1000)
    return measure_drift(profile, batches, rules).columns[0]


def test_same_distribution_is_stable() -> None:
    result = measure(make_profile(make_values(20_000)), make_values(2_000, seed=1))

    assert result.verdict == "stable"
    sampling = 1 / 2_000 + 1 / 20_000
    assert result.psi is not None
    assert result.ks is not None
    assert result.psi < chi2.isf(ERROR, 9) * sampling
    assert result.ks < kstwobign.isf(ERROR) * np.sqrt(sampling)
    assert result.sentence.startswith("x: PSI 0.0")
    assert "within 0.25, D 0.0" in result.sentence


def test_shift_of_3_sd_with_one_row_of_a_billion_is_seen() -> None:
    values = np.append(make_values(4_999, shift=3.0, seed=1), 1e9)

    result = measure(make_profile(make_values(20_000)), values)

    assert result.verdict == "drifted"
    assert result.psi is not None
    assert result.ks is not None
    assert result.psi > 3
    assert result.ks > 0.8


def test_one_row_of_a_billion_alone_is_no_drift() -> None:
    values = np.append(make_values(4_999, seed=1), 1e9)

    assert measure(make_profile(make_values(20_000)), values).verdict == "stable"


@pytest.mark.parametrize("n_rows", [0, 1, 5, 29])
def test_too_few_rows_give_no_verdict(n_rows: int) -> None:
    result = measure(make_profile(make_values(20_000)), make_values(n_rows, shift=9))

    assert result.verdict == "insufficient_data"
    assert (result.psi, result.ks) == (None, None)
    assert result.sentence == f"x: {n_rows} rows, needs 30 for a verdict"


def test_exactly_enough_rows_give_a_verdict() -> None:
    assert measure(make_profile(make_values(20_000)), make_values(30, shift=9)).verdict == "drifted"


@pytest.mark.parametrize(("n_reference", "verdict"), [(29, "insufficient_data"), (30, "drifted")])
def test_the_reference_needs_rows_too(n_reference: int, verdict: str) -> None:
    result = measure(make_profile(make_values(n_reference)), make_values(500, shift=9))

    assert result.verdict == verdict


def test_a_trivial_shift_is_stable_on_400_000_rows() -> None:
    result = measure(make_profile(make_values(400_000)), make_values(400_000, shift=0.02, seed=1))

    assert result.verdict == "stable"


@pytest.mark.parametrize(
    ("kind", "reference", "current", "limit", "statistic"),
    [
        pytest.param("categorical", ["a"] * 50 + ["b"] * 50, ["a"] * 80 + ["b"] * 20, "psi", "psi"),
        pytest.param("numeric", [0.0] * 50 + [1.0] * 50, [0.0] * 80 + [1.0] * 20, "ks", "ks"),
        pytest.param("numeric", [0.0] * 100, [0.0] * 80 + [None] * 20, "null_share", "null_share"),
    ],
    ids=["psi", "ks", "null share"],
)
def test_a_feature_drifts_over_each_limit_and_not_at_it(
    kind: FeatureKind, reference: list[object], current: list[object], limit: str, statistic: str
) -> None:
    wide = {"psi_limit": 100.0, "ks_limit": 1.0, "null_share_limit": 1.0, "min_rows": 30}
    profile = make_profile(reference, kind)
    value = getattr(measure(profile, current, Drift.model_validate(wide)), statistic)

    at, below = (
        measure(profile, current, Drift.model_validate(wide | {f"{limit}_limit": its_limit}))
        for its_limit in (value, value - 1e-9)
    )

    assert at.verdict == "stable"
    assert below.verdict == "drifted"


def test_sentence_names_values_and_limits() -> None:
    profile = make_profile([0.0] * 70 + [1.0] * 30)

    result = measure(profile, [0.0] * 30 + [1.0] * 60 + [None] * 10)

    assert result.sentence == (
        "x: PSI 1.00 over 0.25, D 0.37 over 0.15, null share up by 0.10 over 0.05"
    )


def test_nulls_rise_over_the_reference_not_over_zero() -> None:
    profile = make_profile([1.0] * 50 + [None] * 50)

    result = measure(profile, [1.0] * 48 + [None] * 52)

    assert result.verdict == "stable"
    assert (result.null_share, result.reference_null_share) == (0.52, 0.5)


def test_infinities_have_bins_of_their_own() -> None:
    profile = make_profile(even_values(5_000))

    result = measure(profile, np.append(even_values(900), [np.inf] * 50 + [-np.inf] * 50))

    # Each infinity has gone from no row, which counts as .001, to .05; ten bins from .1 to .09.
    infinities, bins = 2 * 0.049 * np.log(50), 10 * 0.01 * np.log(1 / 0.9)
    assert result.verdict == "drifted"
    assert result.psi == pytest.approx(infinities + bins, rel=0.02)
    assert result.null_share == 0


def test_a_constant_that_moves_is_drift() -> None:
    profile = make_profile([5.0] * 100)

    assert measure(profile, [5.0] * 100).verdict == "stable"
    assert measure(profile, [4.0] * 100).verdict == "drifted"
    assert measure(profile, [6.0] * 100).verdict == "drifted"


def test_unseen_categories_are_counted() -> None:
    profile = make_profile(["a"] * 900 + ["b"] * 99 + ["rare"], "categorical")

    known = measure(profile, ["a"] * 90 + ["rare"] * 10)
    new = measure(profile, ["a"] * 50 + ["b"] * 10 + ["new"] * 30 + ["newer"] * 10)

    assert known.unseen_share == 0
    assert new.unseen_share == pytest.approx(0.4)
    assert new.verdict == "drifted"
    assert new.sentence.endswith("0.40 of the rows hold unseen values")


def test_more_values_than_remembered_are_no_drift_by_themselves() -> None:
    random = np.random.default_rng(0)
    profile = make_profile(random.integers(0, 5000, 20_000).astype(str), "categorical")

    result = measure(profile, random.integers(0, 5000, 20_000).astype(str))

    # A value is missing in 20,000 rows with this chance; over half of such values are recognised.
    missing = np.exp(-20_000 / 5_000)
    chance = room() * np.sqrt(missing / (0.5 * 20_000))
    assert result.verdict == "stable"
    assert result.unseen_share == pytest.approx(missing, abs=chance)


def test_booleans_are_the_same_as_zeros_and_ones() -> None:
    profile = make_profile([True, False] * 50, "boolean")

    assert measure(profile, [1, 0] * 50).psi == pytest.approx(0)
    assert measure(profile, [1, 1] * 50).verdict == "drifted"


def test_ks_is_left_out_where_too_few_values_are_there() -> None:
    values = [0.0] * 29 + [None] * 971
    profile = make_profile([1.0] * 50 + [None] * 1650)

    result = measure(profile, values)

    assert (result.ks, result.ks_limit) == (None, None)
    assert result.sentence.endswith("D left out: 29 values, needs 30")


@pytest.mark.parametrize(
    ("array", "says"),
    [
        pytest.param(pa.array(["7"] * 100), "expected numbers, came string", id="text"),
        pytest.param(pa.nulls(100, pa.float64()), "all rows are null", id="all null"),
        pytest.param(pa.nulls(100), "all rows are null", id="null type"),
        pytest.param(pa.array([float("nan")] * 100), "all rows are null", id="all NaN"),
        pytest.param(pa.array([[1.0]] * 100), "expected numbers, came list", id="nested"),
        pytest.param(None, "column is missing", id="missing"),
    ],
)
def test_one_bad_column_of_fifty_takes_no_other_along(array: pa.Array | None, says: str) -> None:
    good = {f"x{i}": make_values(100, seed=i) for i in range(49)}
    features = [Feature(name=name, kind="numeric") for name in [*good, "bad"]]
    profile = build_profile(pa.table(good | {"bad": make_values(100)}), features)
    columns = good if array is None else good | {"bad": array}

    result = measure_drift(profile, pa.table(columns).to_batches(), RULES)

    assert [column.verdict for column in result.columns] == ["stable"] * 49 + ["not_computable"]
    assert says in result.columns[-1].sentence
    assert result.drifted_share == pytest.approx(1 / 50)
    assert [column.column for column in result.drifted] == ["bad"]


def test_a_column_that_changes_its_type_within_a_batch_is_not_computable() -> None:
    numbers = pa.record_batch({"x": make_values(100)})
    texts = pa.record_batch({"x": ["1"] * 100})

    result = measure_drift(make_profile(make_values(100)), [numbers, texts, numbers], RULES)

    assert result.columns[0].verdict == "not_computable"
    assert result.n_rows == 300


def test_a_reference_without_the_column_is_named() -> None:
    profile = build_profile(pa.table({"y": [1.0] * 50}), [Feature(name="x", kind="numeric")])

    result = measure(profile, make_values(50))

    assert result.verdict == "not_computable"
    assert result.sentence.endswith("the reference has no profile of it: column is missing")


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_a_column_null_on_both_sides_is_stable_and_one_that_fills_has_drifted(
    kind: FeatureKind,
) -> None:
    profile = make_profile(pa.nulls(100), kind)

    assert measure(profile, pa.nulls(100)).verdict == "stable"
    assert measure(profile, [1.0] * 100).verdict == "drifted"


def test_verdict_does_not_depend_on_how_rows_are_cut_into_batches() -> None:
    profile = make_profile(make_values(5_000))
    table = pa.table({"x": make_values(3_000, shift=0.3, seed=1)})

    whole = measure_drift(profile, table.to_batches(), RULES)
    cut = measure_drift(profile, table.to_batches(max_chunksize=7), RULES)

    assert whole == cut


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats()), max_size=80))
def test_measuring_is_total_over_any_numbers(values: list[float | None]) -> None:
    profile = make_profile(make_values(100))

    result = measure(profile, pa.array(values, pa.float64()))

    assert result.sentence.startswith("x: ")
    assert DriftMeasurement(
        columns=(result,), n_rows=len(values), drifted_share=None, sentence=""
    ).to_json()


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=30, max_size=80))
def test_a_batch_equal_to_its_reference_never_drifts(values: list[str | None]) -> None:
    array = pa.array(values, pa.string())

    result = measure(make_profile(array, "categorical"), array)

    assert result.verdict == "stable"
    assert result.psi == pytest.approx(0)
    assert result.unseen_share == 0


@pytest.mark.parametrize(
    ("verdicts", "share"),
    [
        (["drifted", "stable", "not_computable", "stable"], 0.5),
        (["drifted", "insufficient_data"], 1.0),
        (["insufficient_data"], None),
        ([], None),
    ],
)
def test_share_counts_only_judged_features(
    verdicts: list[DriftVerdict], share: float | None
) -> None:
    columns = [
        ColumnDrift(column=str(i), kind="numeric", verdict=verdict, sentence="", n_rows=1)
        for i, verdict in enumerate(verdicts)
    ]

    assert drifted_share(columns) == share


def test_summary_names_the_first_five_drifted_features() -> None:
    names = [f"x{i}" for i in range(8)]
    features = [Feature(name=name, kind="numeric") for name in names]
    profile = build_profile(pa.table({name: make_values(100) for name in names}), features)
    moved = pa.table({name: make_values(100, shift=9.0 * (name < "x7")) for name in names})

    result = measure_drift(profile, moved.to_batches(), RULES)

    assert result.sentence == (
        "7 of 8 features drifted (x0, x1, x2, x3, x4 and 2 more): share 0.88 over 100 rows"
    )


def test_summary_says_why_nothing_was_judged() -> None:
    profile = make_profile(make_values(100))

    assert measure_drift(profile, [], RULES).sentence == (
        "drift not judged: 0 rows, needs 30 for a verdict"
    )


def test_measuring_does_not_import_evidently() -> None:
    code = (
        "import sys, pyarrow as pa\n"
        "import evergreen.drift.report.evidently_report\n"
        "from evergreen.drift import build_profile, measure_drift\n"
        "from evergreen.spec.model import Drift, Feature\n"
        "t = pa.table({'x': [1.0] * 600})\n"
        "p = build_profile(t, [Feature(name='x', kind='numeric')])\n"
        "measure_drift(p, t.to_batches(), Drift())\n"
        "print(sorted({'evidently', 'plotly', 'scipy', 'sklearn'} & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_calibrated_limits_stand_beside_every_value() -> None:
    profile = make_profile(make_values(20_000))
    # As the reference, but for the nulls.
    values = pa.array(even_values(200), mask=np.arange(200) % 17 == 0)

    few = measure(profile, values, Drift())

    assert few.verdict == "drifted"
    assert few.psi is not None
    assert few.psi_limit == pytest.approx(0.108, abs=0.002)
    assert few.sentence == (
        f"x: PSI {few.psi:.2f} over {few.psi_limit:g}, null share up by 0.06 over 0.05"
    )
    assert few.null_limit == 0.05
    assert few.ks_limit is not None
    assert few.ks_limit > 0.1


def test_the_cadence_moves_calibrated_limits() -> None:
    profile = make_profile(make_values(20_000))
    batches = pa.table({"x": make_values(100, seed=1)}).to_batches()

    weekly = measure_drift(profile, batches, Drift()).columns[0]
    hourly = measure_drift(profile, batches, Drift(), batches_per_year=8766).columns[0]

    assert weekly.ks_limit is not None
    assert hourly.ks_limit is not None
    assert weekly.ks_limit < hourly.ks_limit


def test_out_of_range_share_is_told() -> None:
    result = measure(make_profile([0.0, 1.0] * 50), [0.5] * 90 + [2.0] * 6 + [-2.0] * 4)

    assert result.out_of_range_share == pytest.approx(0.1)


def make_two(*, importance: dict[str, float] | None, rules: Drift = RULES) -> DriftMeasurement:
    """Measure two features of which the first has drifted."""
    features = [Feature(name=name, kind="numeric") for name in ("moved", "still")]
    reference = pa.table({name: make_values(1000) for name in ("moved", "still")})
    batch = pa.table({"moved": make_values(1000, shift=2), "still": make_values(1000)})
    profile = build_profile(reference, features)
    return measure_drift(profile, batch.to_batches(), rules, importance=importance)


@pytest.mark.parametrize(
    ("importance", "share"),
    [
        pytest.param({"moved": 3.0, "still": 1.0}, 0.75, id="weighed"),
        pytest.param({"moved": 0.1, "still": 0.9, "other": 5.0}, 0.1, id="others do not count"),
        pytest.param({"still": 1.0}, 0.0, id="not named: no weight"),
        pytest.param({"moved": 0.0, "still": 0.0}, 0.5, id="no weight at all: all the same"),
        pytest.param({}, 0.5, id="nothing known: all the same"),
        pytest.param(None, 0.5, id="not given: all the same"),
    ],
)
def test_drifted_share_is_weighed_by_importance(
    importance: dict[str, float] | None, share: float
) -> None:
    measured = make_two(importance=importance)

    assert measured.drifted_share == pytest.approx(share)
    assert [column.verdict for column in measured.columns] == ["drifted", "stable"]


def test_weights_are_shown_and_the_sentence_says_so() -> None:
    weighed, equal = make_two(importance={"moved": 3.0, "still": 1.0}), make_two(importance=None)

    assert [column.importance for column in weighed.columns] == [0.75, 0.25]
    assert weighed.sentence.endswith("share 0.75 by importance over 1000 rows")
    assert [column.importance for column in equal.columns] == [None, None]
    assert equal.sentence.endswith("share 0.50 over 1000 rows")


def test_rules_may_refuse_weights() -> None:
    rules = RULES.model_copy(update={"weigh_by_importance": False})

    assert make_two(importance={"moved": 3.0, "still": 1.0}, rules=rules).drifted_share == 0.5
