"""No module of the package reaches itself through its imports, not even one inside a function."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

Graph = Mapping[str, frozenset[str]]


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports_of(node: ast.AST) -> Iterator[str]:
    """Every name that is imported below a node; ``a.b.c`` for ``from a.b import c``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif not is_for_types_only(child):
            yield from imports_of(child)


def module_of(name: str, modules: Mapping[str, Path]) -> str | None:
    """The module that an imported name is, or stands in; None for one of another package."""
    if name in modules:
        return name
    parent = name.rpartition(".")[0]
    return parent if parent in modules else None


def read_graph(root: Path) -> Graph:
    """Which module imports which, of all below ``root``."""
    modules = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(root.rglob("*.py"))
    }
    return {
        name: frozenset(
            found
            for imported in imports_of(ast.parse(path.read_text()))
            if (found := module_of(imported, modules)) is not None and found != name
        )
        for name, path in modules.items()
    }


def find_cycle(graph: Graph) -> list[str]:
    """One circle of modules, the first again at its end; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as err:
        return list(err.args[1])
    return []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "rooms").mkdir()
    (tmp_path / "rooms" / "__init__.py").touch()
    (tmp_path / "rooms" / "low.py").write_text("NAME = 1\n")
    (tmp_path / "rooms" / "high.py").write_text("from rooms.low import NAME\n")
    return tmp_path


def test_no_module_of_the_package_reaches_itself(project: Path) -> None:
    graph = read_graph(project / "include")

    assert len(graph) > 300
    assert find_cycle(graph) == []


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param("import rooms.high\n", id="at the top"),
        pytest.param("def see() -> None:\n    from rooms import high\n", id="inside a function"),
        pytest.param("class Low:\n    from rooms.high import NAME\n", id="inside a class"),
    ],
)
def test_a_planted_circle_is_found(house: Path, planted: str) -> None:
    (house / "rooms" / "low.py").write_text(planted)

    assert set(find_cycle(read_graph(house))) == {"rooms.low", "rooms.high"}


def test_an_import_for_types_only_is_no_circle(house: Path) -> None:
    planted = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rooms.high\n"
    (house / "rooms" / "low.py").write_text(planted)

    assert find_cycle(read_graph(house)) == []
