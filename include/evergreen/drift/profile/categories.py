"""Counting the values of a categorical or boolean feature.

A value is compared by its text, so that 3, 3.0 and "3" are one category, however a file stores it.
"""

import math
import zlib
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from evergreen.drift.profile.quantile_cells import IntArray
from evergreen.spec.model import FeatureKind

LABEL_LENGTH = 40
PROBLEM_LENGTH = 200


class ValueCounts(NamedTuple):
    """Rows by value: ``n_rows``, shape (k + 1,), of the k ``values``, and last of null."""

    values: pa.Array
    n_rows: IntArray


def count_values(array: pa.Array, kind: FeatureKind) -> ValueCounts:
    """Count the rows of each value; ``values`` are distinct, or a dictionary as the file has it.

    Raises:
        TypeError: The array holds values that cannot be categories of this kind.
    """
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    is_encoded = pa.types.is_dictionary(array.type)
    _check_type(array.type.value_type if is_encoded else array.type, kind)
    if pa.types.is_null(array.type):
        return ValueCounts(array[:0], np.array([len(array)], dtype=np.int64))
    encoded = array if is_encoded else array.dictionary_encode()
    n_values = len(encoded.dictionary)
    places = encoded.indices.cast(pa.int64()).fill_null(n_values).to_numpy(zero_copy_only=False)
    counted = np.bincount(places, minlength=n_values + 1)
    return ValueCounts(encoded.dictionary, counted.astype(np.int64, copy=False))


def count_texts(array: pa.Array, kind: FeatureKind) -> Counter[str | None]:
    """Count the rows of each value by its text; null and NaN count as None.

    Raises:
        TypeError: The array holds values that cannot be categories of this kind.
    """
    counted = count_values(array, kind)
    texts: Counter[str | None] = Counter()
    for value, n_rows in zip([*counted.values.to_pylist(), None], counted.n_rows, strict=True):
        if n_rows:
            texts[text_of(value, kind)] += int(n_rows)
    return texts


def text_of(value: Any, kind: FeatureKind) -> str | None:
    """Write one value as the text it is compared by; None for a missing one."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or (kind == "boolean" and value in (0, 1)):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def key_of(text: str) -> int:
    """Return the 32-bit key under which a profile keeps a value, without keeping the value."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def label_of(text: str) -> str:
    """Shorten a value to what a profile may show of it."""
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…"


def problem_of(err: Exception) -> str:
    """Put what went wrong with a column into one line; an error without text gives its name."""
    lines = str(err).splitlines()
    text = lines[0] if lines and lines[0].strip() else type(err).__name__
    return text if len(text) <= PROBLEM_LENGTH else f"{text[: PROBLEM_LENGTH - 1]}…"


def _check_type(kind_of_file: pa.DataType, kind: FeatureKind) -> None:
    types = pa.types
    is_bytes = (
        types.is_binary(kind_of_file)
        or types.is_large_binary(kind_of_file)
        or types.is_fixed_size_binary(kind_of_file)
        or types.is_binary_view(kind_of_file)
    )
    if types.is_nested(kind_of_file) or is_bytes:
        raise TypeError(f"expected categories, came {kind_of_file}")
    is_logical = (
        types.is_boolean(kind_of_file)
        or types.is_integer(kind_of_file)
        or types.is_floating(kind_of_file)
        or types.is_null(kind_of_file)
    )
    if kind == "boolean" and not is_logical:
        raise TypeError(f"expected true, false or 0, 1; came {kind_of_file}")
