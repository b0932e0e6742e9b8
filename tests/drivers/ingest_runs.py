"""Plays a run of ``ingest``, ``labels`` or ``redelivery`` through the functions under its tasks."""

from typing import Any

from drivers.runs import Run
from evergreen import dag_ids
from evergreen.orchestration import ingest_tasks


class Announced(dict[Any, Any]):
    """Airflow's outlet events: keeps the partitions that a task announces."""

    def __init__(self) -> None:
        super().__init__()
        self.partitions: list[tuple[str, str]] = []

    def __missing__(self, asset: Any) -> Any:
        events = self

        class Event:
            def add_partitions(self, batch: str) -> None:
                events.partitions.append((asset.name, batch))

        return Event()


class Ingest(Run):
    """A run of ``ingest`` or ``labels``, or of ``redelivery`` where there is a conf."""

    def up_to_gate(self, kind: str) -> Any:
        """Take the next delivery in; return it, and what follows by the gate."""
        model = str(dag_ids.model_of(self.dag_run.dag_id))
        if self.dag_run.conf is not None:
            asked = self.call(ingest_tasks.check_request, model)
            taken = self.call(ingest_tasks.take_snapshot, model, asked)
            return taken, self.call(ingest_tasks.check_delivery, model, taken)
        found = self.call(ingest_tasks.find_next_batch, model, kind)
        taken = self.call(ingest_tasks.take_snapshot, model, found)
        gate = ingest_tasks.check_quality if kind == "data" else ingest_tasks.check_labels
        return taken, self.call(gate, model, taken)
