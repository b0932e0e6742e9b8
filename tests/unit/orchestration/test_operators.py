"""Airflow hands the context over by its name: what it calls must have a parameter of that name."""

import inspect
from typing import Any

import pytest

from evergreen.orchestration import sensors
from evergreen.orchestration.approval_operator import ApprovalStep

CALLED = [
    pytest.param(getattr(kind, method), id=f"{kind.__name__}.{method}")
    for kind in (ApprovalStep, *vars(sensors).values())
    if inspect.isclass(kind) and kind.__module__.startswith("evergreen")
    for method in ("execute", "execute_complete")
    if hasattr(kind, method)
]


@pytest.mark.parametrize("called", CALLED)
def test_what_airflow_calls_takes_its_context_by_name(called: Any) -> None:
    assert "context" in inspect.signature(called).parameters


def test_both_kinds_of_operators_were_looked_at() -> None:
    assert len(CALLED) >= 4
