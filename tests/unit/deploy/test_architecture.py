"""The map shows the house that stands: rooms, floors, libraries, the way of a batch."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

HEADING = "## The house"


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs" / "architecture.md").read_text()


@pytest.fixture(scope="module")
def contracts(project: Path) -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {contract["id"]: contract for contract in settings["contracts"]}


def table(page: str, first: str) -> list[list[str]]:
    """The rows below the header that begins with this cell."""
    rows = page.split(f"| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def floors(page: str) -> list[set[str]]:
    found: list[set[str]] = []
    for floor, room, _ in table(page, "floor"):
        if floor:
            found.append(set())
        found[-1].add(room.strip("`"))
    return found


def test_the_table_of_rooms_is_that_of_the_contract(
    page: str, contracts: dict[str, dict[str, Any]]
) -> None:
    layers = [set(re.findall(r"\w+", layer)) for layer in contracts["layers"]["layers"]]

    assert floors(page) == layers


def test_the_table_of_rooms_is_that_of_the_folders(page: str, project: Path) -> None:
    package = project / "include" / "evergreen"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}

    assert set().union(*floors(page)) == rooms | modules


def test_the_drawing_shows_every_folder(page: str, project: Path) -> None:
    drawing = re.search(r"```mermaid\n(.*?)```", page.split(HEADING)[1], re.DOTALL)
    assert drawing is not None

    rooms = {path.parent.name for path in (project / "include/evergreen").glob("*/__init__.py")}

    assert rooms - set(re.findall(r"\w+", drawing[1])) == set()


def test_the_table_of_libraries_is_that_of_the_contracts(
    page: str, contracts: dict[str, dict[str, Any]]
) -> None:
    held: dict[str, set[str]] = {}
    for contract in contracts.values():
        for ignored in contract.get("ignore_imports", ()):
            found = re.fullmatch(r"evergreen\.(\w+)\.\*\* -> (\w+)", ignored)
            assert found is not None
            held.setdefault(found[2], set()).add(found[1])

    told = {name.strip("`"): set(re.findall(r"\w+", only)) for name, only in table(page, "library")}

    assert told == held


def test_the_way_of_a_batch_names_tasks_that_are_there(page: str, project: Path) -> None:
    dag = ""
    for row in table(page, "DAG"):
        dag = row[0].strip("`").removesuffix("__<model>") or dag
        source = (project / "dags" / f"{dag}.py").read_text()
        for task in re.findall(r"`(\w+)`", row[1]):
            assert re.search(rf"\b{task}|{task}al\b", source), (dag, task)


def test_the_way_of_a_batch_names_steps_and_assets_that_are_there(page: str, project: Path) -> None:
    from evergreen.orchestration import assets

    made = {
        getattr(assets, name)("<model>").name
        for name in ("batches", "predictions", "labelled", "champion")
    }
    rows = table(page, "DAG")
    rooms = {room for row in rows for room in re.findall(r"`([\w/]+)`", row[2])}

    assert {room for room in rooms if not (project / "include/evergreen" / room).is_dir()} == set()
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row[4])} == made
