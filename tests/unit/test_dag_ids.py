"""The ids of DAGs and tasks stand in one module, and are those that the DAG files build."""

import re
from pathlib import Path

import pytest

from evergreen import dag_ids

PACKAGE = Path(dag_ids.__file__).parent
# An id put together or cut by hand: "rollback__{model}", partition("__").
KINDS = "|".join(dag_ids.MODEL_KINDS)
BY_HAND = re.compile(rf"""\b(?:{KINDS})__\{{|partition\(["']__|["']__["']""")


@pytest.mark.parametrize("kind", dag_ids.MODEL_KINDS)
def test_an_id_is_cut_into_what_it_was_made_of(kind: str) -> None:
    whole = dag_ids.dag_id(kind, "late_flights")

    assert whole == f"{kind}__late_flights"
    assert (dag_ids.kind_of(whole), dag_ids.model_of(whole)) == (kind, "late_flights")


@pytest.mark.parametrize("name", [*dag_ids.SUITE, dag_ids.SPEC_PROBLEMS])
def test_a_dag_of_the_suite_has_no_model(name: str) -> None:
    assert (dag_ids.kind_of(name), dag_ids.model_of(name)) == (name, None)


def test_nothing_else_in_the_package_writes_or_cuts_an_id() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if file.name != "dag_ids.py"]

    found = [
        f"{file.relative_to(PACKAGE)}: {match[0]}"
        for file in files
        for match in BY_HAND.finditer(file.read_text(encoding="utf-8"))
    ]

    assert found == []
