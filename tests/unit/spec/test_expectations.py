"""The outside of expectations.json."""

import pytest

from evergreen.spec.expectations import parse_expectations


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[{"type": "expect_x"}]', id="list"),
        pytest.param('{"name": "suite", "expectations": [{"type": "expect_x"}]}', id="suite"),
    ],
)
def test_parse_expectations_takes_a_list_or_a_suite(text: str) -> None:
    assert parse_expectations(text) == [{"type": "expect_x"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1, column 1: is not JSON"),
        ('[\n{"type": "expect_x",}]', r"line 2, column 2\d: is not JSON"),
        ("{}", "expected a list"),
        ("3", "expected a list"),
        ("[3]", r"\[0\] is 3; expected"),
        ('[{"kwargs": {}}]', r"\[0\].type is None"),
        ('[{"type": "column_a"}]', r"\[0\].type is 'column_a'"),
        ('[{"type": "expect_x", "kwargs": []}, 4]', r"\[0\].kwargs is \[\].*\[1\] is 4"),
        ('[{"type": "expect_x", "type": "expect_y"}]', "'type' occurs twice"),
        ('[{"type": "expect_x", "kwargs": {"mostly": NaN}}]', "NaN is not a number"),
        ("[" * 100_000, "nested too deeply|is not JSON"),
    ],
)
def test_parse_expectations_says_what_is_wrong(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_expectations(text)
