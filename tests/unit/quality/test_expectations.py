import pytest

from evergreen.errors import SpecError
from evergreen.quality import parse_expectations


def test_parse_expectations_gives_types_and_kwargs() -> None:
    text = '[{"type": "expect_column_to_exist", "kwargs": {"column": "carrier"}}]'

    entries = parse_expectations(text, "models/flights/expectations.json")

    assert entries == [{"type": "expect_column_to_exist", "kwargs": {"column": "carrier"}}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[{", "line 1", id="broken JSON names the line"),
        pytest.param('{"a": 1}', "expected a list", id="not a list"),
        pytest.param(
            '[{"type": "expect_x", "kwarg": {}}]', "did you mean 'kwargs'", id="near miss"
        ),
        pytest.param('[{"type": "expect_x", "zzz": 1}]', "'type' and 'kwargs'", id="unknown key"),
        pytest.param(
            '[{"type": "expect_x", "severity": "warning"}]', "rejects the batch", id="severity"
        ),
        pytest.param(
            '[{"type": "expect_x", "kwargs": {"result_format": "COMPLETE"}}]',
            "sets itself",
            id="an argument of the gate",
        ),
    ],
)
def test_parse_expectations_refuses_with_path_and_remedy(text: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_expectations(text, "models/flights/expectations.json")

    assert "models/flights/expectations.json" in str(caught.value)
    assert told in str(caught.value)


def test_keys_that_great_expectations_exports_are_taken() -> None:
    text = '[{"type": "expect_x", "kwargs": {}, "id": "1", "meta": {}, "severity": "critical"}]'

    assert len(parse_expectations(text, "e.json")) == 1
