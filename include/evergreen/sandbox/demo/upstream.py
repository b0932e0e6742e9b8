"""The upstream system as the demo plays it: a history, then week after week, one of them broken."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evergreen.errors import RequestError
from evergreen.landing.deliver import (
    PlannedBatch,
    deliver_batch,
    deliver_labels,
    plan_batches,
    sample_rows,
)
from evergreen.landing.faults import Fault
from evergreen.landing.flights import load_flights
from evergreen.records import Manifest
from evergreen.sandbox.demo.options import HISTORY_WEEKS, DemoOptions
from evergreen.spec.model import ModelSpec
from evergreen.storage.store import Store

if TYPE_CHECKING:
    import pandas as pd

FAULT: Fault = "half_missing"


@dataclass(frozen=True)
class Week:
    """One delivery of the play; ``number`` 0 is the history."""

    number: int
    planned: PlannedBatch
    fault: Fault | None

    @property
    def batch(self) -> str:
        """Id of the batch."""
        return self.planned.batch


class Upstream:
    """Delivers the flights of the chosen weeks into the landing areas of the spec.

    Args:
        spec: The model; its landing areas must be folders.
        frame: All flights.
        options: Which weeks.

    Raises:
        RequestError: The year is too short for the weeks, or the spec lands elsewhere.
    """

    def __init__(self, spec: ModelSpec, frame: "pd.DataFrame", options: DemoOptions) -> None:
        if {spec.landing.scheme, spec.labels.scheme} != {"file"}:
            raise RequestError(
                f"the demo lands in folders, but the spec of {spec.name} says {spec.landing.uri}"
                f" and {spec.labels.uri}; give it file:// locations for the demo"
            )
        self._spec = spec
        self._frame = sample_rows(frame, seed=options.seed)
        self._seed = options.seed or 0
        self._landing = Store.at(spec.landing.uri)
        self._labels = Store.at(spec.labels.uri)
        self.weeks = _choose(self._frame, spec, options)

    @classmethod
    def open(cls, spec: ModelSpec, home: Path, options: DemoOptions) -> "Upstream":
        """Load the flights (a few seconds on the first call) and open the landing areas."""
        return cls(spec, load_flights(home), options)

    def deliver(self, week: Week) -> Manifest:
        """Deliver the batch of a week."""
        batch = week.planned
        return deliver_batch(
            self._landing,
            self._spec,
            self._frame,
            batch.window,
            batch.batch,
            fault=week.fault,
            seed=self._seed,
        )

    def deliver_labels(self, week: Week) -> Manifest:
        """Deliver the labels of a week; upstream does not know that we rejected a batch."""
        batch = week.planned
        return deliver_labels(self._labels, self._spec, self._frame, batch.window, batch.batch)


def _choose(frame: "pd.DataFrame", spec: ModelSpec, options: DemoOptions) -> tuple[Week, ...]:
    days = round(spec.arrivals.every_days)
    year = plan_batches(
        frame,
        first=options.start,
        every_days=days,
        history_weeks=HISTORY_WEEKS,
        time_column=spec.data.time_column,
    )
    if len(year) <= options.weeks:
        raise RequestError(
            f"from {options.start} on, the year has {max(0, len(year) - 1)} batches after"
            f" {HISTORY_WEEKS} weeks of history, but {options.weeks} are asked for; start earlier"
            " or ask for fewer"
        )
    return tuple(
        Week(number, planned, FAULT if number == options.broken_week else None)
        for number, planned in enumerate(year[: options.weeks + 1])
    )
