"""What OpenLineage is told of a task: which of our assets it reads and writes."""

import re
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from evergreen.orchestration.openlineage import AssetExtractor

PROJECT = Path(__file__).resolve().parents[2]
DAGS = PROJECT / "dags"


@pytest.mark.parametrize(
    ("kind", "task_id", "read", "written"),
    [
        pytest.param("ingest", "publish_batch", [], ["batches/flights"], id="by the clock"),
        pytest.param(
            "score", "score_batch", ["batches/flights"], ["predictions/flights"], id="by an asset"
        ),
        pytest.param(
            "continual_training",
            "promote",
            ["predictions/flights"],
            ["champion/flights"],
            id="the champion",
        ),
        pytest.param("continual_training", "record_decision", [], [], id="announces nothing"),
    ],
)
def test_a_task_writes_its_outlets_from_what_woke_its_dag(
    kind: str, task_id: str, read: list[str], written: list[str]
) -> None:
    bag = DagBag(dag_folder=DAGS / f"{kind}.py")
    task = bag.dags[f"{kind}__flights"].get_task(task_id)

    found = AssetExtractor(task).extract()

    assert found is not None
    assert [(one.namespace, one.name) for one in found.inputs] == [("evergreen", n) for n in read]
    assert [(one.namespace, one.name) for one in found.outputs] == [
        ("evergreen", name) for name in written
    ]
    assert type(task).__name__ in AssetExtractor.get_operator_classnames()


@pytest.mark.parametrize(
    "file", ["docker-compose.yaml", "deploy/astro.env.example", "docs/observability.md"]
)
def test_the_extractor_is_switched_on_by_its_name(file: str) -> None:
    name = f"{AssetExtractor.__module__}.{AssetExtractor.__qualname__}"

    (named,) = re.findall(
        r"AIRFLOW__OPENLINEAGE__EXTRACTORS[=:] *(\S+)", (PROJECT / file).read_text()
    )
    assert named == name
