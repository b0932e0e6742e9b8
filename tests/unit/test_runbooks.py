"""Every kind of alert has a runbook, and every word that it tells somebody to type exists."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from airflow.api_fastapi import core_api
from airflow.cli.cli_parser import get_parser
from click import Group
from fastapi.routing import APIRoute
from typer.main import get_command

from drills.catalogue import DRILLS, SAMPLE, model_of
from drivers.runbooks import (
    RUNBOOKS,
    Block,
    RunbookError,
    kinds_with_a_runbook,
    parse,
    read_runbook,
)
from evergreen.cli.app import app
from evergreen.orchestration import trigger_params
from evergreen.records import AlertKind
from evergreen.web.app import create_app

KINDS = kinds_with_a_runbook()
DAGS = Path(__file__).parents[2] / "dags"
PARAMS = {
    "redelivery": trigger_params.redelivery_params(),
    "continual_training": trigger_params.retrain_params(),
    "rollback": trigger_params.rollback_params(),
    "hold": trigger_params.hold_params(),
    "ingest": {},
}
FILLED = {
    "model": "flights",
    "batch": "2013-03-05",
    "version": "3",
    "dag": "ingest__flights",
    "task": "check_quality",
    "run": "asset_triggered__2013-03-05T00:00:00+00:00_a1B2",
    "incident": "17",
    "why": "seen by ada, labels were wrong",
}
OPERATORS = {"|", "||", "&&", ";"}
PROGRAMS = {"evergreen", "airflow", "curl", "grep", "echo"}
MAX_LINES = 70
each_kind = pytest.mark.parametrize("kind", KINDS)

GOOD = """# A title

## Symptom
What.

## How sure we are
Sure.

## Look
```bash look
evergreen why <model> <batch>
```

## Decide
Go **back**.

## Act
```bash act=back
evergreen rollback <model> --reason "<why>"
```

## Check that it worked
```bash check
evergreen check <model>
```

## Escalate
To the owner.
"""


def text_of(kind: str) -> str:
    return (RUNBOOKS / f"{kind}.md").read_text(encoding="utf-8")


def prose_of(kind: str) -> str:
    return re.sub(r"^```.*?^```$", "", text_of(kind), flags=re.DOTALL | re.MULTILINE)


def commands(kind: str) -> Iterator[list[str]]:
    """Return every command of a runbook's blocks, filled in, as its words."""
    for block in read_runbook(kind).blocks:
        for line in block.filled(FILLED).split("\n"):
            words = shlex.shlex(line, posix=True, punctuation_chars="|&;")
            words.whitespace_split = True
            for is_operator, part in groupby(words, OPERATORS.__contains__):
                if not is_operator:
                    yield list(part)


def calls(kind: str, program: str) -> list[list[str]]:
    return [words[1:] for words in commands(kind) if words[0] == program]


def parse_evergreen(words: list[str]) -> None:
    """Let the command line take the words without doing anything; it raises on what is wrong."""
    command: Any = get_command(app)
    while isinstance(command, Group):
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context("evergreen", list(words))


@pytest.fixture(scope="module")
def api() -> dict[str, set[str]]:
    """The addresses of Airflow's REST API as patterns, with their verbs."""
    generated = Path(core_api.__file__).parent / "openapi" / "v2-rest-api-generated.yaml"
    known = yaml.load(generated.read_text(), yaml.CSafeLoader)["paths"]
    return {re.sub(r"\{\w+\}", "[^/]+", path): set(verbs) for path, verbs in known.items()}


@pytest.fixture(scope="module")
def routes() -> list[re.Pattern[str]]:
    """The addresses of our pages."""
    found = (route for route in create_app().routes if isinstance(route, APIRoute))
    return [route.path_regex for route in found if route.path != "/{path:path}"]


def test_every_kind_of_alert_has_a_runbook_and_no_other_is_there() -> None:
    assert sorted(get_args(AlertKind)) == KINDS


@each_kind
def test_runbook_answers_the_seven_questions_in_order_and_shortly(kind: str) -> None:
    assert read_runbook(kind).kind == kind
    assert len(text_of(kind).splitlines()) <= MAX_LINES


@each_kind
def test_runbook_types_only_programs_that_are_there(kind: str) -> None:
    assert {words[0] for words in commands(kind)} <= {
        "evergreen",
        "airflow",
        "curl",
        "grep",
        "echo",
    }


@each_kind
def test_every_block_is_a_script_that_a_shell_understands(kind: str) -> None:
    for block in read_runbook(kind).blocks:
        said = subprocess.run(
            ["bash", "-n"], input=block.filled(FILLED), text=True, capture_output=True, check=False
        )

        assert (said.returncode, said.stderr) == (0, "")


