"""Counting the values of a categorical or boolean feature.

A value is compared by its text, so that 3, 3.0 and "3" are one category, however a file stores it.
"""

import math
import zlib
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from evergreen.spec.model import FeatureKind

LABEL_LENGTH = 40


def count_texts(array: pa.Array, kind: FeatureKind) -> Counter[str | None]:
    """Count the rows of each value by its text; null and NaN count as None.

    Raises:
        TypeError: The array holds values that cannot be categories of this kind.
    """
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    _check_type(array.type, kind)
    counted = pc.value_counts(array)
    texts: Counter[str | None] = Counter()
    pairs = zip(
        counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True
    )
    for value, n_rows in pairs:
        texts[text_of(value, kind)] += n_rows
    return texts


def text_of(value: Any, kind: FeatureKind) -> str | None:
    """Write one value as the text it is compared by; None for a missing one."""
    if value is None:
        return None
    if isinstance(value, bool) or (kind == "boolean" and value in (0, 1)):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def key_of(text: str) -> int:
    """Give the 32-bit key under which a profile keeps a value, without keeping the value."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def label_of(text: str) -> str:
    """Shorten a value to what a profile may show of it."""
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…"


def _check_type(kind_of_file: pa.DataType, kind: FeatureKind) -> None:
    types = pa.types
    if types.is_nested(kind_of_file) or types.is_binary(kind_of_file):
        raise TypeError(f"expected categories, came {kind_of_file}")
    is_logical = (
        types.is_boolean(kind_of_file)
        or types.is_integer(kind_of_file)
        or types.is_floating(kind_of_file)
        or types.is_null(kind_of_file)
    )
    if kind == "boolean" and not is_logical:
        raise TypeError(f"expected true, false or 0, 1; came {kind_of_file}")
