"""Helpers of the steps take just what they need; only a step itself takes the whole context."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

WORKFLOWS = Path(__file__).parents[3] / "include" / "evergreen" / "workflows"
CONTEXT = "ModelContext"
# Rooms of workflows that hold the rule; "" stands for the modules beside the rooms.
ROOMS = ("", "backtest", "decide", "housekeeping", "ingest", "promote", "train")


def wide_helpers(source: str) -> Iterator[str]:
    """The private functions of a module that take the context, as ``_name:line``."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        is_private = node.name.startswith("_") and not node.name.endswith("__")
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        hints = [ast.unparse(one.annotation) for one in given if one.annotation is not None]
        if is_private and any(CONTEXT in hint for hint in hints):
            yield f"{node.name}:{node.lineno}"


@pytest.mark.parametrize("room", ROOMS)
def test_private_functions_take_no_context(room: str) -> None:
    modules = sorted((WORKFLOWS / room).glob("*.py"))

    found = {
        module.name: wide
        for module in modules
        if (wide := list(wide_helpers(module.read_text(encoding="utf-8"))))
    }

    assert modules
    assert found == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def _read(context: ModelContext) -> None: ...", ["_read:1"]),
        ("def _read(*, context: 'ModelContext | None') -> None: ...", ["_read:1"]),
        ("class A:\n    async def _read(self, bench: ModelContext) -> None: ...", ["_read:2"]),
        ("def read(context: ModelContext) -> None: ...", []),
        ("class A:\n    def __init__(self, context: ModelContext) -> None: ...", []),
        ("def _read(spec: ModelSpec) -> None: ...", []),
    ],
)
def test_a_helper_with_the_whole_context_is_found(source: str, expected: list[str]) -> None:
    assert list(wide_helpers(source)) == expected
