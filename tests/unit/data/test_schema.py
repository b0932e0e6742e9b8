from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from evergreen.data.schema import align, check_columns
from evergreen.errors import ManifestError, SchemaError
from evergreen.records import Manifest
from evergreen.spec.model import ModelSpec

Make = Callable[..., Any]


def replaced(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, [values])


def test_columns_of_the_spec_are_accepted(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table()

    assert check_columns(table.schema, make_manifest(table), spec) == ()


def test_order_is_free_and_new_columns_are_passed_over(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table().append_column("colour", [["red"] * 4])
    table = table.select(list(reversed(table.column_names)))

    assert check_columns(table.schema, make_manifest(table), spec) == ("colour",)


@pytest.mark.parametrize("renamed", ["Price", "price_eur", "prices", "prize"])
def test_renamed_column_is_hinted_at(
    spec: ModelSpec, make_table: Make, make_manifest: Make, renamed: str
) -> None:
    table = make_table()
    table = table.rename_columns([renamed if n == "price" else n for n in table.column_names])

    with pytest.raises(SchemaError, match=f"price is missing; was it renamed to '{renamed}'"):
        check_columns(table.schema, make_manifest(table), spec)


def test_column_of_another_type_is_no_hint(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table().drop_columns(["price"]).append_column("price_text", [["1"] * 4])

    with pytest.raises(SchemaError, match=r"price is missing \(new columns: 'price_text'\)"):
        check_columns(table.schema, make_manifest(table), spec)


def test_all_differences_are_named_at_once(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = replaced(make_table(), "visits", ["1", "2", "3", "4"]).drop_columns(["is_member", "id"])

    with pytest.raises(SchemaError) as caught:
        check_columns(table.schema, make_manifest(table), spec)

    for text in ("id is missing", "is_member is missing", "visits is string, expected integers"):
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("price", ["1", "2", "3", "4"]),
        ("visits", [1.0, 2.0, 3.0, 4.0]),
        ("country", [1.0, 2.0, 3.0, 4.0]),
        ("is_member", [0, 1, 0, 1]),
        ("at", ["2013-01-08"] * 4),
        ("at", pa.array([0, 1, 2, 3], pa.timestamp("us"))),
        ("id", [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_wrong_type_is_refused(
    spec: ModelSpec, make_table: Make, make_manifest: Make, name: str, values: Any
) -> None:
    table = replaced(make_table(), name, values)

    with pytest.raises(SchemaError, match=f"{name} is .*, expected"):
        check_columns(table.schema, make_manifest(table), spec)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("price", pa.int32()),
        ("price", pa.float32()),
        ("price", pa.decimal128(10, 2)),
        ("visits", pa.uint8()),
        ("country", pa.large_string()),
        ("country", pa.dictionary(pa.int8(), pa.string())),
        ("at", pa.timestamp("ns", tz="America/New_York")),
    ],
)
def test_related_types_are_accepted_and_become_the_same(
    spec: ModelSpec, make_table: Make, make_manifest: Make, name: str, kind: pa.DataType
) -> None:
    plain = make_table()
    plain = replaced(plain, "price", [0.0, 1.0, 2.0, 3.0])
    table = replaced(plain, name, plain[name].cast(kind))

    check_columns(table.schema, make_manifest(table), spec)

    assert align(table, spec, "data").equals(align(plain, spec, "data"))


def test_column_delivered_twice_is_refused(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table()
    table = table.append_column("price", table["price"])

    with pytest.raises(SchemaError, match="'price' is delivered twice"):
        check_columns(table.schema, make_manifest(table), spec)


@pytest.mark.parametrize(
    "columns", [{"price": "float"}, {"more": "int64"}], ids=["another type", "another column"]
)
def test_manifest_that_lists_other_columns_is_refused(
    spec: ModelSpec, make_table: Make, make_manifest: Make, columns: dict[str, str]
) -> None:
    table = make_table()
    manifest: Manifest = make_manifest(table)
    wrong = manifest.model_copy(update={"columns": manifest.columns | columns})

    with pytest.raises(ManifestError, match=next(iter(columns))):
        check_columns(table.schema, wrong, spec)


def test_labels_need_key_and_target_only(spec: ModelSpec, make_manifest: Make) -> None:
    table = pa.table({"bought": [0, 1], "id": ["a", "b"]})

    assert check_columns(table.schema, make_manifest(table, kind="labels"), spec) == ()
    assert align(table, spec, "labels").column_names == ["id", "bought"]
    with pytest.raises(SchemaError, match="bought is missing"):
        check_columns(table.schema.remove(0), make_manifest(table, kind="labels"), spec)


def test_text_labels_are_refused(spec: ModelSpec, make_manifest: Make) -> None:
    table = pa.table({"bought": ["yes", "no"], "id": ["a", "b"]})

    with pytest.raises(SchemaError, match="bought is string, expected 0 and 1"):
        check_columns(table.schema, make_manifest(table, kind="labels"), spec)


def test_aligned_table_has_the_columns_of_the_spec_in_its_order(
    spec: ModelSpec, make_table: Make
) -> None:
    table = make_table().append_column("colour", [["red"] * 4])
    table = table.select(list(reversed(table.column_names)))

    aligned = align(table, spec, "data")

    assert aligned.column_names == ["id", "at", "price", "visits", "country", "is_member"]
    assert [str(field.type) for field in aligned.schema] == [
        "string",
        "timestamp[us, tz=UTC]",
        "double",
        "int64",
        "string",
        "bool",
    ]
    assert aligned["at"][0].as_py().astimezone(UTC).hour == 0


def test_large_integer_keys_keep_every_digit(spec: ModelSpec) -> None:
    large = [2**53 + 1, 2**64 - 1]
    table = pa.table({"id": pa.array(large, pa.uint64()), "bought": [True, False]})

    aligned = align(table, spec, "labels")

    assert aligned["id"].to_pylist() == large
    assert aligned["bought"].to_pylist() == [1, 0]


def test_value_that_does_not_fit_is_named(spec: ModelSpec, make_table: Make) -> None:
    table = replaced(make_table(), "visits", pa.array([2**64 - 1] * 4, pa.uint64()))

    with pytest.raises(SchemaError, match="visits holds a value that is not int64"):
        align(table, spec, "data")


def test_align_names_a_missing_column(spec: ModelSpec, make_table: Make) -> None:
    with pytest.raises(SchemaError, match="price is missing"):
        align(make_table().drop_columns(["price"]), spec, "data")


def test_hostile_column_name_is_shortened(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table().drop_columns(["price"]).append_column("<script>" * 2000, [["x"] * 4])

    with pytest.raises(SchemaError) as caught:
        check_columns(table.schema, make_manifest(table), spec)

    assert len(str(caught.value)) < 500


def with_since(spec: ModelSpec) -> ModelSpec:
    payload = spec.model_dump()
    payload["data"]["features"] = [
        *payload["data"]["features"],
        {"name": "since", "kind": "datetime"},
    ]
    return ModelSpec.model_validate(payload)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param(pa.array([datetime(2013, 1, 8, 6, tzinfo=UTC)] * 4), 6, id="timestamp"),
        pytest.param(
            pa.array([datetime(2013, 1, 8, 6)] * 4, pa.timestamp("ns")),  # noqa: DTZ001
            6,
            id="no timezone",
        ),
        pytest.param(pa.array([date(2013, 1, 8)] * 4), 0, id="date"),
    ],
)
def test_a_datetime_feature_becomes_microseconds_in_utc(
    spec: ModelSpec, make_table: Make, make_manifest: Make, since: pa.Array, expected: int
) -> None:
    table = make_table().append_column("since", since)

    extra = check_columns(table.schema, make_manifest(table), with_since(spec))
    aligned = align(table, with_since(spec), "data")["since"]

    assert extra == ()
    assert str(aligned.type) == "timestamp[us, tz=UTC]"
    assert aligned[0].as_py().astimezone(UTC) == datetime(2013, 1, 8, expected, tzinfo=UTC)


def test_a_datetime_feature_takes_no_numbers(
    spec: ModelSpec, make_table: Make, make_manifest: Make
) -> None:
    table = make_table().append_column("since", [[1, 2, 3, 4]])

    with pytest.raises(SchemaError, match="since is int64, expected a timestamp or a date"):
        check_columns(table.schema, make_manifest(table), with_since(spec))


def test_a_time_beyond_microseconds_is_refused_and_not_wrapped(
    spec: ModelSpec, make_table: Make
) -> None:
    table = make_table().append_column("since", [pa.array([2**60] * 4, pa.timestamp("s"))])

    with pytest.raises(SchemaError, match="since holds a value that is not timestamp"):
        align(table, with_since(spec), "data")


@pytest.mark.parametrize(
    ("task", "labels", "wanted"),
    [
        pytest.param("multiclass", pa.array([0, 1, 2, 1], pa.int8()), pa.int8(), id="classes"),
        pytest.param("regression", pa.array([1, 2, 3, 4]), pa.float64(), id="whole numbers"),
        pytest.param(
            "regression",
            pa.array([1, 2, 3, 4]).cast(pa.decimal128(25, 2)),
            pa.float64(),
            id="decimals",
        ),
    ],
)
def test_labels_of_each_task_are_taken(
    spec: ModelSpec, make_manifest: Make, task: str, labels: pa.Array, wanted: pa.DataType
) -> None:
    of_task = spec.model_copy(update={"data": spec.data.model_copy(update={"task": task})})
    table = pa.table({"id": list("abcd"), "bought": labels})

    check_columns(table.schema, make_manifest(table, kind="labels"), of_task)

    assert align(table, of_task, "labels").schema.field("bought").type == wanted


@pytest.mark.parametrize(
    ("task", "labels", "expected"),
    [
        pytest.param("multiclass", ["x"] * 4, "expected classes 0, 1, 2", id="names of classes"),
        pytest.param("multiclass", [True, False] * 2, "expected classes 0, 1, 2", id="booleans"),
        pytest.param("regression", [True, False] * 2, "expected numbers", id="no numbers"),
    ],
)
def test_labels_of_another_task_are_refused(
    spec: ModelSpec, make_manifest: Make, task: str, labels: list[Any], expected: str
) -> None:
    of_task = spec.model_copy(update={"data": spec.data.model_copy(update={"task": task})})
    table = pa.table({"id": list("abcd"), "bought": labels})

    with pytest.raises(SchemaError, match=expected):
        check_columns(table.schema, make_manifest(table, kind="labels"), of_task)
