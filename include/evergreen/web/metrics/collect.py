"""The facts that /metrics exports, read from ledger and specs with a few queries."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from evergreen.errors import LedgerError
from evergreen.ledger.queries.metrics import BatchCounts, Count, DecisionCount
from evergreen.ledger.queries.rows import LatestDecision
from evergreen.ledger.records import ALL_MODELS, Approval, Incident
from evergreen.records import Promotion
from evergreen.spec.model import ModelSpec
from evergreen.web.metrics.task_durations import StepDuration
from evergreen.web.server.services import Services

log = logging.getLogger(__name__)
SECONDS_PER_HOUR = 3600.0
T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """The facts about the models that the user may read.

    Attributes:
        at: The moment, in UTC.
        models: Names of the models, sorted.
        specs: Specs by model; a model without one has a spec that cannot be read.
        is_ledger_up: Whether the ledger answered; if not, all below but ``steps`` is empty.
        held: Models whose promotions a person holds.
    """

    at: datetime
    models: tuple[str, ...]
    specs: Mapping[str, ModelSpec]
    is_ledger_up: bool = False
    decisions: tuple[DecisionCount, ...] = ()
    latest: Mapping[str, LatestDecision] = field(default_factory=dict)
    batches: Mapping[str, BatchCounts] = field(default_factory=dict)
    champions: Mapping[str, Promotion] = field(default_factory=dict)
    promotions: tuple[Count, ...] = ()
    held: frozenset[str] = frozenset()
    approvals: Mapping[str, tuple[Approval, ...]] = field(default_factory=dict)
    incidents: Mapping[str, tuple[Incident, ...]] = field(default_factory=dict)
    undelivered: tuple[Count, ...] = ()
    steps: tuple[StepDuration, ...] = ()


def take_reading(
    services: Services,
    visible: frozenset[str],
    *,
    at: datetime | None = None,
    read_steps: Callable[[frozenset[str]], tuple[StepDuration, ...]],
) -> Reading:
    """Return the facts to export; without the ledger those that do not need it.

    Args:
        services: Ledger and specs.
        visible: Models that the user may read.
        at: The time, in UTC; by default the clock's.
        read_steps: Returns the durations of the steps of some models.
    """
    now = at or datetime.now(UTC)
    models = tuple(sorted(visible))
    found = services.specs.read_all()
    specs = {
        name: read.loaded.spec
        for name in models
        if (read := found.get(name)) is not None and read.loaded is not None
    }
    outside = Reading(at=now, models=models, specs=specs, steps=read_steps(visible))
    try:
        return _with_ledger(services, outside)
    except LedgerError as err:
        log.error("metrics without the ledger: %s", err)  # noqa: TRY400 - its text says it all
        return outside


def limit_seconds(spec: ModelSpec) -> float:
    """Return the limit in seconds for the decision about an accepted batch."""
    return spec.arrivals.decide_within_hours * SECONDS_PER_HOUR


def _with_ledger(services: Services, outside: Reading) -> Reading:
    ledger, models = services.ledger, frozenset(outside.models)
    limits = {name: limit_seconds(spec) for name, spec in outside.specs.items()}
    batches = ledger.gauges.batches(limits, at=outside.at)
    held = {hold.model for hold in ledger.overview.holds()}
    return replace(
        outside,
        is_ledger_up=True,
        decisions=tuple(c for c in ledger.gauges.decisions() if c.model in models),
        latest=_of(models, ledger.overview.latest()),
        batches={counts.model: counts for counts in batches if counts.model in models},
        champions=_of(models, ledger.overview.champions()),
        promotions=tuple(c for c in ledger.gauges.promotions() if c.model in models),
        held=models if ALL_MODELS in held else models & held,
        approvals=_of(models, ledger.overview.open_approvals(at=outside.at)),
        incidents=_of(models, ledger.overview.open_incidents()),
        undelivered=tuple(c for c in ledger.gauges.undelivered() if c.model in models),
    )


def _of(models: frozenset[str], found: Mapping[str, T]) -> dict[str, T]:
    return {name: one for name, one in found.items() if name in models}