@each_kind
def test_every_evergreen_command_and_option_exists(kind: str) -> None:
    found = calls(kind, "evergreen")
    found += [shlex.split(line) for line in re.findall(r"`evergreen ([^`]+)`", prose_of(kind))]

    for words in found:
        parse_evergreen(words)


@each_kind
def test_every_airflow_command_and_option_exists(kind: str) -> None:
    for words in calls(kind, "airflow"):
        get_parser().parse_args(words)


@each_kind
def test_every_run_that_is_started_takes_its_conf(kind: str) -> None:
    for words in calls(kind, "airflow"):
        if words[:2] == ["dags", "trigger"]:
            conf = json.loads(words[words.index("--conf") + 1]) if "--conf" in words else {}
            allowed = PARAMS[words[2].removesuffix("__flights")]

            assert set(conf) <= set(allowed)
            for key, value in conf.items():
                allowed[key].resolve(value)


@each_kind
def test_every_dag_that_is_named_exists(kind: str) -> None:
    named = set(re.findall(r"(\w+)__<model>", text_of(kind)))

    assert named <= {path.stem for path in DAGS.glob("*.py")}


@each_kind
def test_every_address_of_airflows_api_exists(kind: str, api: dict[str, set[str]]) -> None:
    for words in calls(kind, "curl"):
        (url,) = (word for word in words if word.startswith("$EVERGREEN_AIRFLOW_URL/"))
        path = url.removeprefix("$EVERGREEN_AIRFLOW_URL")
        verb = words[words.index("-X") + 1].lower()

        assert any(re.fullmatch(p, path) and verb in verbs for p, verbs in api.items()), path
        json.loads(words[words.index("-d") + 1])


@each_kind
def test_every_page_that_is_named_exists(kind: str, routes: list[re.Pattern[str]]) -> None:
    pages = re.findall(r"`/evergreen(/[^`]*)`", prose_of(kind))

    assert pages
    for page in pages:
        assert any(route.fullmatch(page) for route in routes), page


@each_kind
def test_every_runbook_is_drilled_with_all_its_acts_and_every_drill_has_one(kind: str) -> None:
    drilled = [act for drill in DRILLS if drill.kind == kind for act in drill.acts]

    assert set(drilled) == set(read_runbook(kind).acts)
    assert {drill.kind for drill in DRILLS} <= set(KINDS)


def test_drills_are_told_apart_by_their_names() -> None:
    models = [model_of(drill) for drill in DRILLS]

    assert set(SAMPLE) <= {drill.name for drill in DRILLS}
    assert [a for a in models if any(a in b for b in models if a != b)] == []


@each_kind
def test_runbook_holds_no_html(kind: str) -> None:
    assert "<" not in re.sub(r"`[^`]*`", "", prose_of(kind))


def test_a_runbook_is_taken_apart() -> None:
    runbook = parse("drift", GOOD)

    assert [block.text for block in runbook.looks] == ["evergreen why <model> <batch>"]
    assert list(runbook.acts) == ["back"]
    assert runbook.check_after("back").text == "evergreen check <model>"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        pytest.param("## Decide", "## Choose", "sections are", id="a section of another name"),
        pytest.param("To the owner.", "", "'Escalate' is empty", id="an empty section"),
        pytest.param("bash look", "bash", "fence 'bash'", id="a fence that says not what for"),
        pytest.param("bash look", "sh look", "fence 'sh look'", id="another language"),
        pytest.param("bash look", "bash check", "stands in 'Look'", id="in a wrong section"),
        pytest.param("act=back", "act", "an act has no name", id="an act without a name"),
        pytest.param("check\n", "check=other\n", "is of no act", id="a check of nothing"),
        pytest.param("**back**", "back", "Decide does not name", id="an act that nobody chooses"),
        pytest.param("<batch>", "<bacth>", "unknown placeholder <bacth>", id="a misspelt one"),
        pytest.param("# A title", "", "expected a title", id="no title"),
    ],
)
def test_a_runbook_that_is_not_as_it_should_be_is_refused(
    before: str, after: str, says: str
) -> None:
    assert before in GOOD

    with pytest.raises(RunbookError, match=re.escape(says)):
        parse("drift", GOOD.replace(before, after, 1))


@pytest.mark.parametrize("value", ["$(id)", "a b; c", "'", '"', "a\nb", "", "`id`", "<x>"])
def test_a_value_that_means_something_to_a_shell_is_not_filled_in(value: str) -> None:
    block = Block("look", "", "evergreen why <model>")

    with pytest.raises(RunbookError, match="a shell would read more"):
        block.filled({"model": value})


def test_a_value_that_is_missing_is_named() -> None:
    with pytest.raises(RunbookError, match="no value for <batch>"):
        Block("look", "", "evergreen why <model> <batch>").filled({"model": "flights"})
