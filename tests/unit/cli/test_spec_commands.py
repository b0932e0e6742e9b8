"""Checking specs from a shell."""

import json
from pathlib import Path

import pytest

from builders.ledger_rows import SPEC, Call
from evergreen.spec.schema import schema_text


def write_expectations(project: Path, *entries: dict[str, object]) -> None:
    file = project / "include" / "models" / "flights" / "expectations.json"
    file.write_text(json.dumps(entries))


def test_schema_is_printed_as_it_is_committed(call: Call) -> None:
    assert call("spec", "schema").out == schema_text()


def test_check_lists_the_models_that_are_right(call: Call) -> None:
    checked = call("spec", "check")

    assert checked.code == 0
    assert "flights" in checked.out
    assert "@weekly UTC" in checked.out


def test_check_tells_all_that_is_wrong_and_still_lists_the_rest(call: Call, project: Path) -> None:
    broken = project / "include" / "models" / "broken"
    broken.mkdir()
    (broken / "model.yaml").write_text(SPEC.replace("flights", "broken") + "colour: red\n")

    everything = call("spec", "check")
    one = call("spec", "check", "broken")
    other = call("spec", "check", "flights")

    assert everything.code == one.code == 2
    assert "flights" in everything.out
    assert "colour: unknown key 'colour'" in everything.err
    assert "colour: unknown key 'colour'" in one.err
    assert other.code == 0


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        pytest.param(
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "tmp"}},
            "[0] (expect_column_values_to_not_be_null): no batch has a column 'tmp';"
            " did you mean 'temp'?",
            id="unknown column",
        ),
        pytest.param(
            {"type": "expect_column_values_to_not_be_null", "kwarg": {}},
            "unknown key 'kwarg'; did you mean 'kwargs'?",
            id="unknown key",
        ),
    ],
)
def test_check_looks_into_the_expectations(
    call: Call, project: Path, entry: dict[str, object], told: str
) -> None:
    write_expectations(project, entry)

    checked = call("spec", "check", "--quick")

    assert checked.code == 2
    assert told in checked.err


def test_check_asks_great_expectations_unless_quick(call: Call, project: Path) -> None:
    write_expectations(project, {"type": "expect_column_values_to_be_lovely", "kwargs": {}})

    assert call("spec", "check", "--quick").code == 0
    thorough = call("spec", "check")
    assert thorough.code == 2
    assert "there is no expectation 'expect_column_values_to_be_lovely'" in thorough.err


def test_check_without_any_model_says_where_it_looked(call: Call, project: Path) -> None:
    (project / "include/models/flights/model.yaml").unlink()

    assert "There is no model in" in call("spec", "check").out
