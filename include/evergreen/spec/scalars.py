"""What an unquoted value of a spec means: the core schema of YAML 1.2, without its traps."""

import math
import re
from typing import Any

NULL = re.compile(r"~|null|Null|NULL|")
BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
OTHER_BASE = re.compile(r"0o[0-7]{1,64}|0x[0-9a-fA-F]{1,64}")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_scalar(text: str) -> Any:
    """Return None, a boolean, a number, or the text itself.

    ``1e-3`` is a number; ``no``, ``on``, ``12:30`` and ``1_000`` are text.

    Raises:
        ValueError: It looks like a number, but not like one that a spec can use.

    Source: YAML 1.2.2, section 10.3.2.
    """
    if NULL.fullmatch(text):
        return None
    if BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if LEADING_ZERO.fullmatch(text):
        raise ValueError(
            f"{text} is octal for some readers; remove the leading 0, or quote it as text"
        )
    return _read_number(text)


def _read_number(text: str) -> int | float | str:
    if INTEGER.fullmatch(text):
        return int(text)
    if OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that a spec can use; write a finite one")
    if not NUMBER.fullmatch(text):
        return text
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text:.40} is too large for a number")
    return number
