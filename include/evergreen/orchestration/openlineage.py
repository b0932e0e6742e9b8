"""Tells OpenLineage which of our assets a task reads and writes.

Airflow translates only assets whose scheme a provider knows; ours are our own. It is switched on
by ``AIRFLOW__OPENLINEAGE__EXTRACTORS`` naming this class; see docs/observability.md.
"""

from collections.abc import Iterable
from typing import Any

from airflow.providers.openlineage.extractors.base import BaseExtractor, OperatorLineage
from airflow.sdk import Asset
from openlineage.client.event_v2 import Dataset

NAMESPACE = "evergreen"


class AssetExtractor(BaseExtractor):
    """Names the assets of a task: its outlets, and as inputs the assets that started its DAG."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        """Return the operators it looks at: all our tasks that announce something."""
        return ["_PythonDecoratedOperator"]

    def _execute_extraction(self) -> "OperatorLineage[Dataset, Any] | None":
        outlets = [asset for asset in self.operator.outlets if isinstance(asset, Asset)]
        if not outlets:
            return OperatorLineage()
        woken_by = getattr(self.operator.dag.timetable, "asset_condition", None)
        inlets = [woken_by] if isinstance(woken_by, Asset) else []
        return OperatorLineage(inputs=_datasets(inlets), outputs=_datasets(outlets))


def _datasets(assets: Iterable[Asset]) -> list[Dataset]:
    return [Dataset(namespace=NAMESPACE, name=asset.name) for asset in assets]
