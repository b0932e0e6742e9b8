"""The facts about models at one moment, from specs and ledger."""

from collections.abc import Mapping
from datetime import datetime

from evergreen.ledger.queries.all_models import Overview
from evergreen.ledger.records import ALL_MODELS
from evergreen.web.queries.model_state import Facts
from evergreen.web.queries.next_batch import next_batch_at
from evergreen.web.server.spec_cache import ReadSpec


def gather_facts(
    overview: Overview, specs: Mapping[str, ReadSpec], now: datetime
) -> dict[str, Facts]:
    """Return the facts about every model of ``specs``, in a fixed number of reads.

    Args:
        overview: Reads of the ledger, of all models or of one.
        specs: The models' specs, or the reasons why they cannot be read.
        now: The moment, in UTC.
    """
    latest, champions = overview.latest(), overview.champions()
    deliveries, waiting = overview.deliveries(), overview.waiting()
    running, approvals = overview.running(), overview.open_approvals(at=now)
    incidents, holds = overview.open_incidents(), overview.holds()
    return {
        name: Facts(
            now=now,
            spec=read.loaded.spec if read.loaded else None,
            problem=read.problem,
            latest=latest.get(name),
            champion=champions.get(name),
            delivery=deliveries.get(name),
            waiting=waiting.get(name),
            running=running.get(name, ()),
            approvals=approvals.get(name, ()),
            holds=tuple(hold for hold in holds if hold.model in (name, ALL_MODELS)),
            incidents=incidents.get(name, ()),
            next_batch_at=(
                next_batch_at(read.loaded.spec, deliveries.get(name), now) if read.loaded else None
            ),
        )
        for name, read in specs.items()
    }
