"""What unquoted values mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.spec.scalars import read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5", 0.5),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("0x1f", 31),
        ("0o17", 15),
        ("0.10", 0.1),
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2013-03-08", "2013-03-08"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_read_scalar_follows_the_core_schema(text: str, value: object) -> None:
    read = read_scalar(text)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["010", "-007", ".nan", ".NaN", "-.inf", "1e999"])
def test_read_scalar_refuses_numbers_that_trap(text: str) -> None:
    with pytest.raises(ValueError, match=r"octal|not a number|too large"):
        read_scalar(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_read_scalar_gives_back_every_float(number: float) -> None:
    assert read_scalar(repr(number)) == number
