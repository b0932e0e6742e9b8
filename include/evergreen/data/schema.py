"""Columns of a delivery against the spec: by name, with hints, and in one fixed set of types."""

import difflib
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from evergreen.errors import ManifestError, SchemaError
from evergreen.records import Manifest
from evergreen.spec.model import ModelSpec

TIME_TYPE = pa.timestamp("us", tz="UTC")
NUMBERS = "numbers (integer, float or decimal)"
WANTED = {
    "numeric": NUMBERS,
    "integer": "integers",
    "categorical": "text or integers",
    "boolean": "true and false",
    "datetime": "a timestamp or a date",
    "key": "text or integers",
    "time": "a timestamp with timezone",
    "target": "0 and 1 (integer, float or boolean)",
    "class": "classes 0, 1, 2, ... (integer or float)",
}
ROLE_OF_TARGET = {"binary": "target", "multiclass": "class", "regression": "numeric"}


def wanted_columns(spec: ModelSpec, kind: Literal["data", "labels"]) -> dict[str, str]:
    """Return the columns that a delivery must have, in the order of the spec, with their role."""
    if kind == "labels":
        return {spec.data.key: "key", spec.data.target: ROLE_OF_TARGET[spec.data.task]}
    features = {feature.name: str(feature.kind) for feature in spec.data.delivered_features}
    return {spec.data.key: "key", spec.data.time_column: "time", **features}


def check_columns(schema: pa.Schema, manifest: Manifest, spec: ModelSpec) -> tuple[str, ...]:
    """Check the columns in a Parquet footer against the spec and the manifest.

    Columns may come in any order, and a column that the spec does not name is ignored.

    Args:
        schema: Columns of one delivered file.
        manifest: The delivery's manifest.
        spec: The model's spec.

    Returns:
        Names of the columns that will be ignored, sorted.

    Raises:
        SchemaError: A column is missing, occurs twice or has another type; every one is named.
        ManifestError: The file has other columns or types than its manifest says.
    """
    wanted = wanted_columns(spec, manifest.kind)
    twice = sorted(name for name, count in Counter(schema.names).items() if count > 1)
    if twice:
        raise SchemaError(f"column {twice[0]!r:.60} is delivered twice; deliver each once")
    extra = sorted(set(schema.names) - set(wanted))
    problems = [
        _missing(name, role, extra, schema)
        for name, role in wanted.items()
        if name not in schema.names
    ]
    problems += [
        f"{name} is {schema.field(name).type}, expected {WANTED[role]}"
        for name, role in wanted.items()
        if name in schema.names and not _fits(schema.field(name).type, role)
    ]
    if problems:
        raise SchemaError(
            f"{manifest.kind} batch {manifest.batch} differs from the spec: {'; '.join(problems)}."
            " Deliver the batch again with the columns of the spec, or change data.features in"
            " model.yaml and retrain"
        )
    _check_manifest(schema, manifest)
    return tuple(extra)


def align(table: pa.Table, spec: ModelSpec, kind: Literal["data", "labels"]) -> pa.Table:
    """Return the columns of the spec, by name and in its order, in the types used everywhere else.

    Numbers become float64, integers int64, categories plain strings, times microseconds in UTC
    (a feature without timezone is taken as UTC, a date as its first moment).
    Keys and classes keep their values, labels that are numbers become float64. Other columns are
    dropped.

    Raises:
        SchemaError: A column is missing, or a value does not fit its type.
    """
    columns = {}
    for name, role in wanted_columns(spec, kind).items():
        if name not in table.column_names:
            raise SchemaError(f"column {name} is missing; call check_columns first")
        columns[name] = _cast(table[name], name, role)
    return pa.table(columns)


def _missing(name: str, role: str, extra: Sequence[str], schema: pa.Schema) -> str:
    fitting = [column for column in extra if _fits(schema.field(column).type, role)]
    lowered = {column.lower(): column for column in fitting}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    inside = [c for c in lowered if name.lower() in c or c in name.lower()]
    if close or inside:
        return f"{name} is missing; was it renamed to {lowered[(close or inside)[0]]!r:.60}?"
    if extra:
        shown = ", ".join(f"{column!r:.60}" for column in extra[:5])
        return f"{name} is missing (new columns: {shown})"
    return f"{name} is missing"


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pat.is_dictionary(kind) else kind


def _fits(kind: pa.DataType, role: str) -> bool:
    plain = _value_type(kind)
    is_text = pat.is_string(plain) or pat.is_large_string(plain) or pat.is_string_view(plain)
    is_whole = pat.is_integer(plain)
    answers = {
        "numeric": is_whole or pat.is_floating(plain) or pat.is_decimal(plain),
        "integer": is_whole,
        "categorical": is_text or is_whole,
        "boolean": pat.is_boolean(plain),
        "datetime": pat.is_timestamp(plain) or pat.is_date(plain),
        "key": is_text or is_whole,
        "time": pat.is_timestamp(plain) and plain.tz is not None,
        "target": is_whole or pat.is_floating(plain) or pat.is_boolean(plain),
        "class": is_whole or pat.is_floating(plain),
    }
    return bool(answers[role])


def _target_type(role: str, kind: pa.DataType) -> pa.DataType:
    if role in ("target", "class"):
        return pa.int64() if pat.is_boolean(kind) else kind
    if role == "key" and pat.is_integer(kind):
        return kind if pat.is_uint64(kind) else pa.int64()
    return {
        "numeric": pa.float64(),
        "integer": pa.int64(),
        "categorical": pa.string(),
        "key": pa.string(),
        "boolean": pa.bool_(),
        "datetime": TIME_TYPE,
        "time": TIME_TYPE,
    }[role]


def _cast(column: pa.ChunkedArray, name: str, role: str) -> pa.ChunkedArray:
    if pat.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    target = _target_type(role, column.type)
    # Rounding a number beyond 2**53 or a nanosecond is fine; a wrong integer, time or key is not.
    options = pc.CastOptions(target, allow_time_truncate=True)
    if role == "numeric":
        options = pc.CastOptions.unsafe(target)
    try:
        return pc.cast(column, options=options)
    except pa.ArrowInvalid as err:
        raise SchemaError(f"column {name} holds a value that is not {target}: {err}") from err


def _check_manifest(schema: pa.Schema, manifest: Manifest) -> None:
    got = {field.name: str(field.type) for field in schema}
    if got == manifest.columns:
        return
    names = sorted(
        name for name in {*got, *manifest.columns} if got.get(name) != manifest.columns.get(name)
    )
    shown = [
        f"{n!r:.60} ({manifest.columns.get(n)!s:.60} in it, {got.get(n)} in the file)"
        for n in names[:5]
    ]
    raise ManifestError(
        f"the manifest of batch {manifest.batch} lists other columns than its files have:"
        f" {', '.join(shown)}; write the manifest from the files and deliver again"
    )
