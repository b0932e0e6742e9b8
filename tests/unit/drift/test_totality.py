"""Whatever a column holds, it gets a verdict with a sentence, and the others are still judged."""

import datetime as dt
import decimal
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.measurements import ColumnDrift, DriftMeasurement, DriftVerdict
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature, FeatureKind
from evergreen.storage.parquet import parquet_batches

RULES = Drift(psi_limit=0.25, ks_limit=0.2, null_share_limit=0.1, min_rows=30)
KINDS: tuple[FeatureKind, ...] = get_args(FeatureKind)
VERDICTS = set(get_args(DriftVerdict))
N_ROWS = 200
MOMENT = dt.datetime(2013, 1, 8, 6, tzinfo=dt.UTC)


def repeated(*values: Any, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002 - Arrow's
    return pa.array([values[i % len(values)] for i in range(N_ROWS)], type)


ODD: dict[str, pa.Array] = {
    "nan": repeated(1.0, float("nan")),
    "infinities": repeated(1.0, float("inf"), float("-inf")),
    "only infinity": repeated(float("inf")),
    "all null": pa.nulls(N_ROWS, pa.float64()),
    "null without type": pa.nulls(N_ROWS),
    "all nan": repeated(float("nan")),
    "constant": repeated(7),
    "zero and minus zero": repeated(0.0, -0.0),
    "subnormal and huge": repeated(5e-324, -1.7e308, 1.7e308),
    "text": repeated("1", "2", None),
    "empty text": repeated("", " ", None),
    "unicode": repeated("é", "e\u0301", "雪", "🦄", "\x00", "a\u202eb"),
    "not utf-8": pa.Array.from_buffers(
        pa.string(),
        2,
        [None, pa.py_buffer(np.array([0, 1, 2], np.int32).tobytes()), pa.py_buffer(b"\xff\xfe")],
    ).take(pa.array([0, 1] * (N_ROWS // 2))),
    "large text": repeated("a", "b", type=pa.large_string()),
    "text view": repeated("a", "b", type=pa.string_view()),
    "10,000 categories": pa.array([f"v{i}" for i in range(10_000)]),
    "dictionary of text": repeated("a", "b", None).dictionary_encode(),
    "dictionary of numbers": repeated(1.5, 2.5, None).dictionary_encode(),
    "boolean": repeated(True, False, None),
    "half": pa.array(np.arange(N_ROWS, dtype=np.float16)),
    "unsigned": repeated(2**64 - 1, 0, type=pa.uint64()),
    "beyond 2**53": repeated(2**53, 2**53 + 1),
    "decimal": repeated(decimal.Decimal("1.10"), decimal.Decimal("-99999.99"), None),
    "date32": repeated(MOMENT.date(), None),
    "date64": repeated(MOMENT.date(), type=pa.date64()),
    "date out of python": repeated(2**31 - 1, -(2**31), type=pa.int32()).view(pa.date32()),
    "timestamp": repeated(MOMENT, None),
    "timestamp ns": repeated(1, 2**62, type=pa.int64()).view(pa.timestamp("ns")),
    "time64": repeated(dt.time(6), None),
    "duration": repeated(dt.timedelta(days=1), None),
    "binary": repeated(b"\xff", b"\x00"),
    "fixed binary": repeated(b"ab", type=pa.binary(2)),
    "struct": repeated({"a": 1}, None),
    "list": repeated([1, 2], None),
    "map": repeated([("a", 1)], type=pa.map_(pa.string(), pa.int64())),
    "union": pa.UnionArray.from_sparse(
        pa.array([0, 1] * (N_ROWS // 2), pa.int8()), [repeated(1), repeated("a")]
    ),
    "run-end encoded": pa.RunEndEncodedArray.from_arrays([100, N_ROWS], [1.0, 2.0]),
    "interval": repeated(pa.scalar((1, 2, 3), pa.month_day_nano_interval()).as_py()),
}
FINE = pa.array(np.random.default_rng(0).normal(size=10_000))


def make_table(odd: pa.Array, *, name: str = "odd") -> pa.Table:
    return pa.table({name: odd, "fine": FINE[: len(odd)]})


def measure(
    reference: pa.Table, current: pa.Table, kind: FeatureKind, *, name: str = "odd"
) -> tuple[DriftMeasurement, ColumnDrift, ColumnDrift]:
    """Profile, write and read back, measure; the feature beside must always be judged."""
    features = [Feature(name=name, kind=kind), Feature(name="fine", kind="numeric")]
    written = json.dumps(build_profile(reference, features).to_json(), allow_nan=False)
    profile = ReferenceProfile.from_json(json.loads(written))
    measured = measure_drift(profile, current.to_batches(max_chunksize=90), RULES)
    assert DriftMeasurement.from_json(json.loads(json.dumps(measured.to_json()))) == measured
    odd, fine = measured.columns
    for column in (odd, fine):
        assert column.verdict in VERDICTS
        assert column.sentence.startswith(f"{column.column}: ")
        assert len(column.sentence) < 400
        assert "\n" not in column.sentence
    return measured, odd, fine


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ODD)
def test_every_type_gets_a_verdict_and_the_column_beside_it_too(
    kind: FeatureKind, name: str
) -> None:
    table = make_table(ODD[name])

    _, odd, fine = measure(table, table, kind)

    assert odd.verdict in ("stable", "not_computable")
    assert fine.verdict == "stable"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ODD)
def test_a_column_that_arrives_as_something_else_takes_no_other_along(
    kind: FeatureKind, name: str
) -> None:
    usual = {
        "categorical": repeated("a", "b"),
        "boolean": repeated(True, False),
        "datetime": repeated(MOMENT, MOMENT + dt.timedelta(days=1)),
    }.get(kind, repeated(1, 2, 3))

    _, _, fine = measure(make_table(usual), make_table(ODD[name]), kind)

    assert fine.verdict == "stable"


@pytest.mark.parametrize(
    ("kind", "wrong", "says"),
    [
        ("integer", "text", "expected numbers, came string"),
        ("numeric", "struct", "expected numbers, came struct"),
        ("numeric", "timestamp", "expected numbers, came timestamp"),
        ("categorical", "binary", "expected categories, came binary"),
        ("categorical", "fixed binary", "expected categories, came fixed_size_binary"),
        ("categorical", "list", "expected categories, came list"),
        ("categorical", "not utf-8", "codec can't decode"),
        ("boolean", "text", "expected true, false or 0, 1; came string"),
        ("datetime", "text", "expected timestamps or dates, came string"),
        ("datetime", "duration", "expected timestamps or dates, came duration"),
        ("numeric", "all null", "all rows are null"),
        ("categorical", "null without type", "all rows are null"),
    ],
)
def test_what_cannot_be_computed_says_why(kind: FeatureKind, wrong: str, says: str) -> None:
    values: dict[str, object] = {"categorical": "a", "boolean": True, "datetime": MOMENT}
    usual = repeated(values.get(kind, 1))

    _, odd, _ = measure(make_table(usual), make_table(ODD[wrong]), kind)

    assert odd.verdict == "not_computable"
    assert says in odd.sentence


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_rows", [0, 1, 29, 30])
def test_few_rows_on_either_side_are_no_crash(kind: FeatureKind, n_rows: int) -> None:
    usual = {
        "categorical": repeated("a", "b"),
        "boolean": repeated(True, False),
        "datetime": repeated(MOMENT),
    }.get(kind, repeated(1, 2))
    table = make_table(usual)

    _, few_now, _ = measure(table, table.slice(0, n_rows), kind)
    _, few_then, _ = measure(table.slice(0, n_rows), table, kind)

    wanted = "insufficient_data" if n_rows < RULES.min_rows else "stable"
    assert {few_now.verdict, few_then.verdict} == {wanted}


def test_a_constant_that_changes_has_drifted() -> None:
    _, odd, _ = measure(make_table(repeated(7)), make_table(repeated(8)), "numeric")

    assert odd.verdict == "drifted"


@pytest.mark.parametrize("n_known", [3, 10_000], ids=["few categories", "10,000 categories"])
def test_new_categories_are_seen_among_few_and_among_thousands(n_known: int) -> None:
    random = np.random.default_rng(1)
    known, new = (
        pa.array([f"{word} {place}" for place in random.integers(0, n_known, 10_000)])
        for word in ("known", "new")
    )
    fresh = pa.array([f"known {place}" for place in random.integers(0, n_known, 10_000)])

    _, quiet, _ = measure(make_table(known), make_table(fresh), "categorical")
    _, loud, _ = measure(make_table(known), make_table(new), "categorical")

    assert (quiet.verdict, loud.verdict) == ("stable", "drifted")


@pytest.mark.parametrize("name", ["é", "雪 🦄", 'a"b', "a.b", " ", "__proto__", "x" * 200])
def test_names_may_be_any_text(name: str) -> None:
    table = make_table(repeated(1, 2), name=name)

    _, odd, fine = measure(table, table, "integer", name=name)

    assert (odd.verdict, fine.verdict) == ("stable", "stable")


def test_a_column_that_occurs_twice_or_not_at_all_is_not_guessed() -> None:
    table = make_table(repeated(1, 2))
    twice = table.append_column("odd", repeated(3))
    gone = table.drop_columns(["odd"])

    for reference, current in ((table, twice), (table, gone), (twice, table), (gone, table)):
        _, odd, fine = measure(reference, current, "integer")
        assert odd.verdict == "not_computable"
        assert "occurs 2 times" in odd.sentence or "is missing" in odd.sentence
        assert fine.verdict == "stable"


def test_the_order_of_columns_does_not_matter() -> None:
    table = make_table(repeated(1, 2, None)).append_column("more", repeated("not asked for"))
    turned = table.select(list(reversed(table.column_names)))

    assert measure(table, table, "integer")[0] == measure(table, turned, "integer")[0]


@pytest.mark.parametrize("name", sorted(set(ODD) - {"union", "run-end encoded", "interval"}))
def test_a_file_gives_the_verdict_of_the_table(name: str, tmp_path: Path) -> None:
    table = make_table(ODD[name])
    try:
        pq.write_table(table, tmp_path / "t.parquet")
    except pa.ArrowNotImplementedError:
        pytest.skip("Parquet has no such type")
    for kind in KINDS:
        features = [Feature(name="odd", kind=kind), Feature(name="fine", kind="numeric")]
        profile = build_profile(table, features)

        streamed = measure_drift(
            profile, parquet_batches(tmp_path / "t.parquet", ["odd", "fine"]), RULES
        )

        whole = measure_drift(profile, table.to_batches(), RULES)
        verdicts = [(c.verdict, c.psi, c.ks) for c in whole.columns]
        assert [(c.verdict, c.psi, c.ks) for c in streamed.columns] == verdicts


any_value = st.one_of(
    st.none(),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e9, -1e9, 5e-324, float("nan"), float("inf"), float("-inf")]),
)
any_text = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["a", "b", "NaN", "null"]))
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SETTINGS
@given(st.lists(any_value, max_size=80), st.lists(any_value, max_size=80))
def test_any_numbers_get_a_verdict(reference: list[float], current: list[float]) -> None:
    before, after = (make_table(pa.array(side, pa.float64())) for side in (reference, current))

    _, odd, fine = measure(before, after, "numeric")

    few = min(len(reference), len(current)) < RULES.min_rows
    assert (odd.verdict == "insufficient_data") == few
    assert (fine.verdict == "insufficient_data") == few


@SETTINGS
@given(st.lists(any_text, max_size=80), st.lists(any_text, max_size=80))
def test_any_texts_get_a_verdict(reference: list[str | None], current: list[str | None]) -> None:
    before, after = (make_table(pa.array(side, pa.string())) for side in (reference, current))

    _, odd, _ = measure(before, after, "categorical")

    few = min(len(reference), len(current)) < RULES.min_rows
    assert (odd.verdict == "insufficient_data") == few


@SETTINGS
@given(st.lists(any_value, min_size=30, max_size=80), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(values: list[float], seed: int) -> None:
    array = pa.array(values, pa.float64())
    mixed = array.take(pa.array(np.random.default_rng(seed).permutation(len(values))))

    _, odd, _ = measure(make_table(array), make_table(mixed), "numeric")

    assert odd.verdict in ("stable", "not_computable")
    assert odd.psi in (0.0, None)
