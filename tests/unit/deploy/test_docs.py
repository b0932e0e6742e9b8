"""What README and docs name exists: links, paths, commands, targets, variables, a spec."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from drivers.monitoring import anchors
from evergreen.spec.model import ModelSpec

ROOT = Path(__file__).parents[3]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / ".github").glob("**/*.md")),
    *sorted((ROOT / "docs").glob("**/*.md")),
]
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def code_of(page: Path) -> str:
    """Everything in back-ticks, fences or indented blocks."""
    text = page.read_text()
    blocks = re.findall(r"^```.*?^```|^    .*$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


def calls(page: Path, program: str) -> Iterator[list[str]]:
    for match in re.finditer(rf"(?:^|[\s`/]){program} ([a-z][^\n`;|#]*)", code_of(page)):
        yield match[1].split()


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Every link and picture that leads into this repository, as path and anchor."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            yield path, anchor


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [path for path, _ in links(page) if not (page.parent / path).exists()] == []


@each_page
def test_every_link_to_a_heading_finds_it(page: Path) -> None:
    named = [(page.parent / path if path else page, name) for path, name in links(page) if name]

    assert [name for target, name in named if name not in anchors(target)] == []


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / path).resolve() for path, _ in links(index)}
    pages = set((ROOT / "docs").glob("*.md")) - {index}

    assert pages - listed == set()


@each_page
def test_every_make_target_exists(page: Path, project: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (project / "Makefile").read_text(), re.MULTILINE))
    used = {words[0] for words in calls(page, "make")}

    assert used <= targets


@each_page
def test_every_evergreen_command_exists(
    page: Path, evergreen_commands: dict[str, set[str]]
) -> None:
    for words in calls(page, "evergreen"):
        assert {words[0], " ".join(words[:2])} & set(evergreen_commands), words


@each_page
def test_every_option_of_a_command_exists(
    page: Path, evergreen_commands: dict[str, set[str]]
) -> None:
    for words in calls(page, "evergreen"):
        known = evergreen_commands.get(" ".join(words[:2])) or evergreen_commands[words[0]]
        options = {word.partition("=")[0] for word in words if word.startswith("--")}

        assert options <= known, words


@each_page
def test_every_evergreen_variable_is_read(page: Path, settings_variables: set[str]) -> None:
    named = set(re.findall(r"\bEVERGREEN_[A-Z_]+\b", page.read_text()))
    composed = {"EVERGREEN_S3", "EVERGREEN_SLACK"}  # after AIRFLOW_CONN_

    assert named - composed <= settings_variables


@each_page
def test_every_path_exists(page: Path) -> None:
    paths = re.findall(
        r"(?<![\w/.<{])(?:dags|plugins|include|deploy|docs|tests|scripts|\.github)/[\w./-]*\w",
        page.read_text(),
    )
    made_up = {"include/models/churn"}  # the example of a model

    assert [
        p
        for p in paths
        if p not in made_up and not (ROOT / p).exists() and not (page.parent / p).exists()
    ] == []


def test_the_table_of_variables_is_complete(project: Path, settings_variables: set[str]) -> None:
    table = re.findall(r"^\| `(\w+)` \|", (project / "docs/deploy.md").read_text(), re.MULTILINE)

    assert set(table) == settings_variables | {"EVERGREEN_PROJECT"}


def test_the_example_spec_is_one(project: Path) -> None:
    text = (project / "docs" / "model-spec.md").read_text()
    block = re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block is not None

    spec = ModelSpec.model_validate(yaml.safe_load(block[1]))

    assert spec.name == "churn"


def test_the_triggers_parameters_are_those_of_the_dag(project: Path) -> None:
    from evergreen.orchestration.trigger_params import retrain_params

    text = (project / "README.md").read_text()
    section = text.split("## Triggering by hand")[1].split("##")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)

    assert set(named) == set(retrain_params())


@pytest.mark.parametrize("adr", ADRS, ids=lambda p: p.stem)
def test_every_decision_is_complete(adr: Path) -> None:
    text = adr.read_text()

    assert text.startswith(f"# {adr.name[:4]}: ")
    assert re.search(r"^Status: (accepted|superseded by \d{4})$", text, re.MULTILINE)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))
