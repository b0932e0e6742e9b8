"""How the command ends, and what its help teaches."""

import subprocess
import sys
import tomllib

import pytest

from builders.ledger_rows import Call

COMMANDS = [
    ("decisions",),
    ("why",),
    ("champion",),
    ("rollback",),
    ("alerts",),
    ("incidents",),
    ("calibrate",),
    ("reproduce",),
    ("demo",),
    ("land", "flights"),
    ("spec", "check"),
    ("spec", "schema"),
    ("ledger", "migrate"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_teaches_by_example(call: Call, command: tuple[str, ...]) -> None:
    shown = call(*command, "--help")

    assert shown.code == 0
    assert f"  evergreen {' '.join(command)}" in shown.out


def test_the_version_is_that_of_the_project(call: Call, pytestconfig: pytest.Config) -> None:
    project = tomllib.loads((pytestconfig.rootpath / "pyproject.toml").read_text())["project"]

    shown = call("--version")

    assert (shown.code, shown.out) == (0, f"evergreen {project['version']}\n")


def test_the_bare_command_shows_its_help(call: Call) -> None:
    shown = call()

    assert "evergreen why flights 2013-03-08" in shown.out + shown.err


def test_our_errors_are_one_message_without_traceback(call: Call) -> None:
    refused = call("decisions", "flights")  # no ledger was made yet

    assert refused.code == 2
    assert refused.out == ""
    assert refused.err.startswith("Error: ledger sqlite:///")
    assert "`evergreen ledger migrate`" in refused.err
    assert "Traceback" not in refused.err


def test_a_misspelt_command_names_the_nearest(call: Call) -> None:
    refused = call("decision", "flights")

    assert refused.code == 2
    assert "'decisions'" in refused.err


def test_outside_a_project_the_remedy_is_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGREEN_STORE_URI", "ftp://somewhere")

    refused = call("alerts")

    assert refused.code == 2
    assert "EVERGREEN_STORE_URI" in refused.err


def test_starting_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, evergreen.cli;"
        "heavy = {'pandas', 'airflow', 'mlflow', 'evidently', 'great_expectations', 'lightgbm'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
