"""Hosted CI calls the same targets as people do, on every Python that the project names."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parents[3] / ".github" / "workflows"


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in WORKFLOWS.glob("*.yml"):
        found |= yaml.safe_load(path.read_text())["jobs"]
    return found


@pytest.fixture(scope="module")
def supported(project: Path) -> list[str]:
    """The minor versions within requires-python."""
    settings = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", settings["requires-python"])
    assert bounds is not None
    return [f"3.{minor}" for minor in range(int(bounds[1]), int(bounds[2]))]


def commands(jobs: dict[str, Any]) -> list[str]:
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_every_step_is_a_target_of_make(jobs: dict[str, Any], project: Path) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (project / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    words = [command.split() for command in commands(jobs)]

    assert [word for word in words if word[0] != "make" or word[1] not in phony[1].split()] == []


def test_all_checks_are_called(jobs: dict[str, Any]) -> None:
    wanted = {"lint", "actionlint", "types", "arrows", "docs", "test", "test-unit", "test-dags"}

    called = [command.removeprefix("make ") for command in commands(jobs)]

    assert wanted - set(called) == set()
    assert "release DRY=1 FULL=1" in called


def test_unit_tests_run_on_every_python(
    jobs: dict[str, Any], supported: list[str], project: Path
) -> None:
    assert jobs["unit"]["strategy"]["matrix"]["python"] == supported
    form = yaml.safe_load((project / ".github/ISSUE_TEMPLATE/bug.yml").read_text())
    [asked] = [part for part in form["body"] if part.get("id") == "python"]
    assert asked["attributes"]["options"] == supported


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "Dockerfile", "scripts/install.sh"]
)
def test_texts_name_the_range_of_pythons(project: Path, supported: list[str], name: str) -> None:
    assert f"{supported[0]} to {supported[-1]}" in (project / name).read_text()


def test_the_jobs_have_few_rights_and_an_end(jobs: dict[str, Any]) -> None:
    for path in WORKFLOWS.glob("*.yml"):
        assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}
    assert [name for name, job in jobs.items() if not 0 < job["timeout-minutes"] <= 90] == []
