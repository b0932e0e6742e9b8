import json
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from evergreen.records import AlertKind

RUNBOOKS = Path(__file__).parents[3] / "include" / "runbooks"
SILENT = {"stood_down"}
KINDS = sorted(set(get_args(AlertKind)) - SILENT)
HEADINGS = [
    "**What it means.**",
    "**Is action needed?**",
    "## What to do",
    "## How to know it is over",
]
DAGS_PER_MODEL = {
    "ingest",
    "score",
    "labels",
    "redelivery",
    "continual_training",
    "rollback",
    "watch_champion",
    "hold",
    "force_promote",
}
PARAMS = {
    "redelivery": {"batch", "kind"},
    "continual_training": {"batch", "force_retrain", "reason"},
    "rollback": {"version", "reason"},
    "hold": {"action", "reason"},
}
MAX_LINES = 60


def commands(kind: str) -> list[list[str]]:
    text = (RUNBOOKS / f"{kind}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.strip().split("\n")]


def test_every_kind_that_can_be_sent_has_a_runbook_and_no_other_is_there() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_runbook_answers_the_four_questions_shortly(kind: str) -> None:
    text = (RUNBOOKS / f"{kind}.md").read_text(encoding="utf-8")

    places = [text.find(heading) for heading in HEADINGS]
    assert -1 not in places
    assert places == sorted(places)
    assert len(text.split("\n")) <= MAX_LINES


@pytest.mark.parametrize("kind", KINDS)
def test_runbook_types_only_commands_that_exist(kind: str) -> None:
    found = commands(kind)

    assert found
    for words in found:
        assert words[0] in {"evergreen", "airflow", "aws"}
        if words[0] == "evergreen":
            assert words[1] in {"why", "decisions", "champion", "release"}


@pytest.mark.parametrize("kind", KINDS)
def test_runbook_names_only_dags_and_params_that_exist(kind: str) -> None:
    text = (RUNBOOKS / f"{kind}.md").read_text(encoding="utf-8")

    assert set(re.findall(r"(\w+)__<model>", text)) <= DAGS_PER_MODEL
    for words in commands(kind):
        if "--conf" in words:
            conf = json.loads(words[words.index("--conf") + 1])
            dag = words[3].removesuffix("__<model>")
            assert set(conf) <= PARAMS[dag]
            assert not conf.get("force_retrain") or conf["reason"]


@pytest.mark.parametrize("kind", KINDS)
def test_runbook_holds_no_html(kind: str) -> None:
    text = (RUNBOOKS / f"{kind}.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)

    assert "<" not in prose
